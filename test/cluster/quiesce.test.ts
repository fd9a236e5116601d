// Workloads on a real API server, stopped and started again with the rights that the chart gives to the operator; and what is refused.
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { label } from '../../src/api/group.ts';
import type { Restore } from '../../src/api/objects.ts';
import type { QuiescedWorkload, RestoreStatus } from '../../src/api/restore-status.ts';
import { scale } from '../../src/controllers/restore/scale.ts';
import { readStopped, readWorkloads } from '../../src/controllers/restore/workloads.ts';
import { directoryOf } from '../../src/core/restore/workloads/directory.ts';
import { drifted } from '../../src/core/restore/workloads/drift.ts';
import type { QuiesceFacts, ScaleStep, WorkloadRef } from '../../src/core/restore/workloads/facts.ts';
import { quiescePlan } from '../../src/core/restore/workloads/plan.ts';
import { resuming } from '../../src/core/restore/workloads/resume.ts';
import { stopping } from '../../src/core/restore/workloads/stop.ts';
import { createClient } from '../../src/kube/client.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connection.ts';
import { deployments, persistentVolumeClaims } from '../../src/kube/resource.ts';
import { only, render } from '../chart/helm.ts';
import type { Rendered } from '../chart/helm.ts';
import { eventually } from '../kube/on-server.ts';
import { startProxy } from '../kube/proxy.ts';
import type { ApiProxy } from '../kube/proxy.ts';
import { installCrds } from './crds.ts';
import { kubectl, mustKubectl, patchStatus } from './kubectl.ts';
import { namespaced, operatorsOf } from './namespaced.ts';
import { policy } from './operator-objects.ts';
import { dropNamespaces, letIn, ownNamespaces } from './shut-out.ts';
import { claimObject, database, waitingPod, workload } from './stoppable.ts';

const namespace = 'holdfast-test-quiesce';
const { inNamespace, apply } = namespaced(namespace);
// Its agents have no image: a Job of theirs never begins.
const { operate, endOperators } = operatorsOf(namespace, {});
const claim = 'data-db-0';
const web: WorkloadRef = { kind: 'Deployment', name: 'web' };

let proxy: ApiProxy;
// May do what the operator may.
let client: KubeClient;

// The operator's ClusterRole, for an account of this namespace.
const operatorRights = async (): Promise<object[]> => {
  const { rules } = only(await render(), 'ClusterRole', 'holdfast-operator') as { rules: object[] };
  const metadata = { name: 'operator', namespace };
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'operator' };
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata, rules },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata,
      roleRef,
      subjects: [{ kind: 'ServiceAccount', name: 'operator', namespace }],
    },
  ];
};

const claimRule = 'holdfast-test-quiesce-claims';
// The chart's rule on the claims that the operator may delete, for that account.
const claimRules = async (): Promise<Rendered[]> => {
  const objects = await render('--namespace', namespace, '--set', 'serviceAccount.name=operator');
  return ['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding'].map((kind) => {
    const { apiVersion, spec } = only(objects, kind, 'holdfast-operator-claims');
    return {
      apiVersion,
      kind,
      metadata: { name: claimRule },
      spec: { ...spec, ...(spec.policyName === undefined ? {} : { policyName: claimRule }) },
    };
  });
};

test.before(async () => {
  await installCrds();
  await ownNamespaces(namespace);
  await apply(...(await operatorRights()), database('db', 1), workload('Deployment', 'web', 2), claimObject('plain'));
  const token = (await mustKubectl(inNamespace('create', 'token', 'operator'))).trim();
  proxy = await startProxy();
  client = createClient(connect(proxy.config({ token })));
  await mustKubectl(inNamespace('rollout', 'status', 'statefulset/db', 'deployment/web', '--timeout=90s'));
});
test.after.always(async () => {
  await client?.close();
  await proxy?.close();
  await kubectl(['delete', 'validatingadmissionpolicy,validatingadmissionpolicybinding', claimRule, '--ignore-not-found', '--wait=false']);
  await endOperators();
  await dropNamespaces(namespace);
  await letIn(namespace);
});

const scaleAll = (steps: readonly ScaleStep[]) => Promise.all(steps.map((step) => scale(client, namespace, step)));
const planned = async (claims: string[], ...named: WorkloadRef[]) => {
  const facts = await readWorkloads(client, { namespace, claims, named });
  return { facts, plan: quiescePlan(facts, { claims, named }) };
};
const recordedOf = async (t: ExecutionContext, claims: string[], ...named: WorkloadRef[]): Promise<QuiescedWorkload[]> => {
  const { plan } = await planned(claims, ...named);
  if (plan.kind === 'refusal') {
    t.fail(plan.message);
    return [];
  }
  return plan.workloads;
};
const look = (recorded: readonly QuiescedWorkload[], claims: string[]): Promise<QuiesceFacts> =>
  readStopped(client, { namespace, claims, recorded });

// As the controller does it: look, scale, look again.
const stopAll = async (t: ExecutionContext, recorded: readonly QuiescedWorkload[], claims: string[]): Promise<string[]> => {
  const order: string[] = [];
  await eventually(
    'everything is stopped',
    async () => {
      const step = stopping(recorded, await look(recorded, claims));
      if (step.kind === 'refusal') {
        t.fail(step.message);
        return true;
      }
      order.push(...step.scale.map(({ name }) => name));
      await scaleAll(step.scale);
      return step.done;
    },
    60,
  );
  return order;
};
const replicasOf = async (what: string): Promise<string> => mustKubectl(inNamespace('get', what, '-o', 'jsonpath={.spec.replicas}'));

test.serial('a Deployment and a StatefulSet with a claim: recorded, stopped in their order, and given back what they had', async (t) => {
  const { facts, plan } = await planned([claim], web);
  t.deepEqual(plan.kind === 'plan' ? plan.workloads.map(({ kind, name, replicas }) => [kind, name, replicas]) : plan, [
    ['Deployment', 'web', 2],
    ['StatefulSet', 'db', 1],
  ]);
  t.deepEqual(directoryOf({ claimName: claim }, facts), {
    kind: 'directory',
    claimName: claim,
    path: 'pgdata',
    runAs: { user: 65532, group: 65532 },
  });
  t.deepEqual(
    facts.pods.map(({ workload: owner, claims }) => `${owner?.name} ${claims.length}`).toSorted((a, b) => a.localeCompare(b)),
    ['db 1', 'web 0', 'web 0'],
    'pods are found along their owners',
  );
  const recorded = plan.kind === 'plan' ? plan.workloads : [];
  t.deepEqual(await stopAll(t, recorded, [claim]), ['web', 'db']);
  t.deepEqual([await replicasOf('deployment/web'), await replicasOf('statefulset/db')], ['0', '0']);
  t.regex(await mustKubectl(inNamespace('describe', 'pvc', claim)), /Used By: +<none>/);
  t.is(drifted(recorded, await look(recorded, [claim])), undefined);
  // Somebody else has a look at it as it is now: it was found although it has no pods.
  t.like((await recordedOf(t, [claim]))[0], { name: 'db', replicas: 0 });

  const { scale: steps } = resuming(recorded, await look(recorded, [claim]));
  t.deepEqual(
    steps.map(({ name }) => name),
    ['db', 'web'],
  );
  // As often as you like, also at once.
  const answers = await Promise.all([1, 2, 3].map(() => scaleAll(steps)));
  t.deepEqual(answers.flat().toSorted(), ['Scaled', 'Scaled', ...Array.from({ length: 4 }, () => 'Unneeded')]);
  t.deepEqual([await replicasOf('deployment/web'), await replicasOf('statefulset/db')], ['2', '1']);
  t.deepEqual(resuming(recorded, await look(recorded, [claim])), { scale: [], done: true, notes: [] });
});

test.serial('while it is stopped: what scales it is named, and another one of its name is not touched', async (t) => {
  const recorded = await recordedOf(t, [], web);
  await stopAll(t, recorded, []);
  const before = proxy.seen.length;
  await look(recorded, [claim]);
  const asked = proxy.seen.slice(before).map(({ path }) => path.split('/').at(-1) ?? '');
  t.deepEqual(
    asked.toSorted((a, b) => a.localeCompare(b)),
    ['pods', 'web'],
    'what a look costs',
  );
  const applied = JSON.stringify(workload('Deployment', 'web', 1));
  await mustKubectl(inNamespace('apply', '--server-side', '--force-conflicts', '--field-manager=argocd-controller', '-f', '-'), applied);
  const drift = drifted(recorded, await look(recorded, []));
  t.is(drift?.code, 'ManagedByController');
  t.regex(drift?.message ?? '', /^Deployment web was scaled to 1 by argocd-controller while it had to be stopped\./);
  // Somebody has decided.
  t.deepEqual(await scaleAll(recorded.map(({ replicas, ...each }) => ({ ...each, to: replicas }))), ['Unneeded']);

  await mustKubectl(inNamespace('delete', 'deployment', 'web', '--wait'));
  await apply(workload('Deployment', 'web', 1));
  t.deepEqual(await scaleAll(recorded.map((each) => ({ ...each, to: 0 }))), ['Gone']);
  t.is(await replicasOf('deployment/web'), '1');
  t.regex(resuming(recorded, await look(recorded, [])).notes[0] ?? '', /^Deployment web is gone, or another one has its name/);
});

const deployment = (name: string): WorkloadRef => ({ kind: 'Deployment', name });
const refusal = async (claims: string[], ...named: WorkloadRef[]): Promise<string> => {
  const { plan } = await planned(claims, ...named);
  return plan.kind === 'refusal' ? `${plan.code}: ${plan.message}` : plan.kind;
};

test.serial('refused: what an owner or an autoscaler would start again, and what would lose its claims', async (t) => {
  await apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'cluster' } });
  const uid = await mustKubectl(inNamespace('get', 'configmap', 'cluster', '-o', 'jsonpath={.metadata.uid}'));
  const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'cluster', uid, controller: true }];
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'scaled' };
  await apply(
    workload('Deployment', 'owned', 0, undefined, {}, { ownerReferences }),
    workload('Deployment', 'scaled', 0),
    { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: 'busy' }, spec: { scaleTargetRef, maxReplicas: 3 } },
    database('fleeting', 1, { persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete' } }),
  );
  t.regex(await refusal([], deployment('owned')), /^ManagedByController: Deployment owned is made by ConfigMap cluster/);
  t.regex(await refusal([], deployment('scaled')), /^ManagedByController: .*HorizontalPodAutoscaler busy\..*kubectl delete hpa busy/);
  await eventually('its claim is there', async () => (await kubectl(inNamespace('get', 'pvc', 'data-fleeting-0'))).code === 0, 30);
  t.regex(await refusal(['data-fleeting-0']), /^ManagedByController: StatefulSet fleeting deletes its claims/);
  t.regex(await refusal([], deployment('absent')), /^WorkloadMissing: Deployment absent/);
  t.regex(await refusal(['absent']), /^ClaimMissing: Claim absent is not there/);
  // What the message says helps.
  const change = /--patch '(.*)'/.exec(await refusal(['data-fleeting-0']))?.[1] ?? '';
  await mustKubectl(inNamespace('patch', 'statefulset', 'fleeting', '--type=merge', '--patch', change));
  t.is(await refusal(['data-fleeting-0']), 'plan');
});

const job = (name: string, labels: Record<string, string>) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name },
  spec: { template: { metadata: { labels }, spec: { ...waitingPod('plain'), restartPolicy: 'Never' } } },
});

test.serial('refused: a pod of nobody that has the claim mounted; one of a Job of ours is waited for until it has ended', async (t) => {
  await apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'debug' }, spec: waitingPod('plain') });
  t.regex(await refusal(['plain']), /^ConnectionsActive: Pod debug has plain mounted\. Delete it: kubectl delete pod debug/);
  t.like(stopping([], await look([], ['plain'])), { kind: 'refusal', code: 'ConnectionsActive' });
  await mustKubectl(inNamespace('delete', 'pod', 'debug', '--now'));
  t.is(await refusal(['plain']), 'plan');

  await apply(job('other', {}));
  await eventually('its pod is there', async () => /^ConnectionsActive: .* of Job other /.test(await refusal(['plain'])), 30);
  await mustKubectl(inNamespace('delete', 'job', 'other', '--cascade=foreground'));
  await apply(job('own', { [label.managedBy]: 'holdfast' }));
  await eventually('its pod is there', async () => (await look([], ['plain'])).pods.length === 1, 30);
  t.is(await refusal(['plain']), 'plan');
  t.like(stopping([], await look([], ['plain'])), { kind: 'stopping', done: false });
  // It ends after a second, whatever it does.
  await mustKubectl(inNamespace('patch', 'job', 'own', '--type=merge', '--patch', '{"spec":{"activeDeadlineSeconds":1}}'));
  await eventually('its pod has ended', async () => (await look([], ['plain'])).pods.length === 0, 30);
  t.like(stopping([], await look([], ['plain'])), { kind: 'stopping', done: true });
});

test.serial('the rights of the operator end there: no spec of a workload, and no claim but those made for a Restore', async (t) => {
  const ref = { namespace, name: 'web' };
  await t.throwsAsync(client.patch(deployments, ref, { spec: { replicas: 5 } }), { message: /forbidden/ });
  await apply(...(await claimRules()), claimObject('made', { [label.restore]: 'x', [label.managedBy]: 'holdfast' }));
  const remove = (name: string) => client.delete(persistentVolumeClaims, { namespace, name });
  // A rule is in force a moment after it is made: this one would let nobody see that it has gone.
  await eventually(
    'the rule is in force',
    async () => {
      await apply(claimObject('probe'));
      return remove('probe').then(
        () => false,
        () => true,
      );
    },
    30,
  );
  await t.throwsAsync(remove('plain'), { message: /the operator deletes only claims that it made for a Restore/ });
  await remove('made');
  t.pass();
});

const restore = (name: string, source: object) => ({
  apiVersion: 'holdfast.dev/v1alpha1',
  kind: 'Restore',
  metadata: { name },
  spec: { source: { policyRef: { name: 'shop' }, ...source }, confirmation: `${namespace}/shop`, quiesce: { workloads: [web] } },
});
// As if it had restored the claim, and put aside what was there.
const asRestored = {
  phase: 'Complete',
  stage: 'Checking',
  endTime: new Date().toISOString(),
  components: [
    {
      name: 'db',
      outcome: 'Verified',
      kind: 'inPlace',
      claimName: claim,
      path: 'pgdata',
      runAs: { user: 65532, group: 65532 },
      kept: true,
    },
  ],
  undo: { state: 'Available', method: 'Renamed', components: ['db'], until: new Date(Date.now() + 86_400_000).toISOString() },
};
const statusOf = async (name: string): Promise<RestoreStatus> =>
  (JSON.parse(await mustKubectl(inNamespace('get', 'restore', name, '-o', 'json'))) as Restore).status ?? {};

test.serial(
  'an operator at work: what is started again in the middle of it ends it, and everything else gets its replicas back',
  async (t) => {
    await apply(
      policy('shop'),
      restore('back', { latest: true, identitySecretRef: { name: 'identity' } }),
      workload('Deployment', 'web', 2),
    );
    await patchStatus('restore', 'back', namespace, asRestored);
    await operate();
    await apply(restore('undo', { restoreRef: { name: 'back' } }));
    await eventually('its Job is made', async () => (await statusOf('undo')).components?.[0]?.outcome === 'Running', 60);
    const { quiesce } = await statusOf('undo');
    t.deepEqual(
      quiesce?.workloads.map(({ name, replicas }) => `${name} ${replicas}`),
      ['web 2', 'db 1'],
    );
    t.deepEqual([await replicasOf('deployment/web'), await replicasOf('statefulset/db')], ['0', '0']);
    await mustKubectl(inNamespace('scale', 'statefulset/db', '--replicas=1'));
    await eventually('it has ended', async () => (await statusOf('undo')).endTime !== undefined, 30);
    const { phase, conditions } = await statusOf('undo');
    const ended = conditions?.find(({ type }) => type === 'Succeeded');
    t.deepEqual([phase, ended?.reason], ['Failed', 'ManagedByController']);
    t.regex(ended?.message ?? '', /^StatefulSet db was scaled to 1 .*while it had to be stopped/);
    t.deepEqual([await replicasOf('deployment/web'), await replicasOf('statefulset/db')], ['2', '1']);
  },
);

// The Jobs of a Restore: who runs them, what they see, and the server that replays beside the agent.
import test from 'ava';
import type { V1Job, V1PodSpec } from '@kubernetes/client-node';
import { mountPath, planVariable } from '../../src/api/agent.ts';
import { label } from '../../src/api/group.ts';
import { recoverPaths } from '../../src/api/recover.ts';
import type { RecoverPlan, RecoverPlanPlan, RecoverUndoPlan } from '../../src/api/recover.ts';
import { serverRunnerScript } from '../../src/api/server-runner.ts';
import { buildJob } from '../../src/controllers/jobs/job.ts';
import { restoreClaim, madeFor } from '../../src/controllers/restore/claim.ts';
import type { RecoverRequest } from '../../src/core/jobs/request.ts';
import { inPlaceSpec, makeRestore, undoSpec } from '../core/restore-world.ts';
import { everything, record } from './job-cases.ts';

const settings = {
  agentImages: new Map([
    [15, 'registry/agent-15:1'],
    [17, 'registry/agent-17:1'],
  ]),
  clusterId: 'cluster-uid',
};
const directory = { kind: 'inPlace', claimName: 'data-postgres-0', path: 'pgdata', runAs: { user: 70, group: 71 } } as const;
const planned = {
  name: 'db',
  hash: '0123456789abcdef',
  target: 'somewhere',
  backupId: '20261122T020000Z-full-3f9a1c04',
  reachesLsn: '0/3000028',
  timeline: 1,
  fetchBytes: 1,
  lost: 'nothing',
};

const build = (recover: RecoverRequest, spec: object = inPlaceSpec, policy = everything(), tier = 'cloud'): V1Job =>
  buildJob(
    { name: 'shop-1234-restore-db-1', verb: 'recover', attempt: 1, owner: 'Restore', tier, component: 'db', recover },
    policy,
    makeRestore(spec),
    settings,
  );
const podOf = (job: V1Job): V1PodSpec => job.spec?.template.spec as V1PodSpec;
const planOf = (job: V1Job): RecoverPlan =>
  JSON.parse(podOf(job).containers[0]?.env?.find(({ name }) => name === planVariable)?.value ?? '{}') as RecoverPlan;
const secretsOf = (pod: V1PodSpec): string[] =>
  (pod.volumes ?? []).flatMap(({ secret, projected }) => [
    ...(secret?.secretName === undefined ? [] : [secret.secretName]),
    ...(projected?.sources ?? []).flatMap((source) => source.secret?.name ?? []),
  ]);
const mountsOf = (container: { volumeMounts?: { name: string }[] } | undefined): string[] =>
  (container?.volumeMounts ?? []).map(({ name }) => name).toSorted();

test('restoring in place: as the user whose files they are; the server beside the agent sees the volume and no Secret', (t) => {
  const pod = podOf(build({ mode: 'Restore', directory, planned }));
  t.like(pod.securityContext, { runAsNonRoot: true, runAsUser: 70, runAsGroup: 71, fsGroup: 71, fsGroupChangePolicy: 'OnRootMismatch' });
  const [server, ...others] = pod.initContainers ?? [];
  t.deepEqual([others.length, server?.restartPolicy, server?.image], [0, 'Always', 'registry/agent-15:1']);
  t.deepEqual(mountsOf(server), ['run', 'target', 'tmp', 'users']);
  t.deepEqual(mountsOf(pod.containers[0]), ['identity', 'run', 'signing', 'target', 'tier-cloud-ca', 'tier-cloud-login', 'tmp', 'users']);
  t.like(server?.securityContext, { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
  t.is(server?.env, undefined);
  t.deepEqual(secretsOf(pod).toSorted(), ['identity', 'secret-of-cloud', 'secret-of-cloud', 'secret-of-cloud-ca', 'secret-of-signing']);
});

test('what may have to copy the old data into the store can write and sign there; what keeps nothing, or replaces nothing, cannot', (t) => {
  const cases: [string, RecoverRequest, object, boolean][] = [
    ['Required', { mode: 'Restore', directory }, inPlaceSpec, true],
    ['BestEffort', { mode: 'Restore', directory }, { ...inPlaceSpec, safetyBackup: 'BestEffort' }, true],
    ['Skip', { mode: 'Restore', directory }, { ...inPlaceSpec, safetyBackup: 'Skip' }, false],
    ['a new claim', { mode: 'Restore', directory: { ...directory, kind: 'volume' } }, inPlaceSpec, false],
    ['a plan', { mode: 'Plan', directory }, inPlaceSpec, false],
  ];
  for (const [name, request, spec, copies] of cases) {
    const job = build(request, spec, everything(), 'local');
    const { containers, volumes = [] } = podOf(job);
    const tier = containers[0]?.volumeMounts?.find(({ name: mount }) => mount === 'tier-local');
    t.is(tier?.readOnly, !copies, name);
    // Without it the agent says what is missing; the pod starts in any case.
    const signing = volumes.find(({ name: volume }) => volume === 'signing');
    t.is(signing?.secret?.optional, copies ? true : undefined, name);
    const plan = planOf(job);
    t.deepEqual(
      plan.mode === 'Restore' ? plan.safety : undefined,
      copies ? { recipients: everything().spec.encryption.recipients, signingKeyFile: mountPath.signingKey, isLastTry: false } : undefined,
      name,
    );
  }
  const policy = everything();
  const once = { ...policy, spec: { ...policy.spec, jobs: { ...policy.spec.jobs, attempts: 1 } } };
  t.like(planOf(build({ mode: 'Restore', directory }, inPlaceSpec, once)), { safety: { isLastTry: true } });
});

test('an undo or a discard of a copy reaches the tier that holds it, as the user whose files they are, with the group of the tier', (t) => {
  const copies = { tier: 'local', identity: { name: 'lent', key: 'identity' } };
  const undo = build({ mode: 'Undo', directory, copies }, undoSpec, everything(), 'local');
  t.deepEqual(mountsOf(podOf(undo).containers[0]), ['identity', 'target', 'tier-local', 'tmp']);
  t.deepEqual(secretsOf(podOf(undo)), ['lent']);
  t.like(podOf(undo).securityContext, { runAsUser: 70, fsGroup: 71, supplementalGroups: [65_532] });
  t.like(planOf(undo), { mode: 'Undo', copies: { tier: { name: 'local' }, identityFile: recoverPaths.identity }, target: directory });
  const discard = build({ mode: 'Discard', copies: { tier: 'cloud' } });
  t.deepEqual(mountsOf(podOf(discard).containers[0]), ['tier-cloud-ca', 'tier-cloud-login', 'tmp']);
  const plan = planOf(discard) as RecoverUndoPlan;
  t.deepEqual([plan.mode, plan.target, plan.copies?.identityFile], ['Discard', undefined, undefined]);
});

test('whoever the files belong to has a name in both containers: PostgreSQL works as nobody whom it cannot look up', (t) => {
  const job = build({ mode: 'Restore', directory, planned });
  const { annotations = {} } = job.spec?.template.metadata ?? {};
  t.is(annotations['holdfast.dev/passwd'], 'root:x:0:0:root:/root:/bin/sh\npostgres:x:70:71:postgres:/tmp:/bin/sh\n');
  const pod = podOf(job);
  const from = pod.volumes?.find(({ name }) => name === 'users')?.downwardAPI?.items;
  t.deepEqual(from, [{ path: 'passwd', fieldRef: { fieldPath: "metadata.annotations['holdfast.dev/passwd']" } }]);
  for (const container of [...(pod.initContainers ?? []), ...pod.containers]) {
    t.like(
      container.volumeMounts?.find(({ name }) => name === 'users'),
      { mountPath: '/etc/passwd', subPath: 'passwd', readOnly: true },
    );
  }
});

// As the kubelet reads a command: `$$` is `$`, and what names no variable stays.
const asKubernetesReads = (text: string): string => text.replaceAll(/\$\$/g, () => '$');

test('the script of the server comes through Kubernetes as it is written', (t) => {
  const [server] = podOf(build({ mode: 'Restore', directory })).initContainers ?? [];
  t.is(asKubernetesReads(server?.command?.[2] ?? ''), serverRunnerScript({ directory: recoverPaths.run, major: 15 }));
});

test('the server is of postgresql.image where the policy names one', (t) => {
  const policy = everything();
  const [component] = policy.spec.components;
  const own = { ...component, postgresql: { ...component?.postgresql, image: 'registry/ours:15.3' } };
  const changed = { ...policy, spec: { ...policy.spec, components: [own, ...policy.spec.components.slice(1)] } } as typeof policy;
  const pod = podOf(build({ mode: 'Restore', directory }, inPlaceSpec, changed));
  t.deepEqual([pod.initContainers?.[0]?.image, pod.containers[0]?.image], ['registry/ours:15.3', 'registry/agent-15:1']);
});

test('the plan says what was decided, and what the spec says', (t) => {
  const plan = planOf(build({ mode: 'Restore', directory, planned }, { ...inPlaceSpec, safetyBackup: 'BestEffort' }));
  t.like(plan, {
    verb: 'recover',
    mode: 'Restore',
    component: 'db',
    restore: { name: 'back', uid: 'uid of back' },
    point: { kind: 'latest' },
    planHash: planned.hash,
    settled: { backupId: planned.backupId, timeline: 1, lsn: '0/3000028' },
    target: directory,
    keep: 'BestEffort',
  });
  const { latest: _, ...source } = { ...inPlaceSpec.source, backup: 'x' };
  const pointInTime = { time: '2026-11-22T14:03:07Z', exclusive: true, timeline: 3 };
  t.like(planOf(build({ mode: 'Plan' }, { source, pointInTime })), {
    mode: 'Plan',
    verifySource: true,
    point: { kind: 'time', text: '2026-11-22T14:03:07Z', exclusive: true, timeline: 3, base: 'x' },
  });
});

test('planning sees the source and no volume; undoing sees the volume and no Secret at all; asking sees the login of the server', (t) => {
  const plan = podOf(build({ mode: 'Plan', directory }));
  t.deepEqual(
    [plan.securityContext?.runAsUser, plan.initContainers, mountsOf(plan.containers[0]).includes('target')],
    [65_532, undefined, false],
  );
  t.is((planOf(build({ mode: 'Plan', directory })) as RecoverPlanPlan).runPath, undefined);
  const undo = podOf(build({ mode: 'Undo', directory, undoes: { name: 'earlier', uid: 'uid of earlier' } }));
  t.deepEqual([undo.securityContext?.runAsUser, secretsOf(undo), mountsOf(undo.containers[0])], [70, [], ['target', 'tmp']]);
  t.like(planOf(build({ mode: 'Undo', directory, undoes: { name: 'earlier', uid: 'uid of earlier' } })), {
    restore: { uid: 'uid of earlier' },
  });
  const check = build({ mode: 'Check', expect: { systemId: '7', timeline: 2 } });
  t.deepEqual(secretsOf(podOf(check)).toSorted(), ['secret-of-source', 'secret-of-source-ca']);
  t.like(planOf(check), { mode: 'Check', expect: { systemId: '7', timeline: 2 }, server: { host: 'postgres', version: 15 } });
});

test('an image of the policy is pulled and asked by the plan, beside no volume and no Secret', (t) => {
  const policy = everything();
  const [db] = policy.spec.components;
  if (db?.postgresql !== undefined) {
    db.postgresql.image = 'registry/postgres:15';
  }
  for (const spec of [inPlaceSpec, { ...inPlaceSpec, components: [{ name: 'db', target: { volume: {} } }] }]) {
    const job = build({ mode: 'Plan' }, spec, policy);
    const [server, ...others] = podOf(job).initContainers ?? [];
    t.deepEqual([others.length, server?.image, server?.restartPolicy], [0, 'registry/postgres:15', 'Always']);
    t.deepEqual(mountsOf(server), ['run', 'tmp', 'users']);
    t.deepEqual(mountsOf(podOf(job).containers[0]), ['identity', 'run', 'tier-cloud-ca', 'tier-cloud-login', 'tmp', 'users']);
    t.like(planOf(job), { mode: 'Plan', runPath: recoverPaths.run });
  }
});

test('dumps go into a server by its own login, and need no volume', (t) => {
  const connection = { host: 'other', sslMode: 'disable', credentialsSecretRef: { name: 'secret-of-target' } };
  const spec = {
    ...inPlaceSpec,
    components: [{ name: 'db', target: { server: { connection, databases: ['shop'], into: 'shop_before' } } }],
  };
  const { confirmation: _, ...unconfirmed } = spec;
  const job = build({ mode: 'Restore' }, unconfirmed);
  t.true(secretsOf(podOf(job)).includes('secret-of-target'));
  t.is(podOf(job).initContainers, undefined);
  t.like(planOf(job), { target: { kind: 'server', databases: ['shop'], into: 'shop_before', server: { host: 'other' } } });
});

test('a Job of a Restore is found by it, and runs where the claim is held', (t) => {
  const job = build({ mode: 'Discard', directory, node: 'node-2' });
  t.like(job.metadata?.labels, { [label.restore]: 'back', [label.verb]: 'recover', [label.component]: 'db' });
  t.deepEqual(
    job.metadata?.ownerReferences?.map(({ kind, name }) => [kind, name]),
    [['Restore', 'back']],
  );
  t.deepEqual(podOf(job).nodeSelector?.['kubernetes.io/hostname'], 'node-2');
  t.is(podOf(job).automountServiceAccountToken, false);
});

test('a claim says which Restore it was made for, and nobody else is believed', (t) => {
  const restore = makeRestore(inPlaceSpec);
  const claim = restoreClaim(restore, { type: 'createRestoreClaim', component: 'db', name: 'back-db', bytes: 1024 });
  t.is(madeFor(claim), 'uid of back');
  t.is(claim.metadata?.ownerReferences, undefined);
  t.is(claim.spec?.resources?.requests?.['storage'], '1024');
  Object.assign(claim.metadata ?? {}, { labels: {} });
  t.is(madeFor(claim), undefined);
});

test('the record of a Restore: the primary tier and the signing key, no volume of the Restore and no identity', (t) => {
  const restore = makeRestore(inPlaceSpec);
  const job = buildJob(
    { name: 'shop-1234-audit-1', verb: 'audit', attempt: 1, owner: 'Restore', tier: 'local', record },
    everything(),
    restore,
    settings,
  );
  t.like(job.metadata?.labels, { [label.verb]: 'audit', [label.restore]: 'back', [label.tier]: 'local' });
  t.is(job.metadata?.ownerReferences?.[0]?.kind, 'Restore');
  const pod = podOf(job);
  t.deepEqual(
    [mountsOf(pod.containers[0]), secretsOf(pod), pod.initContainers],
    [['signing', 'tier-local', 'tmp'], ['secret-of-signing'], undefined],
  );
  t.like(JSON.parse(JSON.stringify(planOf(job))), {
    verb: 'audit',
    attempt: 1,
    record,
    signingKeyFile: '/holdfast/secrets/signing/signing.key',
  });
});

// The plugin on a real API server: what it shows, what it makes, and how it ends when it may not or cannot.
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { parse } from 'yaml';
import { rightBackup, rightPolicy } from '../api/right-inputs.ts';
import { runHere } from '../commands/capture.ts';
import { awaiting, plan as examplePlan, planHash, restored } from '../commands/restore-examples.ts';
import { sleep } from '../kube/on-server.ts';
import { startProxy } from '../kube/proxy.ts';
import { installCrds } from './crds.ts';
import { kubectl, mustKubectl, patchStatus, root, run } from './kubectl.ts';
import type { Outcome } from './kubectl.ts';
import { dropNamespaces, letIn, ownNamespaces } from './shut-out.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const namespace = 'holdfast-test-commands';
// No operator touches what is in it.
const waitNamespace = `${namespace}-wait`;
const restoreNamespace = `${namespace}-restore`;
const backupId = '20261122T020000Z-full-3f9a1c04';

const clusterConfig = process.env['HOLDFAST_TEST_KUBECONFIG'] ?? join(root, '.cluster/kubeconfig');

// In this process: a process for each command would cost a CPU-second. One test runs the program itself.
const holdfast = (...parameters: string[]): Promise<Outcome> => {
  const login = parameters.includes('--kubeconfig') ? [] : ['--kubeconfig', clusterConfig];
  return runHere([...parameters, ...login], { startTime: Date.now() });
};
const here = (...parameters: string[]): Promise<Outcome> => holdfast(...parameters, '--namespace', namespace);
const apply = (object: object): Promise<string> => mustKubectl(['apply', '--namespace', namespace, '-f', '-'], JSON.stringify(object));

test.before(async () => {
  await installCrds();
  await mustKubectl(['delete', 'namespace', namespace, '--ignore-not-found', '--wait', '--timeout=90s']);
  await mustKubectl(['create', 'namespace', namespace]);
  await apply(rightPolicy('shop'));
});

test.after.always(async () => {
  await dropNamespaces(namespace, waitNamespace, restoreNamespace);
  await Promise.all([letIn(waitNamespace), letIn(restoreNamespace)]);
});

// A kubeconfig for the same server with another login, or for another server.
const otherKubeconfig = async (change: { token?: string; server?: string }): Promise<string> => {
  const config = parse(await readFile(clusterConfig, 'utf8'));
  const current = config.contexts.find(({ name }: { name: string }) => name === config['current-context']).context;
  const cluster = config.clusters.find(({ name }: { name: string }) => name === current.cluster);
  const user = config.users.find(({ name }: { name: string }) => name === current.user);
  if (change.server !== undefined) {
    cluster.cluster.server = change.server;
  }
  if (change.token !== undefined) {
    user.user = { token: change.token };
  }
  const file = join(temporaryFolder('kubeconfig'), 'config');
  await writeFile(file, JSON.stringify(config));
  return file;
};

test('status of a policy, of a namespace and of the cluster', async (t) => {
  const one = await here('status', 'shop');
  t.is(one.code, 0, one.stderr);
  t.true(one.stdout.startsWith(`Policy ${namespace}/shop\n`), one.stdout);
  t.regex(one.stdout, /^Could be lost +unknown$/m);
  t.regex(one.stdout, /^db +unknown +unknown +unknown$/m);
  const all = await holdfast('status', '-A');
  t.regex(all.stdout, new RegExp(`^${namespace} +shop +`, 'm'));
  const { stdout } = await here('status', '-o', 'json');
  const [report] = JSON.parse(stdout).policies;
  t.is(report.exposure.state, 'Unknown');
  t.false('seconds' in report.exposure);
});

test('the program itself takes the cluster from KUBECONFIG, and ends with the exit code', async (t) => {
  const { code, stdout } = await run(process.execPath, ['src/cli.ts', 'status', 'shop', '-n', namespace]);
  t.is(code, 0);
  t.true(stdout.startsWith(`Policy ${namespace}/shop\n`));
  t.is((await run(process.execPath, ['src/cli.ts', 'status', 'absent', '-n', namespace])).code, 3);
});

test('backup creates the resource, the API server fills in the defaults, list shows it', async (t) => {
  const made = await here('backup', 'shop', '--components', 'db');
  t.is(made.code, 0, made.stderr);
  const name = made.stdout.trim();
  t.regex(name, /^shop-manual-\d{14}$/);
  const found = JSON.parse(await mustKubectl(['get', 'backup', name, '--namespace', namespace, '-o', 'json']));
  const { requestedBy, ...spec } = found.spec;
  t.deepEqual(spec, { policyRef: { name: 'shop' }, type: 'Full', components: ['db'] });
  t.is(requestedBy, JSON.parse(await mustKubectl(['auth', 'whoami', '-o', 'json'])).status.userInfo.username);
  const again = await here('backup', 'shop', '--name', name);
  t.is(again.code, 4);
  t.regex(again.stderr, /^Error \(AlreadyExists\): /);

  const table = await here('list', 'shop');
  t.regex(table.stdout, new RegExp(`^${name} +\\S+ +Full +\\w+ +20\\d\\d-`, 'm'), table.stdout);
  const json = JSON.parse((await here('list', '-o', 'json')).stdout);
  t.true(json.items.some((item: { kind: string; metadata: { name: string } }) => item.kind === 'Backup' && item.metadata.name === name));
});

test('what is not there is 3', async (t) => {
  for (const [args, code] of [
    [['status', 'absent'], 'PolicyNotFound'],
    [['list', 'missing'], 'PolicyNotFound'],
    [['backup', 'absent'], 'PolicyNotFound'],
    [['logs', 'absent'], 'BackupNotFound'],
    [['wait', 'backup/absent'], 'BackupNotFound'],
    [['wait', 'policy/absent'], 'PolicyNotFound'],
  ] as const) {
    const outcome = await here(...args);
    t.is(outcome.code, 3, outcome.stderr);
    t.true(outcome.stderr.startsWith(`Error (${code}): `), outcome.stderr);
    t.is(outcome.stdout, '');
  }
});

test('who has no rights is refused with 4, and told which right is missing', async (t) => {
  await mustKubectl(['create', 'serviceaccount', 'viewer', '--namespace', namespace]);
  const kubeconfig = await otherKubeconfig({ token: (await mustKubectl(['create', 'token', 'viewer', '--namespace', namespace])).trim() });
  for (const args of [['status'], ['status', 'shop'], ['list'], ['backup', 'shop'], ['logs', 'absent']]) {
    const { code, stdout, stderr } = await here(...args, '--kubeconfig', kubeconfig);
    t.is(code, 4, stderr);
    t.regex(stderr, /^Error \(Forbidden\): .*User "system:serviceaccount:holdfast-test-commands:viewer" cannot (get|list) resource/);
    t.regex(stderr, /\nNext: Ask for the right/);
    t.is(stdout, '');
  }
  // Seeing is not starting.
  await mustKubectl([
    'create',
    'role',
    'viewer',
    '--namespace',
    namespace,
    '--verb=get,list',
    '--resource=backuppolicies.holdfast.dev,backups.holdfast.dev',
  ]);
  await mustKubectl(['create', 'rolebinding', 'viewer', '--namespace', namespace, '--role=viewer', `--serviceaccount=${namespace}:viewer`]);
  const seen = await here('status', 'shop', '--kubeconfig', kubeconfig);
  t.is(seen.code, 0, seen.stderr);
  const { code, stderr } = await here('backup', 'shop', '--kubeconfig', kubeconfig);
  t.is(code, 4);
  t.regex(stderr, /cannot create resource "backups" in API group "holdfast\.dev"/);
});

test('an expired login is refused, a server that is down is 5', async (t) => {
  const expired = await here('status', '--kubeconfig', await otherKubeconfig({ token: 'no-such-token' }));
  t.is(expired.code, 4);
  t.regex(expired.stderr, /^Error \(Unauthorized\): /);
  const kubeconfig = await otherKubeconfig({ server: 'https://127.0.0.1:1' });
  for (const args of [['status'], ['list'], ['backup', 'shop'], ['logs', 'absent']]) {
    const { code, stdout, stderr } = await here(...args, '--kubeconfig', kubeconfig);
    t.is(code, 5, stderr);
    t.regex(stderr, /^Error \(ApiUnreachable\): /);
    t.is(stdout, '');
  }
});

test('what an admission policy denies is refused with its words', async (t) => {
  const name = namespace;
  const deny = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name },
    spec: {
      matchConstraints: {
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        resourceRules: [{ apiGroups: ['holdfast.dev'], apiVersions: ['*'], operations: ['CREATE'], resources: ['backups'] }],
      },
      validations: [{ expression: "!object.metadata.name.startsWith('denied')", message: 'no backups on Fridays' }],
    },
  };
  const binding = {
    apiVersion: deny.apiVersion,
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name },
    spec: { policyName: name, validationActions: ['Deny'] },
  };
  t.teardown(() => kubectl(['delete', 'validatingadmissionpolicy,validatingadmissionpolicybinding', name, '--ignore-not-found']));
  await apply(deny);
  await apply(binding);
  // It is in force a few seconds after it was made.
  let outcome = await here('backup', 'shop', '--name', 'denied-0');
  for (let attempt = 1; outcome.code === 0 && attempt < 60; attempt += 1) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    outcome = await here('backup', 'shop', '--name', `denied-${attempt}`);
  }
  t.is(outcome.code, 4, outcome.stderr);
  t.regex(outcome.stderr, /^Error \(AdmissionDenied\): .*no backups on Fridays\nNext: Change what the message names/);
});

test('logs of the pods of a Backup', async (t) => {
  const images = JSON.parse(readFileSync(join(root, '.cluster/images.json'), 'utf8'));
  // No operator starts anything for it: its policy is absent.
  await apply(rightBackup('logged'));
  const status = {
    backupId,
    startTime: '2026-11-22T02:00:00Z',
    endTime: '2026-11-22T02:01:00Z',
    phase: 'Failed',
    components: [{ name: 'db', outcome: 'Failed' }],
  };
  await patchStatus('backup', 'logged', namespace, status);
  const line = JSON.stringify({ kind: 'log', level: 'error', message: 'Failed', code: 'SourceUnreachable', time: '2026-11-22T02:00:59Z' });
  await apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'logged',
      labels: {
        'holdfast.dev/backup-id': backupId,
        'holdfast.dev/verb': 'dump',
        'holdfast.dev/component': 'db',
        'holdfast.dev/attempt': '2',
      },
    },
    spec: {
      restartPolicy: 'Never',
      containers: [{ name: 'agent', image: images.redis, command: ['sh', '-c', `echo '${line}'`] }],
    },
  });
  await mustKubectl(['wait', '--namespace', namespace, 'pod/logged', '--for=jsonpath={.status.phase}=Succeeded', '--timeout=90s']);
  const { code, stdout, stderr } = await here('logs', 'logged');
  t.is(code, 0, stderr);
  t.is(stdout, '[dump db 2] 2026-11-22T02:00:59Z ERROR Failed code=SourceUnreachable\n');
  t.is((await here('logs', 'logged', '-c', 'db', '-o', 'json')).stdout, `${line}\n`);
});

const setStatus = (kind: string, name: string, status: object): Promise<string> =>
  mustKubectl(['patch', kind, name, '-n', waitNamespace, '--subresource=status', '--type=merge', '-p', JSON.stringify({ status })]);
const now = new Date().toISOString();
const conditions = (reason: string, message: string, statuses: Record<string, string>) =>
  Object.entries(statuses).map(([type, status]) => ({ type, status, reason, message, lastTransitionTime: now, observedGeneration: 1 }));

test('wait, and kubectl wait: they see what comes, also when the API server was away meanwhile, and only one of them sees a failure', async (t) => {
  await ownNamespaces(waitNamespace);
  const proxy = await startProxy();
  t.teardown(() => proxy.close());
  const kubeconfig = join(temporaryFolder('kubeconfig'), 'config');
  await writeFile(kubeconfig, proxy.config().exportConfig());
  for (const name of ['good', 'bad']) {
    await mustKubectl(['apply', '-n', waitNamespace, '-f', '-'], JSON.stringify(rightBackup(name)));
  }
  await mustKubectl(['apply', '-n', waitNamespace, '-f', '-'], JSON.stringify(rightPolicy('shop')));
  const going = {
    phase: 'Running',
    conditions: conditions('Running', 'It runs.', { Ready: 'False', Reconciling: 'True', Succeeded: 'Unknown' }),
  };
  await setStatus('backup', 'good', going);
  await setStatus('backup', 'bad', going);
  const ended: Record<string, Outcome> = {};
  const waitFor = async (target: string, ...more: string[]): Promise<void> => {
    const parameters = ['wait', target, '-n', waitNamespace, '--kubeconfig', kubeconfig, ...more];
    ended[target] = await runHere(parameters, { now: Date.now, pause: sleep });
  };
  const stock = (target: string, condition: string, timeout: string) =>
    kubectl(['wait', target, '-n', waitNamespace, `--for=condition=${condition}`, `--timeout=${timeout}`]);
  const ours = ['backup/good', 'backup/bad', 'policy/shop'].map((target) => waitFor(target, '--timeout', '90s'));
  const theirs = [stock('backup/good', 'Succeeded', '60s'), stock('backuppolicy/shop', 'Ready', '60s')];
  for (let tries = 0; proxy.seen.filter(({ query }) => query.has('watch')).length < 3 && tries < 300; tries += 1) {
    await sleep(50);
  }
  // Away for some seconds; what happens meanwhile is seen all the same.
  await proxy.refuse();
  await sleep(1500);
  t.deepEqual(ended, {});
  const failed = { Ready: 'False', Stalled: 'True', Succeeded: 'False' };
  await setStatus('backup', 'bad', {
    phase: 'Failed',
    endTime: now,
    conditions: conditions('SourceFailed', 'db: no route to postgres', failed),
  });
  await sleep(1500);
  await proxy.accept();
  await setStatus('backuppolicy', 'shop', { observedGeneration: 1, conditions: conditions('Armed', 'It is armed.', { Ready: 'True' }) });
  await setStatus('backup', 'good', {
    phase: 'Complete',
    endTime: now,
    conditions: conditions('Complete', 'Sealed.', { Ready: 'True', Succeeded: 'True' }),
  });
  await Promise.all(ours);
  t.deepEqual(Object.fromEntries(Object.entries(ended).map(([target, { code }]) => [target, code])), {
    'backup/good': 0,
    'backup/bad': 1,
    'policy/shop': 0,
  });
  t.regex(ended['backup/bad']?.stderr ?? '', /Error \(SourceFailed\): Failed: db: no route to postgres\nNext: Look at the server/);
  t.regex(ended['backup/good']?.stderr ?? '', /The API server does not answer; asking again for a minute/);
  t.is(ended['policy/shop']?.stdout, 'Ready is True (Armed): It is armed.\n');
  t.deepEqual(
    (await Promise.all(theirs)).map(({ code }) => code),
    [0, 0],
  );
  t.is((await stock('backup/good', 'Ready', '5s')).code, 0);
  // As docs/conditions.md says: kubectl waits out its time.
  const blind = await stock('backup/bad', 'Succeeded', '1s');
  t.not(blind.code, 0);
  t.regex(blind.stderr, /timed out waiting/);
});

test('a Restore on a real server: its plan, its approval, how it ends, its way back', async (t) => {
  const restore = (name: string, more: object = {}) => ({
    apiVersion: 'holdfast.dev/v1alpha1',
    kind: 'Restore',
    metadata: { name, namespace: restoreNamespace },
    spec: {
      source: { policyRef: { name: 'shop' }, latest: true, identitySecretRef: { name: 'shop-identity' } },
      components: [{ name: 'db', target: { inPlace: { claimName: 'data-postgres-0', path: 'pgdata', runAs: { user: 999, group: 999 } } } }],
      confirmation: `${restoreNamespace}/shop`,
      ...more,
    },
  });
  const there = (...parameters: string[]): Promise<Outcome> => holdfast(...parameters, '--namespace', restoreNamespace);
  const make = (object: object): Promise<string> =>
    mustKubectl(['apply', '--namespace', restoreNamespace, '-f', '-'], JSON.stringify(object));
  await ownNamespaces(restoreNamespace);
  await make(restore('asks', { requireApproval: true }));
  await make(restore('ended'));
  const plan = { ...examplePlan, stops: ['StatefulSet postgres (1 replica)'] };
  await patchStatus('restore', 'asks', restoreNamespace, { ...awaiting, plan });
  await patchStatus('restore', 'ended', restoreNamespace, restored);

  const shown = await there('plan', 'restore/asks');
  t.is(shown.code, 0, shown.stderr);
  t.regex(shown.stdout, /^PLAN +0123456789abcdef, made at/m);
  t.is((await there('wait', 'restore/asks')).code, 1);
  t.is((await there('approve', 'restore/asks')).code, 4);
  const approved = await there('approve', 'hr/asks', '--plan-hash', planHash);
  t.is(approved.code, 0, approved.stderr);
  const { spec } = JSON.parse(await mustKubectl(['get', 'restore', 'asks', '-n', restoreNamespace, '-o', 'json']));
  t.is(spec.approval.planHash, planHash);
  t.is(spec.approval.approvedBy, (await mustKubectl(['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'])).trim());

  const well = await there('wait', 'restore/ended');
  t.is(well.code, 0, well.stderr);
  t.regex(well.stdout, /^Undo it until 2026-11-29T05:02:15Z: kubectl holdfast undo restore\/ended -n /m);
  t.is((await there('undo', 'restore/ended', '--no-wait')).code, 4);
  const undone = await there('undo', 'restore/ended', '--no-wait', '--confirm', `${restoreNamespace}/shop`);
  t.is(undone.code, 0, undone.stderr);
  t.is(undone.stdout, 'ended-undo\n');
  const made = JSON.parse(await mustKubectl(['get', 'restore', 'ended-undo', '-n', restoreNamespace, '-o', 'json']));
  t.deepEqual(made.spec.source, { policyRef: { name: 'shop' }, restoreRef: { name: 'ended' } });
  t.is((await there('logs', 'restore/ended')).code, 3);
});

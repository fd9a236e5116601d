// The operator on the real API server, with an image that cannot be had: what cannot start fails alone and by name, nothing is made twice,
// and nobody is held up.
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { KubeConfig } from '@kubernetes/client-node';
import { join } from 'node:path';
import type { V1Job } from '@kubernetes/client-node';
import type { Backup, BackupPolicy } from '../../src/api/objects.ts';
import { backupPolicies, backups } from '../../src/controllers/resources.ts';
import { createClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connection.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { jobs, namespaces } from '../../src/kube/resource.ts';
import { recipient as wrongRecipient } from '../api/right-inputs.ts';
import { eventually, sleep } from '../kube/on-server.ts';
import { installCrds } from './crds.ts';
import { mustKubectl, root } from './kubectl.ts';
import { backup, conditionsOf, database, messageOf, policy, secondsBetween } from './operator-objects.ts';
import { startOperator } from './operator-process.ts';
import type { OperatorProcess } from './operator-process.ts';
import { dropNamespaces, letIn, ownNamespaces } from './shut-out.ts';

const namespace = 'holdfast-test-operator';
const others = ['gone', 'slots', 'quiet'].map((name) => `${namespace}-${name}`);
const [goneNamespace = '', slotsNamespace = '', quietNamespace = ''] = others;

const config = new KubeConfig();
config.loadFromFile(join(root, '.cluster/kubeconfig'));
const client = createClient(connect(config));

const running = new Set<OperatorProcess>();
const operatorOn = async (name: string): Promise<OperatorProcess> => {
  const operator = await startOperator(name);
  running.add(operator);
  return operator;
};
let operator: OperatorProcess;

test.before(async () => {
  await installCrds();
  await ownNamespaces(namespace, ...others);
  for (const each of [namespace, ...others]) {
    await mustKubectl([
      'create',
      'secret',
      'generic',
      'login',
      '--namespace',
      each,
      '--from-literal=username=a',
      '--from-literal=password=b',
    ]);
    await mustKubectl(['create', 'secret', 'generic', 'signing', '--namespace', each, '--from-literal=signing.key=c']);
  }
  operator = await operatorOn(namespace);
});
test.after.always(async () => {
  await Promise.all([...running].filter((each) => each.isRunning()).map((each) => each.kill()));
  await dropNamespaces(namespace, ...others);
  await letIn(namespace);
  await client.close();
});

const apply = (object: object, inNamespace = namespace): Promise<string> =>
  mustKubectl(['apply', '--namespace', inNamespace, '-f', '-'], JSON.stringify(object));
const removed = (kind: string, name: string): Promise<string> =>
  mustKubectl(['delete', kind, name, '--namespace', namespace, '--wait=false']);

const readBackup = (name: string, inNamespace = namespace) => client.get<Backup>(backups, { namespace: inNamespace, name });
const readPolicy = (name: string, inNamespace = namespace) => client.get<BackupPolicy>(backupPolicies, { namespace: inNamespace, name });
const statusOf = async (name: string) => (await readBackup(name))?.status ?? {};

const all = async <T extends KubeObject>(pages: AsyncGenerator<{ items: T[] }>): Promise<T[]> => {
  const found: T[] = [];
  for await (const { items } of pages) {
    found.push(...items);
  }
  return found;
};
const jobsOf = (name: string) => all(client.list<V1Job & KubeObject>(jobs, { namespace, labelSelector: `holdfast.dev/backup=${name}` }));

test.serial('components that cannot start are named with their reasons, and fail within their deadline', async (t) => {
  await apply(policy('shop'));
  await apply(backup('first'));
  await eventually(
    'both reasons are named',
    async () => {
      const message = messageOf((await statusOf('first')).conditions);
      return (
        /db: (ErrImagePull|ImagePullBackOff): the image \S+there-is-no-such-image/.test(message) &&
        /mail: FailedMount: .*"absent" not found/.test(message)
      );
    },
    30,
  );
  const waiting = await statusOf('first');
  t.is(waiting.phase, 'Running');
  t.deepEqual(conditionsOf(waiting.conditions), { Ready: 'False Running', Reconciling: 'True Running', Succeeded: 'Unknown Running' });
  t.deepEqual((await readBackup('first'))?.metadata.finalizers, ['holdfast.dev/jobs']);

  await apply(backup('second'));
  await eventually(
    'the second waits for its turn',
    async () => conditionsOf((await statusOf('second')).conditions)['Reconciling'] === 'True Queued',
  );

  await eventually('the first has ended', async () => (await statusOf('first')).endTime !== undefined, 60);
  const ended = await statusOf('first');
  t.is(ended.phase, 'Failed');
  t.deepEqual(conditionsOf(ended.conditions), { Ready: 'False StartFailed', Succeeded: 'False StartFailed', Stalled: 'True StartFailed' });
  const seconds = secondsBetween(ended.startTime, ended.endTime);
  t.true(seconds >= 19 && seconds <= 60, `${seconds} s`);
  for (const { outcome, category, message } of ended.components ?? []) {
    t.deepEqual([outcome, category], ['Failed', 'Start']);
    t.regex(message ?? '', /spec\.jobs\.deadlines\.start.*(no-such-image|"absent" not found)/);
  }
  await eventually('its Jobs are gone', async () => (await jobsOf('first')).length === 0);
  const told = operator.log.filter(({ message, Backup }) => message === 'A Backup has ended' && Backup === `${namespace}/first`);
  t.deepEqual(
    told.map(({ phase }) => phase),
    ['Failed'],
  );
  t.is((await readBackup('first'))?.metadata.finalizers, undefined);
});

test.serial('what failed stops nobody: the next one runs', async (t) => {
  await eventually('the second has its Jobs', async () => (await jobsOf('second')).length === 2);
  t.is((await statusOf('second')).phase, 'Running');
});

test.serial('a Backup deleted while it runs takes its Jobs along, and is gone', async (t) => {
  await removed('backup', 'second');
  await eventually('it is gone', async () => (await readBackup('second')) === undefined, 60);
  t.deepEqual(await jobsOf('second'), []);
});

test.serial('killed before it could write down what it had begun, the operator begins nothing twice', async (t) => {
  // From its first Job on the operator can write nothing any more.
  let made = 0;
  operator.proxy.answerBy(({ method, path }) => {
    made += method === 'POST' && path.endsWith('/jobs') ? 1 : 0;
    return made > 0 && method === 'PATCH' ? { status: 500, body: { kind: 'Status', code: 500, message: 'no' } } : undefined;
  });
  await apply(backup('third'));
  await eventually('its Jobs are there', async () => (await jobsOf('third')).length === 2, 30);
  await operator.kill();
  const before = (await jobsOf('third')).map(({ metadata }) => metadata?.uid ?? '').toSorted((a, b) => a.localeCompare(b));
  t.is((await statusOf('third')).components?.[0]?.outcome, 'Pending', 'the status knows nothing of them');

  operator = await operatorOn(namespace);
  await eventually(
    'it knows them',
    async () => (await statusOf('third')).components?.every(({ outcome }) => outcome === 'Running') === true,
  );
  t.deepEqual(
    (await jobsOf('third')).map(({ metadata }) => metadata?.uid ?? '').toSorted((a, b) => a.localeCompare(b)),
    before,
  );
  await eventually('the run ends', async () => (await statusOf('third')).endTime !== undefined, 60);
  t.deepEqual(
    (await statusOf('third')).components?.map(({ attempt }) => attempt),
    [1, 1],
  );
});

test.serial('a policy deleted under a run ends it, and it says so', async (t) => {
  await apply(backup('fourth'));
  await eventually('its Jobs are there', async () => (await jobsOf('fourth')).length === 2, 30);
  await removed('backuppolicy', 'shop');
  await eventually('it has ended', async () => (await statusOf('fourth')).endTime !== undefined);
  t.deepEqual(conditionsOf((await statusOf('fourth')).conditions), {
    Ready: 'False PolicyDeleted',
    Succeeded: 'False PolicyDeleted',
    Stalled: 'True PolicyDeleted',
  });
  await eventually('its Jobs are gone', async () => (await jobsOf('fourth')).length === 0, 30);
  await eventually('its finalizer is gone', async () => (await readBackup('fourth'))?.metadata.finalizers === undefined);
});

test.serial('a policy that cannot work says what to mend, and so does its Backup; once mended both go on', async (t) => {
  const wrong = policy('wrong');
  wrong.spec.encryption.recipients = [wrongRecipient];
  await apply(wrong);
  await apply(backup('waits', 'wrong'));
  const stalled = { Ready: 'False InvalidRecipient', Stalled: 'True InvalidRecipient' };
  await eventually('the policy says so', async () => (await readPolicy('wrong'))?.status?.conditions !== undefined);
  const found = await readPolicy('wrong');
  t.deepEqual(conditionsOf(found?.status?.conditions), stalled);
  t.regex(messageOf(found?.status?.conditions), /spec\.encryption\.recipients\[0\].*checksum.*keygen/);
  t.is(found?.status?.observedGeneration, found?.metadata.generation);
  await eventually(
    'the Backup says so',
    async () => conditionsOf((await statusOf('waits')).conditions)['Stalled'] === 'True InvalidRecipient',
  );
  t.is((await statusOf('waits')).phase, 'Pending');

  await apply(policy('wrong'));
  await eventually(
    'the policy is armed',
    async () => conditionsOf((await readPolicy('wrong'))?.status?.conditions)['Ready'] === 'True Armed',
  );
  t.is(conditionsOf((await readPolicy('wrong'))?.status?.conditions)['Stalled'], undefined);
  await eventually('the Backup runs', async () => (await statusOf('waits')).phase === 'Running');
  t.is(conditionsOf((await statusOf('waits')).conditions)['Stalled'], undefined);
});

test.serial('a policy that the watch has not brought yet is asked for: its first Backup does not call for a person', async (t) => {
  operator.proxy.keepLines((line) => !/"kind":"BackupPolicy".*"name":"late"/.test(line));
  await apply(policy('late'));
  await apply(backup('early', 'late'));
  const seen = new Set<string>();
  await eventually('it runs', async () => {
    const { phase, conditions } = await statusOf('early');
    Object.keys(conditionsOf(conditions)).forEach((type) => seen.add(type));
    return phase === 'Running';
  });
  t.false(seen.has('Stalled'));
});

test.serial('asked to stop, the operator ends what it does and goes', async (t) => {
  const start = performance.now();
  t.is(await operator.stop(), 0);
  t.true(performance.now() - start < 20_000);
  t.is(operator.log.at(-1)?.message, 'Stopped');
  t.is(operator.stderr(), '');
});

test('a namespace with a run in it goes away within a minute', async (t) => {
  const own = await operatorOn(goneNamespace);
  await apply(policy('shop'), goneNamespace);
  await apply(backup('running'), goneNamespace);
  await eventually('it runs', async () => (await readBackup('running', goneNamespace))?.metadata.finalizers !== undefined, 30);
  await mustKubectl(['delete', 'namespace', goneNamespace, '--wait=false']);
  await eventually('it is gone', async () => (await client.get(namespaces, { name: goneNamespace })) === undefined, 60);
  t.is(await own.stop(), 0);
});

test('a slot that came while no operator ran gets one run, named by it', async (t) => {
  await apply(policy('shop', { schedules: { full: { cron: '* * * * *' } } }), slotsNamespace);
  const created = Date.parse((await readPolicy('shop', slotsNamespace))?.metadata.creationTimestamp ?? '');
  const slot = (Math.floor(created / 60_000) + 1) * 60_000;
  await sleep(slot + 1500 - Date.now());
  const own = await operatorOn(slotsNamespace);
  await eventually('the policy has a next slot', async () => (await readPolicy('shop', slotsNamespace))?.status?.next !== undefined);
  const { status } = (await readPolicy('shop', slotsNamespace)) ?? {};
  // Where the operator took a minute to come up, the slot is the newest one all the same.
  const newest = status?.lastScheduleTime ?? '';
  t.true(Date.parse(newest) >= slot);
  t.true(Date.parse(status?.next?.[0]?.time ?? '') > Date.parse(newest));
  const found = await all(client.list<Backup>(backups, { namespace: slotsNamespace }));
  const name = `shop-full-${newest.replaceAll(/[-:TZ]/g, '').slice(0, 12)}`;
  t.deepEqual(
    found.map(({ metadata }) => metadata.name),
    [name],
  );
  t.deepEqual(found[0]?.metadata.annotations, { 'holdfast.dev/slot': newest });
  await own.stop();
});

// A policy and many Backups that have ended, as if they had been there for long.
const settle = async (t: ExecutionContext, count: number): Promise<void> => {
  await apply(policy('shop', { components: [database('db')], history: { full: 500 } }), quietNamespace);
  const names = Array.from({ length: count }, (_, at) => `old-${String(at).padStart(4, '0')}`);
  const measuredTime = new Date(Date.now() + 60_000).toISOString();
  const ref = (name: string) => ({ namespace: quietNamespace, name });
  await client.patch(
    backupPolicies,
    ref('shop'),
    { status: { tiers: [{ name: 'cloud', measuredTime, backups: count, refused: 0 }] } },
    { subresource: 'status' },
  );
  const time = '2026-11-22T02:05:00Z';
  const condition = { lastTransitionTime: time, observedGeneration: 1, message: 'x'.repeat(300) };
  const work = async (): Promise<void> => {
    for (let name = names.pop(); name !== undefined; name = names.pop()) {
      await client.create(backups, { ...backup(name), metadata: { name, namespace: quietNamespace } });
      const status = {
        observedGeneration: 1,
        phase: 'Complete',
        startTime: '2026-11-22T02:00:00Z',
        endTime: time,
        backupId: `20261122T020000Z-full-${name}`,
        components: [{ name: 'db', outcome: 'Succeeded', attempt: 1, bytes: 1 }],
        tiers: [{ name: 'cloud', state: 'Sealed' }],
        verification: [{ level: 'L2', tier: 'cloud', component: 'db', verdict: 'Passed', time }],
        phases: [{ name: 'dump db', seconds: 1 }],
        conditions: [
          { type: 'Ready', status: 'True', reason: 'Complete', ...condition },
          { type: 'Succeeded', status: 'True', reason: 'Complete', ...condition },
        ],
      };
      await client.patch(backups, ref(name), { status }, { subresource: 'status' });
    }
  };
  await Promise.all(Array.from({ length: 6 }, work));
  t.is((await all(client.list<Backup>(backups, { namespace: quietNamespace }))).length, count);
};

// Until nothing has been written for a while.
const quiet = async (own: OperatorProcess): Promise<void> => {
  for (let last = -1; last !== own.writes().length;) {
    last = own.writes().length;
    await sleep(3000);
  }
};

test('what has not changed is not written, nor asked for one by one: after a restart nothing but lists and watches', async (t) => {
  const count = 120;
  await settle(t, count);
  const first = await operatorOn(quietNamespace);
  await quiet(first);
  const perPath = Map.groupBy(first.writes(), ({ method, path }) => `${method} ${path}`);
  const ofBackups = [...perPath].filter(([what]) => what.includes('/backups/'));
  t.is(ofBackups.length, count, 'one status each: that there is nowhere to copy to');
  t.true(ofBackups.every(([what, times]) => what.endsWith('/status') && times.length === 1));
  const besides = [...perPath.keys()].filter((what) => !what.includes('/backups/'));
  t.deepEqual(besides, [`PATCH /apis/holdfast.dev/v1alpha1/namespaces/${quietNamespace}/backuppolicies/shop/status`]);
  const old = await readBackup('old-0007', quietNamespace);
  t.is(conditionsOf(old?.status?.conditions)['Replicated'], 'True NoFurtherTier');
  t.deepEqual(
    [old?.status?.components?.length, old?.status?.verification?.length, old?.status?.phases?.length],
    [1, 1, 1],
    'what the operator does not keep in memory is still there',
  );

  // What is none of its business is no reason to write.
  const before = first.writes().length;
  await mustKubectl(['annotate', 'backuppolicy/shop', 'backup/old-0007', '--namespace', quietNamespace, 'note=1']);
  await sleep(3000);
  t.is(first.writes().length, before);
  t.is(await first.stop(), 0);

  const second = await operatorOn(quietNamespace);
  await sleep(5000);
  t.deepEqual(
    second.proxy.seen.flatMap(({ method, path }) => (method === 'GET' ? [] : [`${method} ${path}`])),
    [],
    'no event either',
  );
  t.true(second.proxy.seen.length <= 15, `${second.proxy.seen.length} requests`);
  const elsewhere = second.proxy.seen.filter(({ path }) => !path.includes(`/namespaces/${quietNamespace}/`)).map(({ path }) => path);
  t.deepEqual(elsewhere, ['/api/v1/namespaces/kube-system'], 'kept to one namespace it looks at no other');
  await second.stop();
});

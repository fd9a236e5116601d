// Events: which changes of conditions are news, and how they reach the API server without holding up or failing anything.
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Backup, BackupPolicy } from '../../src/api/objects.ts';
import { tellOfChanges } from '../../src/controllers/tell.ts';
import { conditionEvents } from '../../src/core/plan/condition-events.ts';
import { createEventRecorder } from '../../src/kube/events.ts';
import type { EventRecorder, EventSettings, Happening, Regarding } from '../../src/kube/events.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { createTokenBuckets } from '../../src/kube/token-bucket.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { makeBackup, makePolicy } from '../core/fixtures.ts';
import { configMap, configMaps, dropNamespace, eventually, freshNamespace, sleep, throughProxy } from './on-server.ts';

const namespace = 'holdfast-test-events';
const quiet = createLog(() => undefined);
test.before(() => freshNamespace(namespace));
test.after.always(() => dropNamespace(namespace));

// `Type Status Reason message`.
const conditions = (...texts: string[]) =>
  texts.map((text) => {
    const [type = '', status = '', reason = '', ...words] = text.split(' ');
    return {
      type,
      status: status as 'True' | 'False' | 'Unknown',
      reason,
      message: words.join(' '),
      lastTransitionTime: '2026-11-22T02:00:00Z',
    };
  });

const changes: [string, string[], string[], string[]][] = [
  ['a run begins', [], ['Ready False Running', 'Succeeded Unknown Running', 'Reconciling True Running 0 %'], ['Normal Running']],
  ['it goes on: progress is no news', ['Reconciling True Running 1 %'], ['Reconciling True Running 2 %'], []],
  [
    'its next phase',
    ['Ready False Running', 'Reconciling True Running'],
    ['Ready False Sealing', 'Reconciling True Sealing'],
    ['Normal Sealing'],
  ],
  [
    'it ends well',
    ['Ready False Running', 'Succeeded Unknown Running'],
    ['Ready True Complete', 'Succeeded True Complete'],
    ['Normal Complete'],
  ],
  [
    'it ends badly: one warning',
    ['Ready False Running', 'Succeeded Unknown Running'],
    ['Ready False StartFailed', 'Succeeded False StartFailed', 'Stalled True StartFailed'],
    ['Warning StartFailed'],
  ],
  [
    'a policy is armed: what is well from the start is no news',
    [],
    ['Ready True Armed', 'RPOMet True RestorePointFresh'],
    ['Normal Armed'],
  ],
  ['a promise is broken', ['RPOMet True RestorePointFresh'], ['RPOMet False RestorePointTooOld'], ['Warning RestorePointTooOld']],
  ['for another reason', ['RPOMet False RestorePointTooOld'], ['RPOMet False NothingRestorable'], ['Warning NothingRestorable']],
  ['and kept again', ['RPOMet False RestorePointTooOld'], ['RPOMet True RestorePointFresh'], ['Normal RestorePointFresh']],
  ['nobody knows', ['RPOMet False RestorePointTooOld'], ['RPOMet Unknown FactsStale'], []],
  ['what is bad when True', [], ['NotifyFailing True DeliveryFailed'], ['Warning DeliveryFailed']],
  ['a person is waited for', ['Ready True Armed'], ['Ready False InvalidKey', 'Stalled True InvalidKey'], ['Warning InvalidKey']],
  ['nothing changes', ['Ready True Armed'], ['Ready True Armed'], []],
];
for (const [title, before, after, expected] of changes) {
  test(`news: ${title}`, (t) => {
    t.deepEqual(
      conditionEvents(conditions(...before), conditions(...after)).map(({ type, reason }) => `${type} ${reason}`),
      expected,
    );
  });
}

test('news: a run that ended badly is told of at its policy, once', (t) => {
  const told: string[] = [];
  const events = {
    record: ({ regarding, type, message }: Happening) => void told.push(`${regarding.kind} ${regarding.name} ${type}: ${message}`),
  };
  const backup: Backup = { ...makeBackup(), status: { conditions: conditions('Succeeded Unknown Running') } };
  const policy: BackupPolicy = makePolicy();
  const ended = conditions('Succeeded False SourceFailed db cannot be reached');
  tellOfChanges({ events }, backup, policy, ended);
  tellOfChanges({ events }, { ...backup, status: { ...backup.status, conditions: ended } }, policy, ended);
  t.deepEqual(told, [
    `Backup ${backup.metadata.name} Warning: db cannot be reached`,
    `BackupPolicy ${policy.metadata.name} Warning: Backup ${backup.metadata.name}: db cannot be reached`,
  ]);
});

test('token buckets: so many at once, then so many in a time, each key for itself', (t) => {
  let now = 0;
  const buckets = createTokenBuckets({ burst: 3, refillMilliseconds: 100 }, () => now);
  const taken = (key: string, times: number): number => Array.from({ length: times }, () => buckets.take(key)).filter(Boolean).length;
  t.deepEqual([taken('a', 5), taken('b', 2)], [3, 2]);
  now = 99;
  t.is(taken('a', 1), 0);
  now = 250;
  t.is(taken('a', 5), 2);
  now = 10_000;
  t.is(taken('a', 5), 3);
});

type Stored = KubeObject & { reason: string; note: string; type: string; series?: { count: number }; regarding: { name: string } };
const quick: Partial<EventSettings> = { lingerMilliseconds: 0, betweenMilliseconds: 0 };

const recorder = (t: ExecutionContext, client: KubeClient, settings = quick): EventRecorder & { end: () => Promise<void> } => {
  const stop = new AbortController();
  const made = createEventRecorder({ client, log: quiet, controller: 'holdfast.dev/test', instance: 'a', settings });
  const run = made.run(stop.signal);
  const end = (): Promise<void> => {
    stop.abort();
    return run;
  };
  t.teardown(end);
  return { ...made, end };
};
const subject = async (client: KubeClient, name: string): Promise<Regarding> => {
  const made = await client.create<KubeObject>(configMaps, configMap(namespace, name, 'events'));
  return { apiVersion: 'v1', kind: 'ConfigMap', namespace, name, uid: made.metadata?.uid ?? '' };
};
const about = async (client: KubeClient, name: string): Promise<Stored[]> => {
  const found: Stored[] = [];
  const events = { group: 'events.k8s.io', version: 'v1', plural: 'events', kind: 'Event' };
  for await (const { items } of client.list<Stored>(events, { namespace, fieldSelector: `regarding.name=${name}` })) {
    found.push(...items);
  }
  return found;
};
const happening = (regarding: Regarding, message = 'It broke'): Happening => ({
  regarding,
  type: 'Warning',
  reason: 'Broken',
  action: 'Stalled',
  message,
});

test('the same thing said again is one event that is counted, also by a process that comes later', async (t) => {
  const { client } = await throughProxy(t);
  const regarding = await subject(client, 'counted');
  const first = recorder(t, client);
  first.record(happening(regarding));
  first.record(happening(regarding));
  first.record(happening(regarding));
  await eventually('it is counted', async () => (await about(client, 'counted'))[0]?.series?.count === 3);
  first.record(happening(regarding, `${'ä'.repeat(700)}!`));
  await eventually('another thing is another event', async () => (await about(client, 'counted')).length === 2);
  t.true((await about(client, 'counted')).every(({ note }) => Buffer.byteLength(note) <= 1024));
  await first.end();
  const later = recorder(t, client);
  later.record(happening(regarding));
  await sleep(500);
  await later.end();
  t.is((await about(client, 'counted')).length, 2);
  t.like(
    (await about(client, 'counted')).find(({ note }) => note === 'It broke'),
    { reason: 'Broken', type: 'Warning', series: { count: 2 } },
  );
});

test('of one object no flood comes; whoever records neither waits nor fails, and the end sends what waits', async (t) => {
  const { proxy, client } = await throughProxy(t);
  const regarding = await subject(client, 'flood');
  const events = recorder(t, client, {
    lingerMilliseconds: 60_000,
    betweenMilliseconds: 0,
    bucket: { burst: 4, refillMilliseconds: 60_000 },
  });
  for (let at = 0; at < 50; at += 1) {
    events.record(happening(regarding, `number ${at}`));
  }
  await sleep(200);
  t.is(proxy.asked('/events', false).length, 0, 'work comes first');
  await events.end();
  t.is((await about(client, 'flood')).length, 4);

  const refused = recorder(t, client);
  proxy.answerBy(({ path }) => (path.includes('/events') ? { status: 403, body: {} } : undefined));
  const before = proxy.asked('/events', false).length;
  t.notThrows(() => refused.record(happening(regarding)));
  await eventually('it was tried', () => proxy.asked('/events', false).length > before);
  proxy.answerBy(() => undefined);
  refused.record(happening(regarding, 'after that'));
  await eventually('it goes on', async () => (await about(client, 'flood')).length === 5);
});

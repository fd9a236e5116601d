// Decisions on a Backup, fact by fact: before the run, and while its components are dumped.
import test from 'ava';
import { annotation } from '../../src/api/group.ts';
import { decideBackup } from '../../src/core/backup/decide.ts';
import {
  component,
  condition,
  created,
  decide,
  dumpJob,
  dumpResult,
  ended,
  failure,
  id,
  message,
  minute,
  nameOf,
  running,
  sealResult,
  types,
} from './backup-cases.ts';
import { hash, makeBackup, makeJob, makePolicy, observedBackup, start } from './fixtures.ts';

test('a pod on a node that is lost is waited for until half a minute after it should be gone', (t) => {
  const leaving = dumpJob({ type: 'Running', leavesBy: start + 60_000 });
  const waiting = decide(running(), { jobs: [leaving], now: start + 80_000 });
  t.deepEqual([waiting.status.components?.[0]?.outcome, waiting.againMilliseconds], ['Running', 10_000]);
  const lost = decide(running(), { jobs: [leaving], now: start + 90_000 });
  t.like(lost.status.components?.[0], { outcome: 'Pending', category: 'Interrupted' });
  t.regex(lost.status.components?.[0]?.message ?? '', /node it is on no longer answers/);
});

test('policy missing: waits for a person, and is not over', (t) => {
  const { policy: _, ...observed } = observedBackup();
  const decision = decideBackup(observed);
  t.deepEqual(
    [decision.status.phase, condition(decision, 'Stalled'), condition(decision, 'Succeeded')],
    ['Pending', 'True PolicyMissing', 'Unknown PolicyMissing'],
  );
  t.regex(message(decision), /no BackupPolicy "shop".*Create it/);
  t.is(decision.status.endTime, undefined);
  t.deepEqual(decision.actions, []);
  const later = decideBackup(observedBackup({ backup: makeBackup(decision.status) }));
  t.deepEqual([condition(later, 'Stalled'), condition(later, 'Reconciling')], [undefined, 'True Running']);
});

test('component missing and policy invalid: named, with the remedy', (t) => {
  const missing = decideBackup(observedBackup({ backup: makeBackup(undefined, {}, { components: ['db', 'mail'] }) }));
  t.is(condition(missing, 'Stalled'), 'True ComponentMissing');
  t.regex(message(missing), /no component "mail"; it has db, stock/);
  const image = decideBackup(observedBackup({ agentMajors: [15] }));
  t.is(condition(image, 'Stalled'), 'True AgentImageMissing');
  t.regex(message(image), /PostgreSQL 17.*It has 15.*agent\.images/);
});

test('a schedule that cannot be read stops no run made by hand', (t) => {
  const policy = makePolicy({ schedules: { full: { cron: '0 0 31 2 *' } } });
  t.is(condition(decideBackup(observedBackup({ policy })), 'Reconciling'), 'True Running');
});

for (const [title, rivals, expected] of [
  ['one that runs', [{ name: 'x', createdTime: start + 5, started: true, stalled: false }], 'Queued'],
  ['an older one that waits', [{ name: 'x', createdTime: start - 5, started: false, stalled: false }], 'Queued'],
  ['one of the same second, first by name', [{ name: 'a', createdTime: start, started: false, stalled: false }], 'Queued'],
  ['a younger one', [{ name: 'x', createdTime: start + 5, started: false, stalled: false }], 'Running'],
  ['an older one that waits for a person', [{ name: 'x', createdTime: start - 5, started: false, stalled: true }], 'Running'],
] as const) {
  test(`queue: beside ${title} it is ${expected}`, (t) => {
    const decision = decideBackup(observedBackup({ rivals: [...rivals] }));
    t.is(condition(decision, 'Reconciling'), `True ${expected}`);
    t.is(decision.status.backupId === undefined, expected === 'Queued');
  });
}

test('start: id and components stand there before the first Job', (t) => {
  const decision = decideBackup(observedBackup());
  t.deepEqual(decision.actions, []);
  t.like(decision.status, { backupId: id, startTime: '2026-11-22T02:00:00Z', phase: 'Running' });
  t.deepEqual(decision.status.components, [
    { name: 'db', outcome: 'Pending' },
    { name: 'stock', outcome: 'Pending' },
  ]);
  t.deepEqual(
    [condition(decision, 'Ready'), condition(decision, 'Reconciling'), condition(decision, 'Succeeded'), condition(decision, 'Stalled')],
    ['False Running', 'True Running', 'Unknown Running', undefined],
  );
});

for (const [title, slot, expected] of [
  ['its slot', '2026-11-21T02:00:00Z', '20261121T020000Z'],
  ['its creation, where the slot is in the future', '2027-11-21T02:00:00Z', '20261122T020000Z'],
  ['its creation, where the slot is no time', 'tomorrow', '20261122T020000Z'],
] as const) {
  test(`backup id: by ${title}`, (t) => {
    const backup = makeBackup(undefined, { annotations: { [annotation.slot]: slot } });
    t.is(decideBackup(observedBackup({ backup })).status.backupId, `${expected}-full-${hash('backup-uid')}`);
  });
}

test('dumping: as many Jobs at a time as the policy allows', (t) => {
  const pending = running({
    components: [
      { name: 'db', outcome: 'Pending' },
      { name: 'stock', outcome: 'Pending' },
    ],
  });
  t.deepEqual(created(decide(pending)), [nameOf('dump-db'), nameOf('dump-stock')]);
  t.deepEqual(created(decide(pending, { policy: makePolicy({ jobs: { parallelism: 1 } }) })), [nameOf('dump-db')]);
  t.deepEqual(created(decide(running(), { jobs: [dumpJob({ type: 'Running' })], policy: makePolicy({ jobs: { parallelism: 1 } }) })), []);
});

test('dumping: whoever deletes the Backup waits for its Jobs as soon as there are any', (t) => {
  const pending = running({ components: [{ name: 'db', outcome: 'Pending' }] });
  t.deepEqual(types(decide(pending, { backup: makeBackup(pending) })), ['createJob', 'addFinalizer']);
  t.deepEqual(types(decide(pending)), ['createJob']);
});

test('dumping: the size of the last whole copy is handed on', (t) => {
  const policy = makePolicy({}, { components: [{ name: 'stock', bytes: 5, wholeBytes: 77 }] });
  const [action] = decide(running(), { policy, jobs: [dumpJob({ type: 'Running' })] }).actions;
  t.like(action, {
    type: 'createJob',
    job: {
      verb: 'dump',
      component: 'stock',
      attempt: 1,
      tier: 'local',
      owner: 'Backup',
      predictedBytes: 77,
      backup: { id, slot: '2026-11-22T02:00:00Z' },
    },
  });
});

test('dumping: why a pod waits is said while it waits', (t) => {
  const decision = decide(running(), { jobs: [dumpJob({ type: 'Waiting', message: 'FailedMount: secret "login" not found' })] });
  t.like(component(decision), { outcome: 'Running', message: 'FailedMount: secret "login" not found' });
  t.regex(message(decision), /db: FailedMount: secret "login" not found/);
  t.true((decision.againMilliseconds ?? Infinity) <= 10_000);
});

test('dumping: progress of the newest line', (t) => {
  const progress = { kind: 'progress', time: '2026-11-22T02:00:50Z', phase: 'base.tar', bytes: 5 } as const;
  const decision = decide(running(), { jobs: [dumpJob({ type: 'Running', progress })] });
  t.deepEqual(decision.status.progress, { component: 'db', phase: 'base.tar', bytes: 5, time: '2026-11-22T02:00:50Z' });
});

for (const [title, state, expected] of [
  ['a success', ended(dumpResult()), { outcome: 'Succeeded', bytes: 10, restorableTo: '2026-11-22T02:00:30Z' }],
  [
    'a failure that may pass',
    ended(dumpResult(failure({}))),
    { outcome: 'Pending', category: 'Source', nextAttemptTime: '2026-11-22T02:01:10Z', message: 'Attempt 1 failed: it broke' },
  ],
  [
    'a failure that stays',
    ended(dumpResult(failure({ category: 'Configuration', retryable: false }))),
    { outcome: 'Failed', category: 'Configuration', message: 'it broke' },
  ],
  [
    'exit 0 without a result',
    ended(undefined, { cause: 'Interrupted', message: 'The pod ended with exit code 0 and left no result.' }),
    { outcome: 'Pending', category: 'Interrupted' },
  ],
  ['a result of another backup', ended(dumpResult({ backupId: 'another' })), { outcome: 'Pending', category: 'Interrupted' }],
  ['a result of another component', ended(dumpResult({ component: 'stock' })), { outcome: 'Pending', category: 'Interrupted' }],
  ['a result of another attempt', ended(dumpResult({ attempt: 2 })), { outcome: 'Pending', category: 'Interrupted' }],
  ['a result of another verb', ended(sealResult()), { outcome: 'Pending', category: 'Interrupted' }],
  ['the deadline', ended(undefined, { cause: 'Deadline' }), { outcome: 'Failed', category: 'Deadline' }],
  ['output that is still being read', { type: 'Reading' }, { outcome: 'Running' }],
] as const) {
  test(`attempt: ${title}`, (t) => {
    const decision = decide(running(), { jobs: [dumpJob(state)], policy: makePolicy({ jobs: { parallelism: 1 } }) });
    t.like(component(decision), expected);
  });
}

test('attempt: success is recorded with what was verified', (t) => {
  const decision = decide(running(), { jobs: [dumpJob(ended(dumpResult()))] });
  t.deepEqual(decision.status.verification, [
    { level: 'L2', verdict: 'Passed', tier: 'local', component: 'db', time: '2026-11-22T02:01:00Z' },
  ]);
  t.deepEqual(decision.status.phases, [{ name: 'dump db', seconds: 60 }]);
});

test('attempt: a Job that is gone counts as interrupted', (t) => {
  const decision = decide(running());
  t.like(component(decision), { outcome: 'Pending', category: 'Interrupted', attempt: 1 });
  t.regex(component(decision)?.message ?? '', /somebody deleted it/);
});

test('attempt: a Job of somebody else under our name is never believed', (t) => {
  const forged = dumpJob(ended(dumpResult()), { ours: false });
  const decision = decide(running(), { jobs: [forged] });
  t.like(component(decision), { outcome: 'Pending', category: 'Interrupted' });
  t.regex(component(decision)?.message ?? '', /did not make/);
  t.false(types(decision).includes('deleteJob'));
});

test('attempt: the next one starts after its pause, under a name of its own, and the last one is final', (t) => {
  const failed = running({ components: [{ name: 'db', outcome: 'Pending', attempt: 1, nextAttemptTime: '2026-11-22T02:01:10Z' }] });
  const early = decide(failed);
  t.deepEqual([created(early), early.againMilliseconds], [[], 10_000]);
  const due = decide(failed, { now: start + minute + 10_000 });
  t.deepEqual(created(due), [nameOf('dump-db', 2)]);
  t.like(component(due), { outcome: 'Running', attempt: 2 });
  const third = running({ components: [{ name: 'db', outcome: 'Running', attempt: 3 }] });
  const last = decide(third, { jobs: [dumpJob(ended(dumpResult(failure({ attempt: 3 }))), { attempt: 3 })] });
  t.like(component(last), { outcome: 'Failed', category: 'Source', attempt: 3 });
});

const pauseAfter = (attempt: number) => {
  const status = running({ components: [{ name: 'db', outcome: 'Running', attempt }] });
  const decision = decide(status, {
    policy: makePolicy({ jobs: { attempts: 9 } }),
    jobs: [dumpJob(ended(dumpResult(failure({ attempt }))), { attempt })],
  });
  return Date.parse(component(decision)?.nextAttemptTime ?? '') - (start + minute);
};

test('attempt: pauses double', (t) => {
  t.deepEqual([1, 2, 3].map(pauseAfter), [10_000, 20_000, 40_000]);
});

test('attempt: a pod that does not start within its deadline fails its component alone', (t) => {
  const waiting = dumpJob({ type: 'Waiting', message: 'ImagePullBackOff: the image x cannot be had.' });
  t.is(component(decide(running(), { now: start + 9 * minute, jobs: [waiting] }))?.outcome, 'Running');
  const decision = decide(running(), { now: start + 10 * minute, jobs: [waiting] });
  t.like(component(decision), { outcome: 'Failed', category: 'Start' });
  t.regex(component(decision)?.message ?? '', /ImagePullBackOff/);
  t.true(types(decision).includes('deleteJob'));
  t.deepEqual(created(decision), [nameOf('dump-stock')]);
});

test('attempt: a Job on a lost node is given up after its whole deadline', (t) => {
  const jobs = [dumpJob({ type: 'Running' })];
  t.is(component(decide(running(), { now: start + 6 * 60 * minute, jobs }))?.outcome, 'Running');
  const decision = decide(running(), { now: start + (6 * 60 + 12) * minute, jobs });
  t.like(component(decision), { outcome: 'Failed', category: 'Deadline' });
  t.deepEqual(decision.actions[0], { type: 'deleteJob', name: nameOf('dump-db'), uid: `uid of ${nameOf('dump-db')}` });
});

test('attempt: a component taken out of the policy fails by name', (t) => {
  const status = running({ components: [{ name: 'gone', outcome: 'Pending' }] });
  t.like(component(decide(status), 'gone'), { outcome: 'Failed', category: 'Configuration' });
});

test('attempt: without an image of its major a component fails by name, and the run goes on', (t) => {
  const status = running({ components: [{ name: 'db', outcome: 'Pending' }] });
  const decision = decide(status, { agentMajors: [15] });
  t.like(component(decision), { outcome: 'Failed', category: 'Configuration' });
  t.regex(component(decision)?.message ?? '', /no agent image for PostgreSQL 17.*agent\.images/);
  t.deepEqual(created(decision), []);
});

// As much as a status can hold: every component waits with as long a reason as there can be.
const widest = (unit: string) => {
  const names = Array.from({ length: 32 }, (_, at) => `component-number-${String(at).padStart(3, '0')}`);
  const policy = makePolicy({
    jobs: { parallelism: 16 },
    components: names.map((name) => ({
      name,
      postgresql: { version: 17, connection: { host: 'h', sslMode: 'disable', credentialsSecretRef: { name: 's' } } },
    })),
  });
  const status = running({
    components: names.map((name) => ({ name, outcome: 'Running', attempt: 1 })),
    tiers: Array.from({ length: 8 }, (_, at) => ({ name: `tier-number-${at}`, state: 'Lagging', attempt: 9, message: unit.repeat(1024) })),
    verification: names.map((name) => ({ level: 'L2', verdict: 'Passed', tier: 'local', component: name, time: '2026-11-22T02:01:00Z' })),
    phases: names.map((name) => ({ name: `dump ${name}`, seconds: 1234.567 })),
  });
  const jobs = names.map((name) =>
    makeJob({ name: nameOf(`dump-${name}`), verb: 'dump', component: name, state: { type: 'Waiting', message: unit.repeat(5000) } }),
  );
  return { policy, status, jobs };
};

for (const unit of ['x', 'ß', '字', '"']) {
  test(`a status stays under 32 KiB, even where everything speaks at length: ${unit}`, (t) => {
    const { policy, status, jobs } = widest(unit);
    const decision = decide(status, { policy, jobs });
    t.true(Buffer.byteLength(JSON.stringify(decision.status)) < 32 * 1024);
    t.is(decision.status.components?.length, 32);
    t.true(decision.status.components?.every(({ message: text }) => (text ?? '').startsWith(unit.repeat(50))));
    const again = decide(decision.status, { policy, jobs });
    t.deepEqual(again.status, decision.status, 'and does not move by itself');
  });
}

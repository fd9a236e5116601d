// Backups of type Log: what each of them does, and how it ends.
import test from 'ava';
import type { ReceiveResult } from '../../src/api/agent.ts';
import type { BackupStatus } from '../../src/api/backup.ts';
import { finalizer } from '../../src/api/group.ts';
import { decideBackup } from '../../src/core/backup/decide.ts';
import type { BackupDecision, BackupObserved } from '../../src/core/backup/observed.ts';
import type { JobFacts, JobState } from '../../src/core/jobs/facts.ts';
import { base, component, condition, created, ended, failure, job, message, minute, nameOf, types } from './backup-cases.ts';
import { isoTime } from '../../src/core/plan/time.ts';
import { archiving, makeBackup, makePolicy, observedBackup, postgresql, receivable, start } from './fixtures.ts';

const policy = receivable(
  makePolicy({
    components: [archiving('db', 'Continuous'), archiving('stock', 'Scheduled'), { name: 'plain', postgresql: postgresql() }],
    jobs: { attempts: 2 },
  }),
);
const known = receivable(
  makePolicy(policy.spec, {
    components: [
      { name: 'db', lastSuccessTime: '2026-11-21T02:00:00Z' },
      { name: 'stock', lastSuccessTime: '2026-11-21T02:00:00Z' },
    ],
  }),
);

const decide = (status?: BackupStatus, given: Partial<BackupObserved> = {}, spec: object = {}): BackupDecision =>
  decideBackup(
    observedBackup({
      now: start + minute,
      backup: makeBackup(status, { finalizers: [finalizer] }, { type: 'Log', ...spec }),
      policy: known,
      ...given,
    }),
  );

const received = (facts: Partial<ReceiveResult> = {}): ReceiveResult => ({
  ...base,
  verb: 'receive',
  component: 'db',
  timeline: 3,
  storedLsn: '1/5000028',
  restorableTo: '2026-11-22T02:00:30.500Z',
  ...facts,
});
const logJob = (name: string, state: JobState, facts: Partial<JobFacts> = {}): JobFacts =>
  job(`log-${name}`, 'receive', state, { component: name, ...facts });
const running = (changes: Partial<BackupStatus> = {}): BackupStatus => ({
  startTime: '2026-11-22T02:00:00Z',
  components: [
    { name: 'db', outcome: 'Running', attempt: 1 },
    { name: 'stock', outcome: 'Pending' },
  ],
  ...changes,
});
const proven = (name: string, restorableTo: string) =>
  ({ name, outcome: 'Succeeded', attempt: 1, timeline: 1, storedLsn: '0/3000000', restorableTo }) as const;

test('a Log starts with the components that archive WAL, and claims no place in the store', (t) => {
  const decision = decide();
  t.deepEqual(
    decision.status.components?.map(({ name, outcome }) => [name, outcome]),
    [
      ['db', 'Pending'],
      ['stock', 'Pending'],
    ],
  );
  t.is(decision.status.startTime, '2026-11-22T02:01:00Z');
  t.deepEqual([decision.status.backupId, decision.status.tiers], [undefined, undefined]);
  t.is(condition(decision, 'Reconciling'), 'True Archiving');
});

test('beside a receiver its Job waits, without one it fetches', (t) => {
  const decision = decide(decide().status);
  const jobs = decision.actions.flatMap((action) => (action.type === 'createJob' ? [action.job] : []));
  t.deepEqual(
    jobs.map(({ name, verb, owner, tier, component: of, receive, backup }) => [name, verb, owner, tier, of, receive?.mode, backup]),
    [
      [nameOf('log-db'), 'receive', 'Backup', 'local', 'db', 'Barrier', undefined],
      [nameOf('log-stock'), 'receive', 'Backup', 'local', 'stock', 'Once', undefined],
    ],
  );
  const narrow = receivable(makePolicy({ ...known.spec, jobs: { parallelism: 1 } }));
  t.deepEqual(created(decide(decide().status, { policy: narrow })), [nameOf('log-db')]);
});

for (const [title, spec, changed, words] of [
  ['no component archives', {}, { components: [{ name: 'plain', postgresql: postgresql() }] }, /No component of the policy archives WAL/],
  ['archiving is Off', {}, { components: [archiving('db', 'Off')] }, /Set postgresql\.walArchive/],
  ['none of those that are named', { components: ['plain'] }, {}, /None of plain archives WAL/],
] as const) {
  test(`a Log waits for a person where ${title}`, (t) => {
    const decision = decide(undefined, { policy: makePolicy({ ...policy.spec, ...changed }) }, spec);
    t.is(condition(decision, 'Stalled'), 'True NoWalArchive');
    t.regex(message(decision), words);
    t.deepEqual([decision.actions, decision.status.startTime], [[], undefined]);
  });
}

test('a Log waits for another Log, and for what every Backup waits for', (t) => {
  const rival = { name: 'shop-log-202611220100', createdTime: start - minute, started: true, stalled: false };
  t.is(condition(decide(undefined, { rivals: [rival] }), 'Reconciling'), 'True Queued');
  const { policy: _, ...without } = observedBackup({ backup: makeBackup(undefined, {}, { type: 'Log' }) });
  t.is(condition(decideBackup(without), 'Stalled'), 'True PolicyMissing');
  t.is(condition(decide(undefined, {}, { components: ['absent'] }), 'Stalled'), 'True ComponentMissing');
});

// Title, what the Job of "db" came to, outcome and category of the component, words of its message.
for (const [title, jobs, outcome, words] of [
  ['it names a place', [logJob('db', ended(received()))], ['Succeeded', undefined], undefined],
  [
    'it names no place',
    [logJob('db', ended(received({ storedLsn: undefined } as object)))],
    ['Pending', 'Verification'],
    /not up to where/,
  ],
  ['it speaks of another component', [logJob('db', ended(received({ component: 'stock' })))], ['Pending', 'Interrupted'], /no result/],
  ['it vanished', [], ['Pending', 'Interrupted'], /Its Job is gone/],
  ['it ended without a word', [logJob('db', ended())], ['Pending', 'Interrupted'], /Attempt 1 failed/],
  [
    'no receiver is at work',
    [logJob('db', ended(received(failure({ code: 'ReceiverNotAtWork', message: 'No receiver archives' }))))],
    ['Pending', 'Source'],
    /No receiver archives/,
  ],
  [
    'a person must act',
    [logJob('db', ended(received(failure({ category: 'Configuration', retryable: false, message: 'SlotUnsafe' }))))],
    ['Failed', 'Configuration'],
    /SlotUnsafe/,
  ],
  ['it took too long', [logJob('db', ended(undefined, { cause: 'Deadline' }))], ['Failed', 'Deadline'], /raise spec\.jobs\.deadlines/],
  ['it runs', [logJob('db', { type: 'Running' })], ['Running', undefined], undefined],
  ['its pod cannot start', [logJob('db', { type: 'Waiting', message: 'no such image' })], ['Running', undefined], /no such image/],
] as const) {
  test(`a Log's Job: ${title}`, (t) => {
    const decision = decide(running(), { jobs: [...jobs] });
    const db = component(decision);
    t.deepEqual([db?.outcome, db?.category], [...outcome]);
    t.regex(db?.message ?? '', words ?? /^$/);
    t.is(db?.storedLsn, outcome[0] === 'Succeeded' ? '1/5000028' : undefined);
  });
}

test("a Log's Job that is late is stopped, and its deadline is jobs.deadlines.log", (t) => {
  const late = { jobs: [logJob('db', { type: 'Running' })], now: start + (10 + 30 + 3) * minute };
  t.deepEqual(types(decide(running(), late)), ['deleteJob', 'createJob']);
  const patient = receivable(makePolicy({ ...known.spec, jobs: { deadlines: { log: '2h' } } }));
  t.is(component(decide(running(), { ...late, policy: patient }))?.outcome, 'Running');
});

test('a Log tries again after a pause, and gives up after spec.jobs.attempts', (t) => {
  const lost = decide(running());
  t.is(component(lost)?.nextAttemptTime, '2026-11-22T02:01:10Z');
  t.deepEqual(created(decide(lost.status, { now: start + minute + 9000, jobs: [] })), []);
  const again = decide(lost.status, { now: start + minute + 10_000, jobs: [logJob('stock', { type: 'Running' })] });
  t.true(created(again).includes(nameOf('log-db', 2)));
  const last = decide({ ...running(), components: [{ name: 'db', outcome: 'Running', attempt: 2 }] });
  t.is(component(last)?.outcome, 'Failed');
});

test('a component that changed while a Log runs fails alone', (t) => {
  const pending: BackupStatus = running({
    components: [
      { name: 'db', outcome: 'Pending' },
      { name: 'stock', outcome: 'Pending' },
    ],
  });
  const off = receivable(makePolicy({ ...known.spec, components: [archiving('db', 'Off'), archiving('stock', 'Scheduled')] }));
  const decision = decide(pending, { policy: off });
  t.deepEqual([component(decision)?.outcome, component(decision)?.category], ['Failed', 'Configuration']);
  t.regex(component(decision)?.message ?? '', /switched off/);
  t.deepEqual(created(decision), [nameOf('log-stock')]);
});

test('no Job asks for WAL before the slot is written down, and none where it is dropped', (t) => {
  const pending: BackupStatus = running({ components: [{ name: 'db', outcome: 'Pending' }] });
  const unheld = { ...known, metadata: { ...known.metadata, finalizers: [] } };
  const early = decide(pending, { policy: unheld });
  t.deepEqual([created(early), component(early)?.outcome], [[], 'Pending']);
  t.true((early.againMilliseconds ?? Infinity) <= minute);
  const never = decide(pending, { policy: unheld, now: start + 11 * minute });
  t.deepEqual([component(never)?.outcome, component(never)?.category], ['Failed', 'Configuration']);
  const since = (ago: number) => ({
    ...known,
    spec: { ...known.spec, suspend: true },
    status: { ...known.status, suspendedTime: isoTime(start - ago * minute) },
  });
  t.deepEqual(created(decide(pending, { policy: since(30) })), [nameOf('log-db')], 'a run by hand, while the slot is kept');
  const still = decide(pending, { policy: since(90) });
  t.regex(component(still)?.message ?? '', /archive stands still\. Set spec\.suspend to false/);
  const going = { ...known, metadata: { ...known.metadata, deletionTimestamp: '2026-11-22T02:00:30Z' } };
  t.regex(component(decide(pending, { policy: going }))?.message ?? '', /being deleted/);
});

test('a Log ends Complete with the oldest time, and says what it does not cover', (t) => {
  const done = running({ components: [proven('db', '2026-11-22T02:00:30Z'), proven('stock', '2026-11-22T02:00:20Z')] });
  const decision = decide(done);
  t.like(decision.status, { phase: 'Complete', restorableTo: '2026-11-22T02:00:20Z', endTime: '2026-11-22T02:01:00Z', duration: '1m' });
  t.deepEqual([condition(decision, 'Succeeded'), condition(decision, 'Ready')], ['True Archived', 'True Archived']);
  t.is(
    message(decision),
    'The archive of WAL has caught up: it holds what was committed until 2026-11-22T02:00:20Z. Left out, because they archive no WAL: plain.',
  );
  t.deepEqual([decision.status.tiers, decision.status.bytes, decision.status.verification], [undefined, undefined, undefined]);
  const settled = decide(decision.status);
  t.deepEqual([types(settled), settled.status], [['removeFinalizer'], decision.status]);
  t.regex(message(decide(done, { policy })), /No backup of db, stock is known yet.*take a Full/);
  const gap = { component: 'db', timeline: 1, fromLsn: '0/1', toLsn: '0/2' };
  const behind = makePolicy(policy.spec, {
    ...known.status,
    recoverability: { tier: 'local', measuredTime: '2026-11-22T02:00:00Z', gaps: [gap] },
  });
  t.regex(message(decide(done, { policy: behind })), /WAL of db has a gap, and no backup after it is known yet/);
});

test('a Log of which a part failed names it; where all failed, it is Failed', (t) => {
  const broken = { name: 'stock', outcome: 'Failed', category: 'Source', message: 'no route' } as const;
  const part = decide(running({ components: [proven('db', '2026-11-22T02:00:30Z'), broken] }));
  t.like(part.status, { phase: 'PartiallyFailed', restorableTo: '2026-11-22T02:00:30Z' });
  t.is(message(part), 'stock: no route');
  const all = decide(running({ components: [broken] }));
  t.deepEqual([all.status.phase, condition(all, 'Stalled'), all.status.restorableTo], ['Failed', 'True SourceFailed', undefined]);
});

test('deleting a Log stops its Jobs; without its policy it ends Failed', (t) => {
  const jobs = [logJob('db', { type: 'Running' })];
  const going = makeBackup(running(), { finalizers: [finalizer], deletionTimestamp: '2026-11-22T02:01:00Z' }, { type: 'Log' });
  t.deepEqual(types(decide(undefined, { backup: going, jobs })), ['deleteJob']);
  t.deepEqual(types(decide(undefined, { backup: going, jobs: [] })), ['removeFinalizer']);
  const { policy: _, ...orphan } = observedBackup({ jobs, backup: makeBackup(running(), {}, { type: 'Log' }) });
  const decision = decideBackup(orphan);
  t.deepEqual([types(decision), decision.status.phase, condition(decision, 'Stalled')], [['deleteJob'], 'Failed', 'True PolicyDeleted']);
});

test('a Log holds on to its Jobs from the first one on', (t) => {
  const bare = makeBackup(decide().status, {}, { type: 'Log' });
  t.deepEqual(types(decide(undefined, { backup: bare })), ['createJob', 'createJob', 'addFinalizer']);
});

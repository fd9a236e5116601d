// Log backups in their policy: a lane of their own, counted apart, and read after where they add something.
import test from 'ava';
import type { RunType } from '../../src/api/backup-type.ts';
import type { BackupStatus } from '../../src/api/backup.ts';
import type { PolicyStatus } from '../../src/api/policy.ts';
import type { BackupFacts } from '../../src/core/policy/observed.ts';
import { archiving, makeJob, makePolicy, start } from './fixtures.ts';
import { armed, backup, backupsMade, complete, condition, created, decide, ended, iso, measured, message, minute } from './policy-cases.ts';

const hour = 60 * minute;
const schedules = { full: { cron: '0 2 * * *' }, log: { cron: '0 * * * *' } };
const continuous = { schedules, components: [archiving('db', 'Continuous')] };

// Both are due at 02:00.
const due: PolicyStatus = {
  ...armed('2026-11-22T02:00:00Z'),
  next: [
    { type: 'Full', time: '2026-11-22T02:00:00Z' },
    { type: 'Log', time: '2026-11-22T02:00:00Z' },
  ],
};
const waiting = (type: RunType, status: BackupStatus = {}, facts: Partial<BackupFacts> = {}): BackupFacts =>
  backup(21, status, { name: `open-${type}`, uid: `open-${type}`, type, scheduled: true, ...facts });
const begun = { startTime: '2026-11-21T02:00:00Z' };

test('a Log and a Full that are due at once are both made, and counted apart', (t) => {
  const decision = decide({ policy: makePolicy(continuous, due) });
  t.deepEqual(backupsMade(decision), ['shop-full-202611220200 2026-11-22T02:00:00Z', 'shop-log-202611220200 2026-11-22T02:00:00Z']);
  t.like(decision.status, {
    lastScheduleTime: '2026-11-22T02:00:00Z',
    lastLogScheduleTime: '2026-11-22T02:00:00Z',
    successRate: { scheduled: 1, missed: 0 },
    logSuccessRate: { scheduled: 1, missed: 0 },
    next: [
      { type: 'Log', time: '2026-11-22T03:00:00Z' },
      { type: 'Full', time: '2026-11-23T02:00:00Z' },
    ],
  });
});

// What is open when the slots come, and what is made.
for (const [title, open, made] of [
  ['a Full that runs holds no Log up', [waiting('Full', begun)], ['Full', 'Log']],
  ['a Full that waits holds no Log up', [waiting('Full')], ['Log']],
  ['a Log that runs holds no Full up, and gets one that waits for it', [waiting('Log', begun)], ['Full', 'Log']],
  ['a Log that waits stands for the slot', [waiting('Log')], ['Full']],
  ['a Log that runs and one that waits: the slot is merged', [waiting('Log', begun), waiting('Log', {}, { name: 'second' })], ['Full']],
] as const) {
  test(`slots: ${title}`, (t) => {
    const decision = decide({ policy: makePolicy(continuous, due), backups: [...open] });
    t.deepEqual(
      decision.actions.flatMap((action) =>
        action.type === 'createBackup' ? [action.kind] : action.type === 'deleteBackup' ? ['gone'] : [],
      ),
      [...made],
    );
    const merged = !made.some((type) => type === 'Log');
    t.is(decision.status.logSuccessRate?.missed, merged ? 1 : 0);
    if (merged) {
      t.regex(
        message(decision, 'OnSchedule'),
        /schedules\.log got no run in time: the run of an earlier slot, (open-Log|second), still waits/,
      );
    }
  });
}

test('slots: Log slots that were missed are caught up once, and told until one is kept; other schedules do not hush them', (t) => {
  const late = decide({ policy: makePolicy(continuous, due), now: start + 5.5 * hour });
  t.deepEqual(
    late.actions.flatMap((action) => (action.type === 'createBackup' && action.kind === 'Log' ? [action.slot, action.late] : [])),
    ['2026-11-22T07:00:00Z', true],
  );
  t.like(late.status.logSuccessRate, { scheduled: 6, missed: 6 });
  t.regex(message(late, 'OnSchedule'), /6 slots from 2026-11-22T02:00:00Z to 2026-11-22T07:00:00Z of schedules\.log got no run in time/);
  const kept = decide({ policy: makePolicy(continuous, late.status), now: start + 6 * hour });
  t.notRegex(message(kept, 'OnSchedule'), /schedules\.log/);
});

test('slots: a suspended policy makes no Log', (t) => {
  const decision = decide({ policy: makePolicy({ ...continuous, suspend: true }, due), now: start + 3 * hour });
  t.deepEqual([backupsMade(decision), decision.status.logSuccessRate, decision.status.next], [[], undefined, undefined]);
});

// A Log of the schedule, at so many minutes after the start.
const log = (at: number, phase: 'Complete' | 'Failed' | 'PartiallyFailed' = 'Complete', facts: Partial<BackupFacts> = {}): BackupFacts => {
  const slot = iso(start + at * minute);
  const status = { phase, startTime: slot, endTime: iso(start + (at + 1) * minute) };
  return backup(22, status, {
    name: `log-${at}`,
    uid: `log-${at}`,
    type: 'Log',
    scheduled: true,
    slot,
    createdTime: Date.parse(slot),
    ...facts,
  });
};
const often = { ...continuous, schedules: { full: schedules.full, log: { cron: '*/5 * * * *' } }, history: { log: 2 } };

test('success rate: each Log counts once, also after its resource is gone; late ones and those by hand do not', (t) => {
  const runs = [
    log(0),
    log(5, 'Failed'),
    log(10, 'PartiallyFailed'),
    log(15, 'Complete', { late: true }),
    log(17, 'Complete', { scheduled: false }),
  ];
  const first = decide({ policy: makePolicy(often, armed('2026-11-23T02:00:00Z')), now: start + 20 * minute, backups: runs });
  t.like(first.status.logSuccessRate, { succeeded: 1, failed: 2, countedTime: '2026-11-22T02:10:00Z' });
  t.is(first.status.successRate, undefined, 'no backup ran');
  t.false(
    first.actions.some(({ type }) => type === 'deleteBackup'),
    'what is not counted in the written status yet stays',
  );
  const again = decide({ policy: makePolicy(often, first.status), now: start + 20 * minute, backups: runs });
  t.like(again.status.logSuccessRate, { succeeded: 1, failed: 2 });
  t.deepEqual(
    again.actions.flatMap((action) => (action.type === 'deleteBackup' ? [action.name] : [])),
    ['log-10', 'log-5', 'log-0'],
  );
  const later = decide({ policy: makePolicy(often, again.status), now: start + 30 * minute, backups: [log(20), log(25)] });
  t.like(later.status.logSuccessRate, { succeeded: 3, failed: 2, countedTime: '2026-11-22T02:25:00Z' });
});

test('old resources: each lane has its limit, and the newest that is Complete stays in each', (t) => {
  const policy = makePolicy(
    { ...often, history: { full: 1, log: 1 } },
    {
      ...armed('2026-11-23T02:00:00Z'),
      logSuccessRate: { window: '30d', scheduled: 9, succeeded: 9, failed: 0, missed: 0, countedTime: iso(start + hour) },
    },
  );
  const runs = [complete(20), complete(21), log(0), log(5), log(10, 'Failed')];
  const decision = decide({ policy, now: start + hour, backups: runs.map((each) => ({ ...each, status: { ...each.status, tiers: [] } })) });
  t.deepEqual(
    decision.actions.flatMap((action) => (action.type === 'deleteBackup' ? [action.name] : [])),
    ['log-0', 'b20'],
  );
});

const job = (name: string, verb: 'dump' | 'receive', ownerUid: string) => makeJob({ name, verb, ownerUid, state: ended() });

test('old Jobs: many Log runs do not push out the Jobs of the last backups', (t) => {
  const logs = Array.from({ length: 6 }, (_, at) => log(at * 5));
  const runs = [complete(21, 'Sealed'), ...logs];
  const jobs = [job('dump', 'dump', 'uid21'), ...logs.map(({ uid }) => job(uid, 'receive', uid)), job('drop', 'receive', 'policy-uid')];
  const decision = decide({ policy: makePolicy(often), now: start + hour, backups: runs, jobs });
  t.deepEqual(
    decision.actions.flatMap((action) =>
      action.type === 'deleteJob' && jobs.some(({ name }) => name === action.name) ? [action.name] : [],
    ),
    ['log-0', 'log-5', 'log-10'],
  );
});

test('a Log is no backup: it is copied nowhere, and is not the latest', (t) => {
  const decision = decide({ policy: makePolicy(continuous), now: start + hour, backups: [log(0)] });
  t.deepEqual(created(decision, 'copy'), []);
  t.is(decision.status.latestBackup, undefined);
});

// How WAL is archived, the minutes at which Logs ended and the newest reading began, the time now, and the tiers that are read.
for (const [title, mode, logs, readAt, now, tiers] of [
  ['beside a receiver nothing is read', 'Continuous', [10], 5, 12, []],
  ['where it fetched WAL, every tier is read', 'Scheduled', [10], 5, 12, ['local 1', 'cloud 1']],
  ['what was read after it is not read again', 'Scheduled', [10], 12, 13, []],
  ['where Logs come often, not after each', 'Scheduled', [10, 15], 12, 17, []],
  ['but ten minutes after the last reading', 'Scheduled', [10, 15], 12, 22, ['local 1', 'cloud 1']],
  ['a reading for another reason puts none off', 'Scheduled', [15], 12, 17, ['local 1', 'cloud 1']],
] as const) {
  test(`readings after a Log: ${title}`, (t) => {
    const read = (tier: string) =>
      makeJob({
        name: `read-${tier}`,
        verb: 'inspect',
        tier,
        createdTime: start + readAt * minute,
        state: ended({ verb: 'inspect', tier, backups: 0, refused: 0 }, start + readAt * minute),
      });
    const decision = decide({
      policy: makePolicy({ ...continuous, components: [archiving('db', mode)] }, armed('2026-11-23T02:00:00Z')),
      now: start + now * minute,
      backups: logs.map((at) => log(at - 1)),
      jobs: [read('local'), read('cloud')],
      catalogue: { local: measured(readAt * 60), cloud: measured(readAt * 60) },
    });
    t.deepEqual(created(decision, 'inspect'), [...tiers]);
    if (logs.length === 2 && tiers.length === 0) {
      t.is(decision.againMilliseconds, 5 * minute, 'it looks again when that is over');
    }
  });
}

test('the condition OnSchedule is kept by a Log alone, too', (t) => {
  const only = makePolicy(
    { ...continuous, schedules: { log: schedules.log } },
    { ...due, next: [{ type: 'Log', time: '2026-11-22T02:00:00Z' }] },
  );
  const decision = decide({ policy: only });
  t.is(condition(decision, 'OnSchedule'), 'True OnTime');
  t.deepEqual([decision.status.successRate, decision.status.lastScheduleTime], [undefined, undefined]);
});

// Slots that were missed, objectives, success rate, old resources: what a policy says of time.
import test from 'ava';
import type { EntryLine } from '../../src/api/agent.ts';
import type { PolicyStatus } from '../../src/api/policy.ts';
import type { BackupFacts, TierCatalogue } from '../../src/core/policy/observed.ts';
import { hash, makePolicy, start } from './fixtures.ts';
import {
  armed,
  backup,
  backupsMade,
  complete,
  condition,
  created,
  decide,
  iso,
  measured,
  message,
  minute,
  nightly,
} from './policy-cases.ts';

const hour = 60 * minute;
const day = 24 * hour;
const due = armed('2026-11-22T02:00:00Z');
const full = 'shop-full-202611220200';

const scheduled = (facts: BackupFacts, more: Partial<BackupFacts> = {}): BackupFacts => ({ ...facts, scheduled: true, ...more });

// Title, status before, spec of the schedule, now, Backups, and what is expected: runs, missed, condition, words.
for (const [title, status, schedule, now, backups, runs, counts, expected, text] of [
  ['in time', due, {}, start, [], 1, [1, 0], 'True OnTime', /slot of 2026-11-22T02:00:00Z/],
  ['an operator that was started anew', due, {}, start + 4 * minute, [], 1, [1, 0], 'True OnTime', /in time/],
  [
    'an operator that was away for an hour',
    due,
    {},
    start + hour,
    [],
    1,
    [1, 1],
    'False SlotsMissed',
    /slot of 2026-11-22T02:00:00Z.*One run/,
  ],
  [
    '30 hours without an operator',
    armed('2026-11-21T02:00:00Z'),
    {},
    start + 4 * hour,
    [],
    1,
    [2, 2],
    'False SlotsMissed',
    /2 slots from 2026-11-21.*One run/,
  ],
  [
    'one slot missed, the newest in time',
    armed('2026-11-21T02:00:00Z'),
    {},
    start + minute,
    [],
    1,
    [2, 1],
    'False SlotsMissed',
    /slot of 2026-11-21T02/,
  ],
  [
    'the starting deadline is over',
    due,
    { startingDeadline: '30m' },
    start + 31 * minute,
    [],
    0,
    [1, 1],
    'False SlotsMissed',
    /None of them is caught up/,
  ],
  ['within the starting deadline', due, { startingDeadline: '30m' }, start + 29 * minute, [], 1, [1, 1], 'False SlotsMissed', /One run/],
  ['an earlier run still waits', due, {}, start, [scheduled(backup(21))], 0, [1, 1], 'False SlotsMissed', /b21, still waits for its turn/],
  ['made before, the status was lost', due, {}, start + hour, [scheduled(backup(22), { name: full })], 0, [1, 0], 'True OnTime', /in time/],
  ['somebody took the name', due, {}, start, [backup(22, {}, { name: full })], 0, [1, 1], 'False SlotsMissed', /no schedule made/],
] as const) {
  test(`slots: ${title}`, (t) => {
    const decision = decide({ policy: nightly(status, {}, schedule), now, backups: [...backups] });
    t.is(backupsMade(decision).length, runs);
    t.deepEqual([decision.status.successRate?.scheduled, decision.status.successRate?.missed], [...counts]);
    t.is(condition(decision, 'OnSchedule'), expected);
    t.regex(message(decision, 'OnSchedule'), text);
  });
}

test('slots: a late run says so, and what was missed is told until a slot is kept', (t) => {
  const late = decide({ policy: nightly(due), now: start + hour });
  t.like(
    late.actions.find(({ type }) => type === 'createBackup'),
    { late: true },
  );
  const later = decide({ policy: nightly(late.status), now: start + 2 * hour });
  t.is(condition(later, 'OnSchedule'), 'False SlotsMissed');
  t.is(later.status.successRate?.missed, 1, 'counted once');
  const kept = decide({ policy: nightly(later.status), now: start + day });
  t.is(condition(kept, 'OnSchedule'), 'True OnTime');
  t.deepEqual([kept.status.successRate?.scheduled, kept.status.successRate?.missed], [2, 1]);
});

test('slots: jitter delays the start, always by the same, and the name is that of the slot', (t) => {
  const policy = nightly(undefined, {}, { jitter: '1h' });
  const offset = (Number.parseInt(hash('policy-uid/full'), 16) % 3600) * 1000;
  t.true(offset > 5 * minute, 'the case needs some delay');
  policy.status = armed(iso(start + offset));
  t.deepEqual(backupsMade(decide({ policy, now: start + offset - 1000 })), []);
  const decision = decide({ policy, now: start + offset });
  t.deepEqual(backupsMade(decision), [`${full} 2026-11-22T02:00:00Z`]);
  t.is(decision.status.next?.[0]?.time, iso(start + day + offset));
  t.is(condition(decision, 'OnSchedule'), 'True OnTime');
});

test('slots: without a schedule and suspended nothing is counted', (t) => {
  t.is(condition(decide(), 'OnSchedule'), 'Unknown NoSchedule');
  t.is(condition(decide({ policy: nightly(due, { suspend: true }), now: start + 9 * day }), 'OnSchedule'), 'Unknown Suspended');
  t.is(decide({ policy: nightly(due, { suspend: true }), now: start + 9 * day }).status.successRate, undefined);
});

const days = (...counts: [string, number, number, number, number][]): PolicyStatus => ({
  ...armed('2026-11-23T02:00:00Z'),
  successRate: {
    window: '30d',
    scheduled: 0,
    succeeded: 0,
    failed: 0,
    missed: 0,
    days: counts.map(([date, scheduled_, succeeded, failed, missed]) => ({ date, scheduled: scheduled_, succeeded, failed, missed })),
  },
});

test('success rate: runs in time count by how they ended; a late one is a miss; what was counted outlives its resource', (t) => {
  const failed = backup(20, { phase: 'PartiallyFailed', endTime: '2026-11-20T02:05:00Z' });
  const backups = [scheduled(complete(22)), scheduled(failed), scheduled(complete(21), { late: true }), complete(19)];
  const policy = nightly(
    days(['2026-10-22', 1, 1, 0, 0], ['2026-11-18', 1, 0, 1, 0], ['2026-11-20', 1, 0, 0, 0], ['2026-11-21', 1, 0, 0, 1]),
  );
  const { successRate } = decide({ policy, backups }).status;
  t.like(successRate, { scheduled: 3, succeeded: 1, failed: 2, missed: 1 });
  t.deepEqual(
    successRate?.days?.map(({ date }) => date),
    ['2026-11-18', '2026-11-20', '2026-11-21', '2026-11-22'],
    'older days are out',
  );
  const trimmed = decide({ policy: nightly({ ...days(), successRate }) }).status.successRate;
  t.deepEqual(trimmed, successRate);
});

const entry = (restorableTo: string, components = ['db', 'stock']): EntryLine => ({
  kind: 'entry',
  tier: 'local',
  backupId: `${restorableTo.replaceAll(/[-:]/g, '')}-full-x`,
  type: 'Full',
  slot: restorableTo,
  verdict: 'Passed',
  bytes: 20,
  seconds: 3,
  components: components.map((name) => ({ name, bytes: 10, restorableTo })),
  failed: [],
});
const holding = (measuredTime: number, ...entries: EntryLine[]): TierCatalogue => ({
  measuredTime,
  backups: entries.length,
  refused: 0,
  entries,
});
const hourly = { health: { cron: '0 * * * *', jitter: '1s' } };

for (const [title, ageHours, objectives, expected, text] of [
  ['fresh', 1, {}, 'True RestorePointFresh', /keeps the objective of 24h until 2026-11-23T01:00:00Z/],
  ['one second before the warning', 20, {}, 'True RestorePointFresh', /./],
  ['after the warning', 20.01, {}, 'True RestorePointAging', /At 2026-11-22T05:59:24Z it is older.*kubectl holdfast backup shop/],
  ['at the objective', 24, {}, 'True RestorePointAging', /./],
  ['after the objective', 24.01, {}, 'False RestorePointTooOld', /Since 2026-11-22T01:59:24Z it is older than the objective of 24h/],
  ['an objective of its own', 2, { rpo: '1h' }, 'False RestorePointTooOld', /1h/],
  ['a warning of its own', 2, { rpo: '4h', warnAt: '90m' }, 'True RestorePointAging', /4h/],
] as const) {
  test(`rpo: ${title}`, (t) => {
    const point = iso(start - ageHours * hour);
    const catalogue = { local: holding(start - minute, entry(point)), cloud: holding(start - minute) };
    const decision = decide({ policy: makePolicy({ objectives, schedules: hourly }), catalogue });
    t.is(condition(decision, 'RPOMet'), expected);
    t.regex(message(decision, 'RPOMet'), text);
    t.is(decision.status.rpo?.restorableTime, point);
    t.is(decision.status.rpo?.offsiteTime, undefined);
  });
}

test('rpo: the best tier counts, and of each tier the component that is worst off', (t) => {
  const catalogue = {
    local: holding(start - minute, entry('2026-11-21T02:00:00Z'), entry('2026-11-22T01:00:00Z', ['db'])),
    cloud: holding(start - 2 * minute, entry('2026-11-21T20:00:00Z')),
  };
  const { rpo, tiers } = decide({ policy: makePolicy({ schedules: hourly }), catalogue }).status;
  t.deepEqual(
    tiers?.map(({ restorableTime }) => restorableTime),
    ['2026-11-21T02:00:00Z', '2026-11-21T20:00:00Z'],
  );
  t.deepEqual(rpo, {
    objectiveSeconds: 86_400,
    restorableTime: '2026-11-21T20:00:00Z',
    offsiteTime: '2026-11-21T20:00:00Z',
    measuredTime: iso(start - 2 * minute),
  });
});

test('rpo: what was read is believed for two intervals, also after a restart; then nothing is claimed', (t) => {
  const policy = makePolicy({ schedules: hourly });
  const first = decide({ policy, catalogue: { local: holding(start, entry('2026-11-22T01:00:00Z')) } });
  const known = { policy: { ...policy, status: first.status }, catalogue: {} };
  t.is(condition(decide({ ...known, now: start + 2 * hour - 1000 }), 'RPOMet'), 'True RestorePointFresh');
  const stale = decide({ ...known, now: start + 2 * hour });
  t.is(condition(stale, 'RPOMet'), 'Unknown FactsStale');
  t.deepEqual(stale.status.rpo, { objectiveSeconds: 86_400 });
});

test('rpo: tiers that hold nothing whole are not the same as tiers that were not read', (t) => {
  t.is(condition(decide({ catalogue: {} }), 'RPOMet'), 'Unknown FactsStale');
  t.is(condition(decide({ catalogue: { local: measured(), cloud: measured() } }), 'RPOMet'), 'False NothingRestorable');
  const part = { local: holding(start, entry('2026-11-22T01:00:00Z', ['db'])), cloud: measured() };
  t.is(condition(decide({ catalogue: part }), 'RPOMet'), 'False NothingRestorable');
});

test('rpo: it is looked at again when it changes by itself', (t) => {
  const policy = makePolicy();
  const catalogue = { local: holding(start, entry(iso(start - 19 * hour))), cloud: holding(start) };
  t.is(decide({ policy, catalogue }).againMilliseconds, hour);
  t.is(decide({ policy, catalogue, now: start + 2 * hour }).againMilliseconds, 3 * hour);
});

test('rpo: a warning that comes after the objective is refused', (t) => {
  const decision = decide({ policy: makePolicy({ objectives: { rpo: '4h', warnAt: '4h' } }) });
  t.deepEqual([condition(decision, 'Ready'), condition(decision, 'Stalled')], ['False InvalidObjectives', 'True InvalidObjectives']);
});

test('readings: at every slot of the health schedule, later by the jitter of the policy, once', (t) => {
  const policy = makePolicy({ schedules: { health: { cron: '0 * * * *' } } });
  const offset = (Number.parseInt(hash('policy-uid/health'), 16) % (59 * 60)) * 1000;
  const catalogue = { local: measured(-10), cloud: measured(-10) };
  t.deepEqual(created(decide({ policy, catalogue, now: start + offset - 1000 }), 'inspect'), []);
  const first = decide({ policy, catalogue, now: start + offset });
  t.deepEqual(created(first, 'inspect'), ['local 1', 'cloud 1']);
  const again = decide({ policy, catalogue, now: start + offset + 30 * minute });
  t.deepEqual(again.actions, first.actions, 'the same Jobs, by their names');
  const read = { local: measured(offset / 1000 + 1), cloud: measured(offset / 1000 + 1) };
  t.deepEqual(created(decide({ policy, catalogue: read, now: start + offset + 30 * minute }), 'inspect'), []);
});

const failed = (at: number): BackupFacts => backup(at, { phase: 'Failed', endTime: `2026-11-${at}T02:05:00Z` });
const tiersOf = (local: object, cloud: object = {}): PolicyStatus => ({
  tiers: [
    {
      name: 'local',
      measuredTime: iso(start - minute),
      backups: 3,
      refused: 0,
      unverified: 0,
      lastVerifiedTime: iso(start - hour),
      ...local,
    },
    {
      name: 'cloud',
      measuredTime: iso(start - minute),
      backups: 3,
      refused: 0,
      unverified: 1,
      lastVerifiedTime: iso(start - hour),
      ...cloud,
    },
  ],
});

for (const [title, status, expected, text] of [
  ['read lately on every tier', tiersOf({}), 'True BytesVerified', /local: 3 of 3 .* cloud: 2 of 3 .*L1/],
  ['damage', tiersOf({}, { refused: 1 }), 'False DamageFound', /cloud: 1 backups/],
  ['a tier that was not read', tiersOf({}, { measuredTime: undefined }), 'Unknown FactsStale', /cloud/],
  ['never read whole', tiersOf({}, { lastVerifiedTime: undefined }), 'Unknown NotVerifiedYet', /on cloud/],
  ['nothing there', tiersOf({ backups: 0 }, { backups: 0 }), 'Unknown NotVerifiedYet', /no backup/],
  ['read long ago', tiersOf({ lastVerifiedTime: iso(start - 61 * day) }), 'Unknown VerificationStale', /^local: 3 of 3 [^·]*$/],
] as const) {
  test(`verified: ${title}`, (t) => {
    const decision = decide({ policy: makePolicy({ schedules: hourly }, status), catalogue: {} });
    t.is(condition(decision, 'Verified'), expected);
    t.regex(message(decision, 'Verified'), text);
  });
}

for (const [title, local, expected, text] of [
  ['room', { capacityBytes: 100, freeBytes: 21 }, 'True SpaceEnough', /about 80 % full/],
  ['above 80 %', { capacityBytes: 100, freeBytes: 19 }, 'True VolumeFilling', /larger claim/],
  ['above 90 %', { capacityBytes: 100, freeBytes: 9 }, 'False VolumeAlmostFull', /nothing is deleted/],
  ['not measured', {}, 'Unknown NotMeasured', /local/],
  ['measured long ago', { capacityBytes: 100, freeBytes: 9, measuredTime: iso(start - 3 * hour) }, 'Unknown NotMeasured', /local/],
] as const) {
  test(`capacity: ${title}`, (t) => {
    const decision = decide({ policy: makePolicy({ schedules: hourly }, tiersOf(local)), catalogue: {} });
    t.is(condition(decision, 'CapacityOK'), expected);
    t.regex(message(decision, 'CapacityOK'), text);
  });
}

const deleted = (given: Parameters<typeof decide>[0]): string[] =>
  decide(given).actions.flatMap((action) => (action.type === 'deleteBackup' ? [action.name] : []));

test('history: the newest ended resources stay, with the newest that is Complete, and those still being copied', (t) => {
  const policy = makePolicy({ history: { full: 2 } });
  t.deepEqual(deleted({ policy, backups: [complete(20, 'Sealed'), complete(21, 'Sealed'), complete(22, 'Sealed')] }), ['b20']);
  t.deepEqual(deleted({ policy, backups: [complete(19, 'Sealed'), failed(20), failed(21), failed(22)] }), ['b20']);
  t.deepEqual(deleted({ policy, backups: [complete(19, 'Pending'), complete(20, 'Sealed'), failed(21), failed(22)] }), []);
  t.deepEqual(deleted({ policy, backups: [backup(18), failed(21), failed(22)] }), [], 'one that has not ended');
  const many = Array.from({ length: 100 }, (_, at) => ({ ...failed(10), name: `n${at}`, createdTime: at }));
  t.is(deleted({ policy, backups: many }).length, 20, 'a few at a time');
  t.true(deleted({ policy, backups: many }).includes('n0'), 'the oldest first');
});

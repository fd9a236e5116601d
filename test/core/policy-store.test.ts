// Decisions on a BackupPolicy: copies, readings of the store, summary, history.
import test from 'ava';
import type { JobFacts, JobState } from '../../src/core/jobs/facts.ts';
import type { TierCatalogue } from '../../src/core/policy/observed.ts';
import { makeJob, makePolicy, start } from './fixtures.ts';
import {
  armed,
  complete,
  condition,
  created,
  decide,
  ended,
  entry,
  holding,
  iso,
  measured,
  message,
  minute,
  nightly,
} from './policy-cases.ts';

const copyJob = (day: number, state: JobState, attempt = 1): JobFacts =>
  makeJob({ name: `copy${day}-${attempt}`, verb: 'copy', tier: 'cloud', backupId: `202611${day}T020000Z-full-x`, attempt, state });
const copied = (day: number) => ({ verb: 'copy', backupId: `202611${day}T020000Z-full-x` });
const broken = { outcome: 'Failed', category: 'Repository', message: 'no route', retryable: true };

test('copies: the newest backup first, one at a time for each tier', (t) => {
  const backups = [complete(20), complete(21), complete(19, 'Sealed')];
  t.deepEqual(created(decide({ backups }), 'copy'), ['cloud 20261121T020000Z-full-x 1']);
  t.deepEqual(created(decide({ backups, jobs: [copyJob(21, { type: 'Running' })] }), 'copy'), []);
  t.deepEqual(created(decide({ backups, jobs: [copyJob(21, ended(copied(21)))] }), 'copy'), ['cloud 20261120T020000Z-full-x 1']);
  const owner = decide({ backups }).actions.find((action) => action.type === 'createJob' && action.job.verb === 'copy');
  t.like(owner, { job: { owner: 'BackupPolicy' } });
});

test('copies: tried again after a pause, for ever; meanwhile others go on', (t) => {
  const jobs = [copyJob(21, ended({ ...copied(21), ...broken }))];
  t.deepEqual(created(decide({ backups: [complete(21)], jobs }), 'copy'), []);
  t.deepEqual(created(decide({ backups: [complete(20), complete(21)], jobs }), 'copy'), ['cloud 20261120T020000Z-full-x 1']);
  t.deepEqual(created(decide({ backups: [complete(21)], jobs, now: start + minute }), 'copy'), ['cloud 20261121T020000Z-full-x 2']);
  const many = [copyJob(21, ended({ ...copied(21), ...broken }), 40)];
  t.deepEqual(created(decide({ backups: [complete(21)], jobs: many, now: start + 61 * minute }), 'copy'), [
    'cloud 20261121T020000Z-full-x 41',
  ]);
});

test('copies: a Job that left no result, or speaks of another backup, has copied nothing', (t) => {
  for (const state of [ended(), ended(copied(20))]) {
    t.deepEqual(created(decide({ backups: [complete(21)], jobs: [copyJob(21, state)], now: start + minute }), 'copy'), [
      'cloud 20261121T020000Z-full-x 2',
    ]);
  }
});

test('copies: due also where the Backup resource is gone', (t) => {
  t.deepEqual(created(decide({ catalogue: { local: holding(entry(21)), cloud: holding() } }), 'copy'), ['cloud 20261121T020000Z-full-x 1']);
  t.deepEqual(created(decide({ catalogue: { local: holding(entry(21)), cloud: holding(entry(21, { tier: 'cloud' })) } }), 'copy'), []);
  t.deepEqual(
    created(decide({ catalogue: { local: holding(entry(21)) } }), 'copy'),
    [],
    'a tier that was not read is not known to lack it',
  );
  t.deepEqual(created(decide({ catalogue: { local: holding(entry(21, { verdict: 'Failed' })), cloud: holding() } }), 'copy'), []);
});

test('copies: a copy that is refused on its tier is not there', (t) => {
  const catalogue = { local: holding(entry(21)), cloud: holding(entry(21, { tier: 'cloud', verdict: 'Failed' })) };
  t.deepEqual(created(decide({ catalogue }), 'copy'), ['cloud 20261121T020000Z-full-x 1']);
});

test('readings: a new policy has its tiers read once', (t) => {
  t.deepEqual(created(decide({ catalogue: {} }), 'inspect'), ['local 1', 'cloud 1']);
  const known = makePolicy(
    {},
    {
      tiers: [
        { name: 'local', measuredTime: iso(start) },
        { name: 'cloud', measuredTime: iso(start) },
      ],
    },
  );
  t.deepEqual(created(decide({ catalogue: {}, policy: known }), 'inspect'), [], 'a restart reads nothing again');
});

const inspectJob = (tier: string, state: JobState, createdTime: number, attempt = 1): JobFacts =>
  makeJob({ name: `inspect-${tier}-${createdTime}-${attempt}`, verb: 'inspect', tier, state, createdTime, attempt });
const inspected = { verb: 'inspect', tier: 'local', backups: 0, refused: 0 };

test('readings: after a backup the primary tier, after a copy the tier that got it', (t) => {
  const before = start - 60 * minute;
  const jobs = [inspectJob('local', ended(inspected), before), inspectJob('cloud', ended({ ...inspected, tier: 'cloud' }), before)];
  const backups = [{ ...complete(22, 'Sealed'), status: { ...complete(22, 'Sealed').status, endTime: iso(start) } }];
  t.deepEqual(created(decide({ jobs, backups }), 'inspect'), ['local 1']);
  t.deepEqual(created(decide({ jobs: [...jobs, copyJob(21, ended(copied(21)))] }), 'inspect'), ['cloud 1']);
  t.deepEqual(created(decide({ jobs: [...jobs, copyJob(21, ended({ ...copied(21), ...broken }))] }), 'inspect'), []);
  t.deepEqual(created(decide({ jobs: [...jobs, inspectJob('local', ended(inspected), start)], backups }), 'inspect'), []);
});

test('readings: after a new stretch of WAL began the primary tier, once', (t) => {
  const policy = makePolicy({}, { walArchive: [{ component: 'db', heldSince: iso(start) }] });
  const [before, after] = [start - 1, start + 1];
  const cloud = inspectJob('cloud', ended({ ...inspected, tier: 'cloud' }), before);
  t.deepEqual(created(decide({ policy, jobs: [cloud, inspectJob('local', ended(inspected), before)] }), 'inspect'), ['local 1']);
  t.deepEqual(created(decide({ policy, jobs: [cloud, inspectJob('local', ended(inspected), after)] }), 'inspect'), []);
});

// What was read of a tier whose newest WAL is of that timeline.
const tierOn = (tier: string, timeline: number): TierCatalogue => ({
  measuredTime: start - 1,
  backups: 0,
  refused: 0,
  windows: [
    {
      kind: 'window',
      tier,
      component: 'db',
      newest: { lineageId: 'l', timeline, fromLsn: '0/1', toLsn: '0/2', isReached: true },
      intervals: [],
      gaps: [],
    },
  ],
});

const catalogueOn = (timeline: number) => ({ local: tierOn('local', timeline), cloud: tierOn('cloud', timeline) });

test('readings: every tier where the server went to another timeline since', (t) => {
  const policy = makePolicy({}, { walArchive: [{ component: 'db', lineageId: 'l', timeline: 2, heldSince: iso(start) }] });
  const jobs = ['local', 'cloud'].map((tier) => inspectJob(tier, ended({ ...inspected, tier }), start - 1));
  t.deepEqual(created(decide({ policy, jobs, catalogue: catalogueOn(1) }), 'inspect'), ['local 1', 'cloud 1']);
  t.deepEqual(created(decide({ policy, jobs, catalogue: catalogueOn(2) }), 'inspect'), ['local 1']);
});

const failedReading = (attempt: number) => [inspectJob('local', ended({ ...inspected, ...broken }), start, attempt)];

test('readings: a failed one is tried again after a pause that grows', (t) => {
  t.deepEqual(created(decide({ jobs: failedReading(1), now: start + 29_000 }), 'inspect'), []);
  t.deepEqual(created(decide({ jobs: failedReading(1), now: start + 30_000 }), 'inspect'), ['local 2']);
  t.deepEqual(created(decide({ jobs: failedReading(2), now: start + 30_000 }), 'inspect'), []);
});

test('readings: one that does not start within its deadline is stopped', (t) => {
  const jobs = [inspectJob('local', { type: 'Waiting', message: 'FailedMount: no such secret' }, start)];
  const decision = decide({ jobs, now: start + 10 * minute });
  t.deepEqual(
    decision.actions.map(({ type }) => type),
    ['deleteJob'],
  );
  t.is(condition(decision, 'StorageHealthy'), 'False StoreUnreadable');
  const next = decide({ catalogue: { cloud: measured() }, policy: makePolicy({}, decision.status), now: start + 10 * minute });
  t.is(condition(next, 'StorageHealthy'), 'False StoreUnreadable', 'what was found stays until a reading succeeds');
});

test('summary: what the store holds, not what resources say', (t) => {
  const decision = decide({
    catalogue: { local: holding(entry(20), entry(21, { verdict: 'Failed' })), cloud: holding(entry(19, { tier: 'cloud' })) },
    backups: [complete(20, 'Sealed'), complete(21, 'Sealed')],
  });
  t.deepEqual(decision.status.tiers, [
    { name: 'local', latestBackupTime: '2026-11-20T02:00:00Z', backups: 1, refused: 1, measuredTime: '2026-11-22T03:00:00Z' },
    { name: 'cloud', latestBackupTime: '2026-11-19T02:00:00Z', backups: 1, refused: 0, measuredTime: '2026-11-22T03:00:00Z' },
  ]);
  t.deepEqual(decision.status.latestBackup, { name: 'b20', backupId: '20261120T020000Z-full-x', bytes: 20, seconds: 3 });
  t.deepEqual(decision.status.components, [
    { name: 'db', lastSuccessTime: '2026-11-20T02:00:00Z', bytes: 20, wholeBytes: 20, restorableTo: '2026-11-20T02:01:00Z' },
    { name: 'stock' },
  ]);
  t.is(decision.status.rpo?.restorableTime, undefined, 'one component has nothing: the whole is not restorable');
  t.is(decision.status.repositoryId, 'r1');
});

test('summary: figures that were not measured again stay; those never measured are absent', (t) => {
  const before = decide({ catalogue: { local: holding(entry(20)), cloud: holding() } }).status;
  const after = decide({ catalogue: {}, policy: makePolicy({}, before) }).status;
  t.deepEqual([after.tiers, after.components, after.latestBackup], [before.tiers, before.components, before.latestBackup]);
  t.deepEqual(decide({ catalogue: {} }).status.tiers, [{ name: 'local' }, { name: 'cloud' }]);
});

test('history: Jobs of older runs, readings and copies go; what runs stays', (t) => {
  const days = [10, 11, 12, 13, 14];
  const runs = days.map((day) => complete(day, 'Sealed'));
  const jobs = [
    ...days.map((day) => makeJob({ name: `dump${day}`, verb: 'dump', ownerUid: `uid${day}`, state: ended() })),
    ...days.map((day) => inspectJob('local', ended(inspected), Date.parse(`2026-11-${day}T03:00:00Z`))),
    ...days.map((day) => ({ ...copyJob(day, ended(copied(day))), createdTime: day })),
    { ...copyJob(14, ended({ ...copied(14), ...broken }), 0), createdTime: 1 },
    makeJob({ name: 'running', verb: 'dump', ownerUid: 'uid10', state: { type: 'Running' } }),
    makeJob({ name: 'foreign', verb: 'dump', ownerUid: 'uid10', ours: false, state: ended() }),
  ];
  const gone = decide({ backups: runs, jobs }).actions.flatMap((action) => (action.type === 'deleteJob' ? [action.name] : []));
  t.deepEqual(
    gone.toSorted(),
    [
      'copy10-1',
      'copy11-1',
      'copy14-0',
      'dump10',
      'dump11',
      ...[10, 11].map((day) => `inspect-local-${Date.parse(`2026-11-${day}T03:00:00Z`)}-1`),
    ].toSorted(),
  );
});

test('a policy that is being deleted does nothing', (t) => {
  const policy = nightly(armed('2026-11-22T02:00:00Z'));
  policy.metadata.deletionTimestamp = iso(start);
  t.deepEqual(decide({ policy }).actions, []);
});

// Neither tier can be read: the pods never started, and their Jobs are gone.
const stuck = (tier: string): JobFacts => inspectJob(tier, { type: 'Waiting', message: `FailedMount: no Secret for ${tier}` }, start);

test('storage health: tiers that cannot be read are named, each once, for as long as that lasts', (t) => {
  const seen = new Set<string>();
  let { status } = decide({ catalogue: {}, jobs: [stuck('local'), stuck('cloud')], now: start + 10 * minute });
  for (let round = 0; round < 4; round += 1) {
    const decision = decide({ catalogue: {}, policy: makePolicy({}, status), now: start + (11 + round) * minute });
    t.is(condition(decision, 'StorageHealthy'), 'False StoreUnreadable');
    seen.add(message(decision, 'StorageHealthy'));
    ({ status } = decision);
  }
  t.is(seen.size, 1);
  t.regex([...seen][0] ?? '', /local: .*no Secret for local/);
  t.is([...seen][0]?.match(/no Secret for cloud/g)?.length, 1);
});

test('storage health: what is said of one tier is not taken for another', (t) => {
  const tiers = ['local', 'al'].map((name) => ({ name, persistentVolumeClaim: { size: '1Gi' } }));
  const { status } = decide({ catalogue: {}, policy: makePolicy({ tiers }), jobs: [stuck('local')], now: start + 10 * minute });
  const next = decide({ catalogue: {}, policy: makePolicy({ tiers }, status), now: start + 11 * minute });
  t.is(message(next, 'StorageHealthy').split(' · ').length, 1);
});

test('storage health: an older reading does not outweigh that newer ones cannot be made', (t) => {
  const before = start - 60 * minute;
  const good = inspectJob('local', ended(inspected, before), before);
  const backups = [{ ...complete(22, 'Sealed'), status: { ...complete(22, 'Sealed').status, endTime: iso(start) } }];
  const old = { measuredTime: before, backups: 1, refused: 0, entries: [] };
  const given = { catalogue: { local: old, cloud: measured() }, backups };
  const failed = decide({ ...given, jobs: [good, stuck('local')], now: start + 10 * minute });
  t.is(condition(failed, 'StorageHealthy'), 'False StoreUnreadable');
  const gone = decide({ ...given, policy: makePolicy({}, failed.status), jobs: [good], now: start + 11 * minute });
  t.is(condition(gone, 'StorageHealthy'), 'False StoreUnreadable');
  const waiting = decide({ ...given, policy: makePolicy({}, gone.status), jobs: [good, stuck('local')], now: start + 5 * minute });
  t.is(condition(waiting, 'StorageHealthy'), 'False StoreUnreadable');
  const read = { ...given, catalogue: { ...given.catalogue, local: { ...old, measuredTime: start } } };
  t.is(condition(decide({ ...read, policy: makePolicy({}, waiting.status) }), 'StorageHealthy'), 'True AllVerified');
});

test('readings: a run that failed has the store read, one that never began has not', (t) => {
  const before = start - 60 * minute;
  const jobs = [inspectJob('local', ended(inspected), before)];
  const failed = {
    ...complete(22, 'Sealed'),
    status: { phase: 'Failed' as const, startTime: iso(before), endTime: iso(start), backupId: 'x' },
  };
  t.deepEqual(created(decide({ jobs, backups: [failed] }), 'inspect'), ['local 1']);
  const early = { ...failed, status: { phase: 'Failed' as const, endTime: iso(start) } };
  t.deepEqual(created(decide({ jobs, backups: [early] }), 'inspect'), []);
});

test('summary: what the store does not hold any more is shown no longer', (t) => {
  const before = decide({ catalogue: { local: holding(entry(20)), cloud: holding() } }).status;
  t.is(before.latestBackup?.backupId, '20261120T020000Z-full-x');
  const after = decide({ catalogue: { local: holding(), cloud: holding() }, policy: makePolicy({}, before) }).status;
  t.deepEqual(
    [after.latestBackup, after.components, after.rpo?.restorableTime],
    [undefined, [{ name: 'db' }, { name: 'stock' }], undefined],
  );
});

test('summary: a manifest whose slot is no time does not hold the status up', (t) => {
  const odd = entry(21, { slot: 'soon' });
  const { status } = decide({ catalogue: { local: holding(entry(20), odd), cloud: holding() } });
  t.is(status.tiers?.[0]?.latestBackupTime, '2026-11-20T02:00:00Z');
  t.is(status.components?.[0]?.lastSuccessTime, '2026-11-20T02:00:00Z');
});

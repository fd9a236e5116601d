// Differential and Incremental: what a backup builds on, when it runs, and in which order copies are made.
import test from 'ava';
import type { EntryLine } from '../../src/api/agent.ts';
import type { BackupType } from '../../src/api/backup-type.ts';
import type { PolicySpec } from '../../src/api/policy.ts';
import { baseOf } from '../../src/core/backup/parents.ts';
import type { Base } from '../../src/core/backup/parents.ts';
import {
  component,
  decide as decideRun,
  dumped,
  dumpJob,
  dumpResult,
  ended,
  running,
  sealJob,
  sealResult,
  condition as runCondition,
  message,
} from './backup-cases.ts';
import { makeBackup, makePolicy, postgresql, start } from './fixtures.ts';
import { backup, backupsMade, condition, created, decide, entry, holding, iso, message as said, minute } from './policy-cases.ts';

const hour = 60 * minute;
const withState = (physical: object = {}, version = 17) => {
  const policy = makePolicy({ components: [{ name: 'db', postgresql: { ...postgresql(version), physical } }] });
  return {
    ...policy,
    spec: {
      ...policy.spec,
      encryption: { ...policy.spec.encryption, stateIdentitySecretRef: { name: 'state', key: 'recipient', identityKey: 'identity' } },
    },
  };
};

const on = (day: number, parent?: number, facts: Partial<EntryLine> = {}): EntryLine =>
  entry(day, {
    components: [{ name: 'db', bytes: 1, ...(parent === undefined ? {} : { parent: `202611${parent}T020000Z-full-x` }) }],
    ...facts,
  });
const idOf = (day: number): string => `202611${day}T020000Z-full-x`;

const chosen = (type: BackupType, entries: EntryLine[] | undefined, spec: PolicySpec = withState().spec): Base =>
  baseOf({ type, encryption: spec.encryption, component: spec.components[0] as PolicySpec['components'][number], entries });
const why = (...given: Parameters<typeof chosen>): string | undefined => chosen(...given).whole?.reason;

test('an Incremental builds on the newest backup that passed, a Differential on the newest that stands alone', (t) => {
  const stored = [on(10), on(12), on(13, 12), on(11, 10), on(14, 13, { verdict: 'Failed' }), on(15, 13, { verdict: 'Inconclusive' })];
  t.deepEqual(chosen('Incremental', stored), { parent: idOf(13) });
  t.deepEqual(chosen('Differential', stored), { parent: idOf(12) });
  t.deepEqual(chosen('Full', stored), {});
  t.deepEqual(chosen('Incremental', [on(12), entry(13, { components: [{ name: 'other', bytes: 1 }] })]), { parent: idOf(12) });
});

test('where nothing can be built on, it says why', (t) => {
  t.is(why('Incremental', []), 'NoParent');
  t.is(why('Differential', [on(13, 12, {})]), 'NoParent');
  t.is(why('Incremental', undefined), 'StoreNotRead');
  t.is(why('Incremental', [on(12)], withState({ incremental: 'Off' }).spec), 'IncrementsOff');
  t.is(why('Incremental', [on(12)], withState({}, 16).spec), 'ServerTooOld');
  t.is(why('Incremental', [on(12)], makePolicy().spec), 'StateIdentityMissing');
  t.deepEqual(chosen('Incremental', [on(12)], withState({ enabled: false }).spec), {}, 'dumps alone are whole by nature');
});

test('a chain ends at maxChain, and a Full begins the next one', (t) => {
  const three = withState({ maxChain: 3 }).spec;
  const stored = [on(10), on(11, 10), on(12, 11)];
  t.deepEqual(chosen('Incremental', stored, three), { parent: idOf(12) });
  t.is(why('Incremental', [...stored, on(13, 12)], three), 'ChainFull');
  t.deepEqual(chosen('Differential', [...stored, on(13, 12)], three), { parent: idOf(10) });
  t.deepEqual(chosen('Incremental', [...stored, on(13, 12), on(14)], three), { parent: idOf(14) });
});

const incremental = makeBackup(undefined, {}, { type: 'Incremental' });
const stored = (seconds: number, ...entries: EntryLine[]) => ({ measuredTime: start + seconds * 1000, entries });
const begin = (given: object) => decideRun(undefined, { backup: incremental, policy: withState(), ...given });

test('the id and what it builds on stand in the status before there is any Job', (t) => {
  const decision = begin({ stored: stored(0, on(12)), lastSealedTime: start - hour });
  t.regex(decision.status.backupId ?? '', /^20261122T020000Z-incremental-[0-9a-f]{8}$/);
  t.deepEqual(decision.status.components, [{ name: 'db', outcome: 'Pending', parent: idOf(12) }]);
  t.deepEqual(
    decision.actions.filter(({ type }) => type === 'createJob'),
    [],
  );
});

test('a reading from before the newest run does not count: a newer one is waited for, but not for ever', (t) => {
  const old = { stored: stored(-60, on(12)), lastSealedTime: start };
  for (const given of [old, { lastSealedTime: start }]) {
    const waiting = begin({ ...given, now: start + minute });
    t.is(runCondition(waiting, 'Succeeded'), 'Unknown StoreBeingRead');
    t.is(waiting.status.backupId, undefined);
    t.true((waiting.againMilliseconds ?? Infinity) <= minute);
    t.like(begin({ ...given, now: start + 16 * minute }).status.components, [
      { name: 'db', parent: undefined, whole: { reason: 'StoreNotRead' } },
    ]);
  }
  t.like(begin({ ...old, policy: withState({ incremental: 'Off' }), now: start + minute }).status.components, [
    { whole: { reason: 'IncrementsOff' } },
  ]);
});

const built = (parent = idOf(12)) => [{ name: 'db', outcome: 'Pending' as const, parent }];

test('the parent goes into the Job, and stays through every attempt', (t) => {
  const given = { policy: withState(), backup: makeBackup(running({ components: built() }), {}, { type: 'Incremental' }) };
  const first = decideRun(undefined, given);
  t.like(first.actions[0], { type: 'createJob', job: { verb: 'dump', parent: idOf(12), backup: { type: 'Incremental' } } });
  t.like(component(first), { outcome: 'Running', parent: idOf(12) });
  const again = {
    ...given,
    backup: makeBackup(
      { ...running(), components: [{ name: 'db', outcome: 'Running', attempt: 1, parent: idOf(12) }] },
      {},
      { type: 'Incremental' },
    ),
  };
  const lost = decideRun(undefined, { ...again, jobs: [dumpJob(ended())] });
  t.like(component(lost), { outcome: 'Pending', parent: idOf(12) });
});

test('what the agent has built on counts, and a whole copy is told of when all is well', (t) => {
  const policy = withState();
  const status = running({ components: [{ name: 'db', outcome: 'Running', attempt: 1, parent: idOf(12) }] });
  const after = (result: object) => component(decideRun(status, { policy, jobs: [dumpJob(ended(dumpResult(result)))] }));
  t.like(after({ parent: idOf(12) }), { outcome: 'Succeeded', parent: idOf(12), whole: undefined });
  const whole = { reason: 'SummariesOff' as const, message: 'summarize_wal is off.' };
  t.like(after({ whole }), { outcome: 'Succeeded', parent: undefined, whole });
  const end = decideRun(dumped({ sealAttempt: 1, components: [{ name: 'db', outcome: 'Succeeded', attempt: 1, whole }] }), {
    policy,
    jobs: [sealJob(ended(sealResult()))],
  });
  t.is(end.status.phase, 'Complete');
  t.regex(message(end), /db was copied whole \(SummariesOff\): summarize_wal is off\./);
});

const every = { full: { cron: '0 2 * * *' }, differential: { cron: '0 14 * * *' }, incremental: { cron: '0 */6 * * *' } };
const armed = (...next: [BackupType, string][]) => ({
  observedGeneration: 1,
  next: next.map(([type, time]) => ({ type, time: `2026-11-22T${time}:00Z` })),
  conditions: [{ type: 'Ready', status: 'True' as const, reason: 'Armed', message: '', lastTransitionTime: '2026-11-20T12:00:00Z' }],
});
const at = (clock: string): number => Date.parse(`2026-11-22T${clock}:00Z`);

test('each schedule has its own slots, and names its runs', (t) => {
  const policy = makePolicy({ schedules: every }, armed(['Full', '02:00'], ['Incremental', '06:00'], ['Differential', '14:00']));
  const full = decide({ policy, now: at('02:00') });
  t.deepEqual(backupsMade(full), ['shop-full-202611220200 2026-11-22T02:00:00Z']);
  t.deepEqual(
    full.status.next?.map(({ type, time }) => `${type} ${time}`),
    ['Incremental 2026-11-22T06:00:00Z', 'Differential 2026-11-22T14:00:00Z', 'Full 2026-11-23T02:00:00Z'],
  );
  const small = decide({ policy: makePolicy({ schedules: every }, full.status), now: at('06:00') });
  t.like(small.actions, [{ type: 'createBackup', name: 'shop-incremental-202611220600', kind: 'Incremental' }]);
  t.is(small.status.lastScheduleTime, '2026-11-22T06:00:00Z');
});

const open = (type: BackupType, started: boolean) =>
  backup(21, started ? { startTime: iso(start) } : {}, { name: `open-${type}`, type, scheduled: true });

test('a Full stands for the Incremental that is due, waits, or comes while it runs', (t) => {
  const schedules = { full: { cron: '0 6 * * *' }, incremental: { cron: '0 */6 * * *' } };
  const policy = makePolicy({ schedules }, armed(['Full', '06:00'], ['Incremental', '06:00']));
  const both = decide({ policy, now: at('06:00') });
  t.deepEqual(backupsMade(both), ['shop-full-202611220600 2026-11-22T06:00:00Z']);
  t.is(condition(both, 'OnSchedule'), 'True OnTime');
  t.like(both.status.successRate, { scheduled: 1, missed: 0 });

  const incrementalDue = makePolicy({ schedules }, armed(['Full', '18:00'], ['Incremental', '12:00']));
  for (const started of [true, false]) {
    const during = decide({ policy: incrementalDue, backups: [open('Full', started)], now: at('12:00') });
    t.deepEqual(backupsMade(during), []);
    t.is(condition(during, 'OnSchedule'), 'Unknown NoSlotYet', 'nothing is missed');
  }
  const fullDue = makePolicy({ schedules }, armed(['Full', '06:00'], ['Incremental', '12:00']));
  const waiting = decide({ policy: fullDue, backups: [open('Incremental', false)], now: at('06:00') });
  t.like(waiting.actions, [
    { type: 'deleteBackup', name: 'open-Incremental' },
    { type: 'createBackup', kind: 'Full' },
  ]);
  const runs = decide({ policy: fullDue, backups: [open('Incremental', true)], now: at('06:00') });
  t.like(runs.actions, [{ type: 'createBackup', kind: 'Full' }], 'one that runs is left alone');
});

test('a Full that was missed is told of until a Full is kept, whatever the others do', (t) => {
  const schedules = { full: { cron: '0 2 * * *', startingDeadline: '10m' }, incremental: { cron: '0 * * * *' } };
  const late = decide({ policy: makePolicy({ schedules }, armed(['Full', '02:00'], ['Incremental', '03:00'])), now: at('02:30') });
  t.is(condition(late, 'OnSchedule'), 'False SlotsMissed');
  const next = decide({ policy: makePolicy({ schedules }, late.status), now: at('03:00') });
  t.deepEqual(backupsMade(next), ['shop-incremental-202611220300 2026-11-22T03:00:00Z']);
  t.is(condition(next, 'OnSchedule'), 'False SlotsMissed');
  t.regex(said(next, 'OnSchedule'), /schedules\.full/);
  const kept = decide({ policy: makePolicy({ schedules }, next.status), now: Date.parse('2026-11-23T02:00:00Z') });
  t.notRegex(said(kept, 'OnSchedule'), /schedules\.full got no run/);
});

const endedRun = (day: number, type: BackupType) => backup(day, { phase: 'Failed', endTime: iso(start) }, { type });

test('each type has its own limit of resources', (t) => {
  const backups = [
    endedRun(10, 'Full'),
    endedRun(11, 'Full'),
    endedRun(12, 'Incremental'),
    endedRun(13, 'Differential'),
    endedRun(14, 'Incremental'),
  ];
  const removed = (history: object) =>
    decide({ policy: makePolicy({ history }), backups }).actions.flatMap((action) => (action.type === 'deleteBackup' ? [action.name] : []));
  t.deepEqual(removed({ full: 1 }), ['b10']);
  t.deepEqual(removed({ incremental: 1 }), ['b13', 'b12']);
});

test('a copy is made after the copy of what it builds on', (t) => {
  const sealed = (day: number, parent?: number, cloud: 'Pending' | 'Sealed' = 'Pending') =>
    backup(day, {
      phase: 'Complete',
      backupId: idOf(day),
      endTime: `2026-11-${day}T02:05:00Z`,
      components: [{ name: 'db', outcome: 'Succeeded', ...(parent === undefined ? {} : { parent: idOf(parent) }) }],
      tiers: [
        { name: 'local', state: 'Sealed' },
        { name: 'cloud', state: cloud },
      ],
    });
  const copy = (...backups: ReturnType<typeof sealed>[]) => created(decide({ backups }), 'copy');
  t.deepEqual(copy(sealed(10), sealed(11, 10), sealed(12, 11)), [`cloud ${idOf(10)} 1`]);
  t.deepEqual(copy(sealed(10, undefined, 'Sealed'), sealed(11, 10), sealed(12, 11)), [`cloud ${idOf(11)} 1`]);
  t.deepEqual(copy(sealed(10, undefined, 'Sealed'), sealed(11, 10), sealed(12, 10)), [`cloud ${idOf(12)} 1`], 'the newest first');
  // The resource of the Full is gone: the primary tier tells of it, and the cloud tier that it lacks it.
  const catalogue = { local: holding(on(10), on(11, 10)), cloud: holding() };
  t.deepEqual(created(decide({ backups: [sealed(11, 10)], catalogue }), 'copy'), [`cloud ${idOf(10)} 1`]);
});

test('a chain longer than what is copied by itself is copied whole', (t) => {
  const days = Array.from({ length: 24 }, (_, index) => 10 + index);
  const entries = days.map((day) => on(day, day === 10 ? undefined : day - 1));
  t.deepEqual(created(decide({ catalogue: { local: holding(...entries), cloud: holding() } }), 'copy'), [`cloud ${idOf(10)} 1`]);
});

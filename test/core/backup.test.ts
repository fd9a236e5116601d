// Decisions on a Backup, fact by fact.
import test from 'ava';
import type { AgentResult, DumpResult, EntryLine, SealResult } from '../../src/api/agent.ts';
import type { BackupStatus } from '../../src/api/backup.ts';
import { annotation, finalizer } from '../../src/api/group.ts';
import { decideBackup } from '../../src/core/backup/decide.ts';
import type { BackupDecision, BackupObserved } from '../../src/core/backup/observed.ts';
import type { JobFacts, JobState } from '../../src/core/jobs/facts.ts';
import type { Action } from '../../src/core/jobs/request.ts';
import { copyState } from '../../src/core/plan/copy-state.ts';
import { hash, makeBackup, makeJob, makePolicy, observedBackup, start } from './fixtures.ts';

const id = `20261122T020000Z-full-${hash('backup-uid')}`;
const nameOf = (what: string, attempt = 1): string => `shop-${hash('backup-uid')}-${what}-${attempt}`;
const minute = 60_000;

const running = (status: Partial<BackupStatus> = {}): BackupStatus => ({
  backupId: id,
  startTime: '2026-11-22T02:00:00Z',
  components: [
    { name: 'db', outcome: 'Running', attempt: 1 },
    { name: 'stock', outcome: 'Pending' },
  ],
  tiers: [
    { name: 'local', state: 'Pending' },
    { name: 'cloud', state: 'Pending' },
  ],
  ...status,
});
const dumped = (status: Partial<BackupStatus> = {}): BackupStatus =>
  running({
    components: [
      { name: 'db', outcome: 'Succeeded', attempt: 2, bytes: 10, restorableTo: '2026-11-22T02:00:30Z' },
      { name: 'stock', outcome: 'Succeeded', attempt: 1, bytes: 5, restorableTo: '2026-11-22T02:00:20Z' },
    ],
    ...status,
  });

const base = { kind: 'result', time: '2026-11-22T02:01:00Z', outcome: 'Succeeded', category: 'None' } as const;
const dumpResult = (facts: Partial<DumpResult> = {}): DumpResult => ({
  ...base,
  verb: 'dump',
  backupId: id,
  component: 'db',
  attempt: 1,
  bytes: 10,
  restorableTo: '2026-11-22T02:00:30Z',
  verification: { level: 'L2', verdict: 'Passed' },
  ...facts,
});
const sealResult = (facts: Partial<SealResult> = {}): SealResult => ({ ...base, verb: 'seal', backupId: id, bytes: 15, ...facts });
const failure = (facts: object) => ({ outcome: 'Failed', category: 'Source', message: 'it broke', retryable: true, ...facts }) as const;
const ended = (result?: AgentResult, more: Partial<Extract<JobState, { type: 'Ended' }>> = {}): JobState => ({
  type: 'Ended',
  endTime: start + minute,
  started: true,
  ...(result === undefined ? {} : { result }),
  ...more,
});

const job = (what: string, verb: JobFacts['verb'], state: JobState, facts: Partial<JobFacts> = {}): JobFacts =>
  makeJob({ name: nameOf(what, facts.attempt ?? 1), verb, state, ...facts });
const dumpJob = (state: JobState, facts: Partial<JobFacts> = {}): JobFacts => job('dump-db', 'dump', state, { component: 'db', ...facts });
const sealJob = (state: JobState, facts: Partial<JobFacts> = {}): JobFacts => job('seal', 'seal', state, facts);

const decide = (status: BackupStatus | undefined, given: Partial<BackupObserved> = {}): BackupDecision =>
  decideBackup(observedBackup({ now: start + minute, backup: makeBackup(status, { finalizers: [finalizer] }), ...given }));
const created = (decision: BackupDecision): string[] =>
  decision.actions.flatMap((action) => (action.type === 'createJob' ? [action.job.name] : []));
const types = (decision: BackupDecision): Action['type'][] => decision.actions.map(({ type }) => type);
const component = (decision: BackupDecision, name = 'db') => decision.status.components?.find((each) => each.name === name);
const condition = (decision: BackupDecision, type: string) => {
  const found = decision.status.conditions?.find((each) => each.type === type);
  return found && `${found.status} ${found.reason}`;
};
const message = (decision: BackupDecision): string => decision.status.conditions?.find(({ type }) => type === 'Ready')?.message ?? '';

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

test('start: finalizer, id and components stand there before the first Job', (t) => {
  const decision = decideBackup(observedBackup());
  t.deepEqual(decision.actions, [{ type: 'addFinalizer' }]);
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

test('dumping: the size of the last backup is handed on', (t) => {
  const policy = makePolicy({}, { components: [{ name: 'stock', bytes: 77 }] });
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

test('attempt: pauses double', (t) => {
  const at = (attempt: number) => {
    const status = running({ components: [{ name: 'db', outcome: 'Running', attempt }] });
    const decision = decide(status, {
      policy: makePolicy({ jobs: { attempts: 9 } }),
      jobs: [dumpJob(ended(dumpResult(failure({ attempt }))), { attempt })],
    });
    return Date.parse(component(decision)?.nextAttemptTime ?? '') - (start + minute);
  };
  t.deepEqual([1, 2, 3].map(at), [10_000, 20_000, 40_000]);
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

test('every component failed: Failed, without a seal', (t) => {
  const status = running({
    components: [
      { name: 'db', outcome: 'Failed', category: 'Source', message: 'no route' },
      { name: 'stock', outcome: 'Failed', category: 'Source', message: 'no route' },
    ],
  });
  const decision = decide(status);
  t.deepEqual(decision.actions, []);
  t.is(decision.status.phase, 'Failed');
  t.deepEqual(
    [condition(decision, 'Ready'), condition(decision, 'Succeeded'), condition(decision, 'Stalled'), condition(decision, 'Reconciling')],
    ['False SourceFailed', 'False SourceFailed', 'True SourceFailed', undefined],
  );
  t.regex(message(decision), /db: no route · stock: no route/);
  t.is(decision.status.endTime, '2026-11-22T02:01:00Z');
});

test('failures of different kinds share no reason', (t) => {
  const status = running({
    components: [
      { name: 'db', outcome: 'Failed', category: 'Source' },
      { name: 'stock', outcome: 'Failed', category: 'Start' },
    ],
  });
  t.is(condition(decide(status), 'Succeeded'), 'False Failed');
});

test('seal: names the attempts that count, and the components that failed', (t) => {
  const status = dumped();
  status.components?.push({ name: 'mail', outcome: 'Failed', category: 'Start', attempt: 1 });
  const decision = decide(status);
  t.like(decision.actions[0], { type: 'createJob', job: { name: nameOf('seal'), verb: 'seal', tier: 'local' } });
  const [action] = decision.actions;
  t.deepEqual(action?.type === 'createJob' && [action.job.components, action.job.failed], [
    [
      { name: 'db', attempt: 2 },
      { name: 'stock', attempt: 1 },
    ],
    [{ name: 'mail', category: 'Start' }],
  ]);
  t.like(decision.status, { sealAttempt: 1, phase: 'Verifying' });
  t.is(condition(decision, 'Reconciling'), 'True Sealing');
});

test('seal: its result, and only that, makes the run Complete', (t) => {
  const decision = decide(dumped({ sealAttempt: 1 }), { jobs: [sealJob(ended(sealResult()))] });
  t.like(decision.status, {
    phase: 'Complete',
    bytes: 15,
    size: '15 B',
    duration: '1m',
    restorableTo: '2026-11-22T02:00:20Z',
    endTime: '2026-11-22T02:01:00Z',
  });
  t.deepEqual(
    [condition(decision, 'Ready'), condition(decision, 'Succeeded'), condition(decision, 'Stalled'), condition(decision, 'Reconciling')],
    ['True Complete', 'True Complete', undefined, undefined],
  );
  t.deepEqual(decision.status.tiers, [
    { name: 'local', state: 'Sealed' },
    { name: 'cloud', state: 'Pending' },
  ]);
  t.deepEqual(decision.status.verification?.at(-1), { level: 'L0', tier: 'local', verdict: 'Passed', time: '2026-11-22T02:01:00Z' });
});

test('seal: with a failed component the run is PartiallyFailed', (t) => {
  const status = dumped({ sealAttempt: 1 });
  status.components?.push({ name: 'mail', outcome: 'Failed', category: 'Start', message: 'no image' });
  const decision = decide(status, { jobs: [sealJob(ended(sealResult()))] });
  t.is(decision.status.phase, 'PartiallyFailed');
  t.deepEqual([condition(decision, 'Succeeded'), condition(decision, 'Stalled')], ['False PartiallyFailed', 'True PartiallyFailed']);
  t.regex(message(decision), /mail: no image/);
});

for (const [title, jobs] of [
  ['that exits 0 and says nothing', [sealJob(ended())]],
  ['that is gone', []],
  ['that speaks of another backup', [sealJob(ended(sealResult({ backupId: 'another' })))]],
  ['that failed for good after it had run', [sealJob(ended(sealResult(failure({ retryable: false }))))]],
  ['whose pod was one of several', [sealJob(ended(undefined, { cause: 'Interrupted' }))]],
] as const) {
  test(`seal: a Job ${title} is no success: the store is asked`, (t) => {
    const decision = decide(dumped({ sealAttempt: 1 }), { jobs: [...jobs] });
    t.deepEqual(created(decision), [nameOf('check-1')]);
    t.like(decision.actions.at(-1), { type: 'createJob', job: { verb: 'check', owner: 'Backup', tier: 'local' } });
    t.is(condition(decision, 'Reconciling'), 'True Checking');
    t.is(decision.status.endTime, undefined);
  });
}

test('seal: a failure that may pass is tried again after a pause', (t) => {
  const jobs = [sealJob(ended(sealResult(failure({}))))];
  const early = decide(dumped({ sealAttempt: 1 }), { jobs });
  t.deepEqual([created(early), early.againMilliseconds], [[], 10_000]);
  const due = decide(dumped({ sealAttempt: 1 }), { jobs, now: start + 2 * minute });
  t.deepEqual([created(due), due.status.sealAttempt], [[nameOf('seal', 2)], 2]);
});

test('seal: a pod that never started has written nothing', (t) => {
  const decision = decide(dumped({ sealAttempt: 1 }), {
    now: start + 11 * minute,
    jobs: [sealJob({ type: 'Waiting', message: 'FailedMount: secret "signing" not found' })],
  });
  t.deepEqual([decision.status.phase, types(decision)], ['Failed', ['deleteJob']]);
  t.is(condition(decision, 'Stalled'), 'True StartFailed');
});

const inspectResult = (facts: object = {}): AgentResult => ({ ...base, verb: 'inspect', tier: 'local', backups: 1, refused: 0, ...facts });
const entry = (facts: Partial<EntryLine> = {}): EntryLine => ({
  kind: 'entry',
  tier: 'local',
  backupId: id,
  type: 'Full',
  slot: '2026-11-22T02:00:00Z',
  verdict: 'Passed',
  bytes: 16,
  seconds: 9,
  components: [],
  failed: [],
  ...facts,
});
const checkJob = (state: JobState, attempt = 1): JobFacts => job('check-1', 'check', state, { attempt });
const checked = (category = 'Interrupted'): BackupStatus =>
  dumped({ sealAttempt: 1, check: { attempt: 1, category, message: 'Its Job is gone.' } });

for (const [title, state, status, expected] of [
  ['the manifest is there and verifies', ended(inspectResult(), { entries: [entry()] }), checked(), ['Complete', 'True Complete', []]],
  [
    'the manifest is refused',
    ended(inspectResult({ backups: 0, refused: 1 }), { entries: [entry({ verdict: 'Failed', message: 'unknown signer' })] }),
    checked(),
    ['Failed', 'False VerificationFailed', []],
  ],
  [
    'it is not there, and the seal was interrupted: sealed again',
    ended(inspectResult({ backups: 0 }), { entries: [] }),
    checked(),
    ['Verifying', 'Unknown Sealing', [nameOf('seal', 2)]],
  ],
  [
    'it is not there, and the seal had failed',
    ended(inspectResult({ backups: 0 }), { entries: [] }),
    checked('Repository'),
    ['Failed', 'False RepositoryFailed', []],
  ],
  ['its log was lost', ended(inspectResult()), checked(), ['Verifying', 'Unknown Checking', []]],
  [
    'an entry of another backup only',
    ended(inspectResult(), { entries: [entry({ backupId: 'another' })] }),
    checked(),
    ['Verifying', 'Unknown Checking', []],
  ],
  [
    'the manifest could not be read',
    ended(inspectResult(), { entries: [entry({ verdict: 'Inconclusive' })] }),
    checked(),
    ['Verifying', 'Unknown Checking', []],
  ],
  ['it left no result', ended(), checked(), ['Verifying', 'Unknown Checking', []]],
] as const) {
  test(`check: ${title}`, (t) => {
    const decision = decide(status, { jobs: [checkJob(state)] });
    t.deepEqual([decision.status.phase, condition(decision, 'Succeeded'), created(decision)], [...expected]);
  });
}

test('check: what cannot be found out ends as not known, never as a success', (t) => {
  const status = checked();
  status.check = { attempt: 3, category: 'Interrupted', message: 'Its Job is gone.' };
  const decision = decide(status, { jobs: [checkJob(ended(inspectResult(failure({ message: 'timeout' }))), 3)] });
  t.is(condition(decision, 'Succeeded'), 'False RepositoryFailed');
  t.regex(message(decision), /not known whether.*timeout/);
});

test('finished: the finalizer goes, and copies are shown', (t) => {
  const status = decide(dumped({ sealAttempt: 1 }), { jobs: [sealJob(ended(sealResult()))] }).status;
  const after = decide(status);
  t.deepEqual(types(after), ['removeFinalizer']);
  const copy = (state: JobState | undefined, now = start + minute) =>
    copyState({
      tier: 'cloud',
      backupId: id,
      seenOnTier: false,
      jobs: state === undefined ? [] : [makeJob({ name: 'copy', verb: 'copy', state })],
      deadlines: { startMilliseconds: 10 * minute, runMilliseconds: minute },
      now,
    });
  const shown = (state: JobState | undefined) => {
    const decision = decide(status, { copies: [copy(state)] });
    return [decision.status.tiers?.[1]?.state, condition(decision, 'Replicated')];
  };
  const copied = { ...base, verb: 'copy', backupId: id } as const;
  t.deepEqual(shown(undefined), ['Pending', 'Unknown CopyPending']);
  t.deepEqual(shown({ type: 'Running' }), ['Copying', 'Unknown CopyPending']);
  t.deepEqual(shown(ended(copied)), ['Sealed', 'True AllSealed']);
  t.deepEqual(shown(ended()), ['Lagging', 'False CopyLagging']);
  t.deepEqual(shown(ended({ ...copied, ...failure({}) })), ['Lagging', 'False CopyLagging']);
  t.deepEqual(shown(ended({ ...copied, backupId: 'another' })), ['Lagging', 'False CopyLagging']);
});

test('finished: with one tier there is nothing to copy', (t) => {
  const status = {
    ...decide(dumped({ sealAttempt: 1, tiers: [{ name: 'local', state: 'Pending' }] }), { jobs: [sealJob(ended(sealResult()))] }).status,
  };
  t.is(condition(decide(status), 'Replicated'), 'True NoFurtherTier');
});

test('finished: nothing moves any more', (t) => {
  const status = decide(dumped({ sealAttempt: 1, tiers: [{ name: 'local', state: 'Pending' }] }), {
    jobs: [sealJob(ended(sealResult()))],
  }).status;
  const settled = decide(status).status;
  const again = decideBackup(observedBackup({ now: start + 99 * minute, backup: makeBackup(settled) }));
  t.deepEqual(again, { actions: [], status: settled });
});

test('policy deleted: the run ends and says so; what is sealed already counts', (t) => {
  const { policy: _, ...observed } = observedBackup({
    now: start + minute,
    backup: makeBackup(running(), { finalizers: [finalizer] }),
    jobs: [dumpJob({ type: 'Running' })],
  });
  const decision = decideBackup(observed);
  t.deepEqual([types(decision), condition(decision, 'Stalled')], [['deleteJob'], 'True PolicyDeleted']);
  const sealed = decideBackup({ ...observed, backup: makeBackup(dumped({ sealAttempt: 1 })), jobs: [sealJob(ended(sealResult()))] });
  t.is(sealed.status.phase, 'Complete');
});

test('deleting: stops the Jobs, waits for them, then lets go', (t) => {
  const deleted = makeBackup(running(), { finalizers: [finalizer], deletionTimestamp: '2026-11-22T02:01:00Z' });
  const with_ = (given: Partial<BackupObserved>) => decideBackup(observedBackup({ now: start + minute, backup: deleted, ...given }));
  t.deepEqual(types(with_({ jobs: [dumpJob({ type: 'Running' })] })), ['deleteJob']);
  t.deepEqual(types(with_({ jobs: [dumpJob({ type: 'Running' }, { deleting: true })] })), []);
  t.deepEqual(types(with_({ jobs: [] })), ['removeFinalizer']);
  t.deepEqual(types(with_({ jobs: [dumpJob({ type: 'Running' })], namespaceTerminating: true })), ['removeFinalizer']);
  t.deepEqual(types(with_({ jobs: [dumpJob({ type: 'Running' }, { deleting: true })], now: start + 12 * minute })), ['removeFinalizer']);
  t.deepEqual(types(with_({ jobs: [dumpJob({ type: 'Running' }, { ours: false })] })), ['removeFinalizer']);
  const other = makeBackup(running(), { finalizers: ['foreground'], deletionTimestamp: '2026-11-22T02:01:00Z' });
  t.deepEqual(types(decideBackup(observedBackup({ backup: other }))), []);
});

test('logs: one Job for each request, the one before goes', (t) => {
  const asked = (value: string, jobs: JobFacts[] = []) =>
    decideBackup(
      observedBackup({
        now: start + minute,
        backup: makeBackup(dumped({ endTime: '2026-11-22T02:01:00Z' }), { annotations: { [annotation.logsRequested]: value } }),
        jobs,
      }),
    );
  const [first] = created(asked('1'));
  t.regex(first ?? '', /-logs-1$/);
  const made = makeJob({ name: first ?? '', verb: 'logs', state: { type: 'Running' } });
  t.deepEqual(asked('1', [made]).actions, []);
  t.deepEqual(types(asked('2', [made])), ['deleteJob', 'createJob']);
  t.not(created(asked('2', [made]))[0], first);
});

// Decisions on a Backup, fact by fact: sealing, asking the store, and after the end.
import test from 'ava';
import { annotation, finalizer } from '../../src/api/group.ts';
import { decideBackup } from '../../src/core/backup/decide.ts';
import type { BackupDecision, BackupObserved } from '../../src/core/backup/observed.ts';
import type { JobFacts, JobState } from '../../src/core/jobs/facts.ts';
import { copyState } from '../../src/core/plan/copy-state.ts';
import {
  base,
  checkJob,
  checked,
  condition,
  created,
  decide,
  dumpJob,
  dumped,
  ended,
  entry,
  failure,
  id,
  inspectResult,
  message,
  minute,
  nameOf,
  running,
  sealJob,
  sealResult,
  types,
} from './backup-cases.ts';
import { makeBackup, makeJob, observedBackup, start } from './fixtures.ts';

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

test('seal: credentials that worked for the dumps are tried once more in a fresh pod, for they may have been changed', (t) => {
  const refused = ended(sealResult(failure({ category: 'Configuration', retryable: false })));
  const again = decide(dumped({ sealAttempt: 1 }), { jobs: [sealJob(refused)], now: start + 2 * minute });
  t.deepEqual([created(again), again.status.sealAttempt], [[nameOf('seal', 2)], 2]);
  const believed = decide(dumped({ sealAttempt: 2 }), { jobs: [sealJob(refused, { attempt: 2 })], now: start + 3 * minute });
  t.deepEqual(created(believed), [nameOf('check-2')]);
});

test('seal: a pod that never started has written nothing', (t) => {
  const decision = decide(dumped({ sealAttempt: 1 }), {
    now: start + 11 * minute,
    jobs: [sealJob({ type: 'Waiting', message: 'FailedMount: secret "signing" not found' })],
  });
  t.deepEqual([decision.status.phase, types(decision)], ['Failed', ['deleteJob']]);
  t.is(condition(decision, 'Stalled'), 'True StartFailed');
});

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

const copy = (state: JobState | undefined, now = start + minute) =>
  copyState({
    tier: 'cloud',
    backupId: id,
    seenOnTier: false,
    jobs: state === undefined ? [] : [makeJob({ name: 'copy', verb: 'copy', state })],
    deadlines: { startMilliseconds: 10 * minute, runMilliseconds: minute },
    now,
  });

test('finished: the finalizer goes, and copies are shown', (t) => {
  const status = decide(dumped({ sealAttempt: 1 }), { jobs: [sealJob(ended(sealResult()))] }).status;
  const after = decide(status);
  t.deepEqual(types(after), ['removeFinalizer']);
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
  t.notRegex(message(decision), /not known/);
  const halfway = decideBackup({ ...observed, backup: makeBackup(dumped({ sealAttempt: 1 })), jobs: [sealJob({ type: 'Running' })] });
  t.regex(message(halfway), /Whether it was sealed is not known/);
  const sealed = decideBackup({ ...observed, backup: makeBackup(dumped({ sealAttempt: 1 })), jobs: [sealJob(ended(sealResult()))] });
  t.is(sealed.status.phase, 'Complete');
});

test('deleting: stops the Jobs, waits for them, then lets go', (t) => {
  const deletedBackup = makeBackup(running(), { finalizers: [finalizer], deletionTimestamp: '2026-11-22T02:01:00Z' });
  const deleted = (given: Partial<BackupObserved>): BackupDecision =>
    decideBackup(observedBackup({ now: start + minute, backup: deletedBackup, ...given }));
  t.deepEqual(types(deleted({ jobs: [dumpJob({ type: 'Running' })] })), ['deleteJob']);
  t.deepEqual(types(deleted({ jobs: [dumpJob({ type: 'Running' }, { deleting: true })] })), []);
  t.deepEqual(types(deleted({ jobs: [] })), ['removeFinalizer']);
  t.deepEqual(types(deleted({ jobs: [dumpJob({ type: 'Running' })], namespaceTerminating: true })), ['removeFinalizer']);
  t.deepEqual(types(deleted({ jobs: [dumpJob({ type: 'Running' }, { deleting: true })], now: start + 12 * minute })), ['removeFinalizer']);
  t.deepEqual(types(deleted({ jobs: [dumpJob({ type: 'Running' }, { ours: false })] })), ['removeFinalizer']);
  const other = makeBackup(running(), { finalizers: ['foreground'], deletionTimestamp: '2026-11-22T02:01:00Z' });
  t.deepEqual(types(decideBackup(observedBackup({ backup: other }))), []);
});

const asked = (value: string, jobs: JobFacts[] = []) =>
  decideBackup(
    observedBackup({
      now: start + minute,
      backup: makeBackup(dumped({ endTime: '2026-11-22T02:01:00Z' }), { annotations: { [annotation.logsRequested]: value } }),
      jobs,
    }),
  );

test('logs: one Job for each request, the one before goes', (t) => {
  const [first] = created(asked('1'));
  t.regex(first ?? '', /-logs-1$/);
  const made = makeJob({ name: first ?? '', verb: 'logs', state: { type: 'Running' } });
  t.deepEqual(asked('1', [made]).actions, []);
  t.deepEqual(types(asked('2', [made])), ['deleteJob', 'createJob']);
  t.not(created(asked('2', [made]))[0], first);
});

// The manifest is being written. Complete is what the seal Job said after it had read the manifest back, and nothing else.
import { deadlinesFor } from '../jobs/deadlines.ts';
import { stopJob } from '../jobs/facts.ts';
import { judge } from '../jobs/judge.ts';
import type { Verdict } from '../jobs/judge.ts';
import { cut } from '../plan/conditions.ts';
import { createJob } from '../jobs/request.ts';
import { attemptBackoff } from '../jobs/attempt-backoff.ts';
import { concludeFailed, concludeSealed } from './conclude.ts';
import { asCategory, findJob, ownJobName, primaryTier, statusOf } from './observed.ts';
import type { BackupDecision, StartedRun } from './observed.ts';
import { ended, failureOf, goingOn } from './outcome.ts';

// Answers when every component failed: there is nothing to seal.
export const nothingToSeal = (observed: StartedRun): BackupDecision | undefined => {
  const status = statusOf(observed);
  const components = status.components ?? [];
  if (components.some(({ outcome }) => outcome === 'Succeeded')) {
    return undefined;
  }
  const failedTiers = (status.tiers ?? []).map(({ name }) => ({ name, state: 'Failed' as const }));
  const ending = { phase: 'Failed' as const, ...failureOf(components) };
  return { actions: [], status: ended(observed, { ...status, tiers: failedTiers }, ending) };
};

export const sealJobName = (observed: StartedRun, attempt: number): string => ownJobName(observed, 'seal', attempt);

export const judgeSeal = (observed: StartedRun, attempt: number): Verdict =>
  judge(
    findJob(observed, sealJobName(observed, attempt)),
    { verb: 'seal', backupId: observed.run.id },
    deadlinesFor(observed.policy, 'seal'),
    observed.now,
  );

// Answers until it is known how sealing ended, or clear that the store must be asked (`checking`, which comes before this in the chain).
export const sealing = (observed: StartedRun): BackupDecision | undefined => {
  const status = statusOf(observed);
  const attempt = status.sealAttempt;
  if (attempt === undefined) {
    return startSeal(observed, 1);
  }
  const verdict = judgeSeal(observed, attempt);
  switch (verdict.type) {
    case 'Waiting':
    case 'Running': {
      const remark = verdict.type === 'Waiting' ? verdict.message : undefined;
      return waiting(observed, remark ?? 'The manifest is being written and read back.', verdict.againMilliseconds);
    }
    case 'Succeeded':
      return concludeSealed(observed, verdict);
    case 'Failed':
      return sealFailed(observed, attempt, verdict);
    case 'Lost':
      return startCheck(observed, 1, verdict);
  }
};

const sealFailed = (observed: StartedRun, attempt: number, verdict: Extract<Verdict, { type: 'Failed' }>): BackupDecision => {
  if ((verdict.retryable || mayBeRotated(verdict, attempt)) && attempt < observed.policy.spec.jobs.attempts) {
    const wait = verdict.endTime + attemptBackoff(attempt) - observed.now;
    return wait > 0
      ? waiting(observed, `Attempt ${attempt} at sealing failed: ${verdict.message}`, wait)
      : startSeal(observed, attempt + 1);
  }
  const stop = stopJob(findJob(observed, sealJobName(observed, attempt)));
  // A Job that never ran has written nothing. Any other may have written the manifest and failed after that.
  if (!verdict.started && attempt === 1) {
    return concludeFailed(observed, verdict, stop);
  }
  const check = startCheck(observed, 1, verdict);
  return { ...check, actions: [...stop, ...check.actions] };
};

// The components were stored with the same configuration a moment ago. What is refused now may be a Secret that was changed after the pod
// had started: one more pod has the new one. A second refusal is believed.
const mayBeRotated = ({ category, started }: Extract<Verdict, { type: 'Failed' }>, attempt: number): boolean =>
  category === 'Configuration' && started && attempt === 1;

const waiting = (observed: StartedRun, message: string, againMilliseconds: number): BackupDecision => ({
  actions: [],
  status: goingOn(observed, statusOf(observed), 'Verifying', 'Sealing', message),
  againMilliseconds,
});

// Writes the manifest of what succeeded.
export const startSeal = (observed: StartedRun, attempt: number): BackupDecision => {
  const { check: _, ...status } = statusOf(observed);
  const components = status.components ?? [];
  const job = createJob({
    name: sealJobName(observed, attempt),
    verb: 'seal',
    attempt,
    owner: 'Backup',
    tier: primaryTier(observed.policy),
    backup: observed.run,
    components: components.flatMap((each) => (each.outcome === 'Succeeded' ? [{ name: each.name, attempt: each.attempt ?? 1 }] : [])),
    failed: components.flatMap((each) => (each.outcome === 'Failed' ? [{ name: each.name, category: asCategory(each.category) }] : [])),
  });
  const next = goingOn(
    observed,
    { ...status, sealAttempt: attempt },
    'Verifying',
    'Sealing',
    'The manifest is being written and read back.',
  );
  return { actions: [job], status: next };
};

export const checkJobName = (observed: StartedRun, attempt: number): string =>
  ownJobName(observed, `check-${statusOf(observed).sealAttempt ?? 1}`, attempt);

// Asks the store: it knows, where a Job cannot say. `why` is how sealing failed; it stays the same over all attempts at asking.
export const startCheck = (observed: StartedRun, attempt: number, why: { category: string; message: string }): BackupDecision => {
  const job = createJob({
    name: checkJobName(observed, attempt),
    verb: 'check',
    attempt,
    owner: 'Backup',
    tier: primaryTier(observed.policy),
    backup: observed.run,
  });
  const next = { ...statusOf(observed), check: { attempt, category: why.category, message: cut(why.message) } };
  const message = `Whether the backup is sealed is being read from the store. ${why.message}`;
  return { actions: [job], status: goingOn(observed, next, 'Verifying', 'Checking', message) };
};

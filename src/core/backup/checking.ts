// A seal Job failed or vanished, so the store is asked whether the manifest is there.
import type { EntryLine } from '../../api/agent.ts';
import { deadlinesFor } from '../jobs/deadlines.ts';
import { stopJob } from '../jobs/facts.ts';
import { judge } from '../jobs/judge.ts';
import type { Verdict } from '../jobs/judge.ts';
import { isoTime } from '../plan/time.ts';
import { attemptBackoff } from '../jobs/attempt-backoff.ts';
import { concludeFailed, concludeSealed } from './conclude.ts';
import { asCategory, findJob, primaryTier, statusOf } from './observed.ts';
import type { BackupDecision, StartedRun } from './observed.ts';
import { goingOn } from './outcome.ts';
import { checkJobName, startCheck, startSeal } from './sealing.ts';

// Answers while `check` stands in the status.
export const checking = (observed: StartedRun): BackupDecision | undefined => {
  const { check } = statusOf(observed);
  if (check === undefined) {
    return undefined;
  }
  if (check.nextAttemptTime !== undefined) {
    const wait = Date.parse(check.nextAttemptTime) - observed.now;
    return wait > 0 ? waiting(observed, undefined, wait) : startCheck(observed, check.attempt + 1, check);
  }
  const job = findJob(observed, checkJobName(observed, check.attempt));
  const expected = { verb: 'inspect', tier: primaryTier(observed.policy) } as const;
  const verdict = judge(job, expected, deadlinesFor(observed.policy, 'inspect'), observed.now);
  switch (verdict.type) {
    case 'Waiting':
    case 'Running':
      return waiting(observed, verdict.type === 'Waiting' ? verdict.message : undefined, verdict.againMilliseconds);
    case 'Succeeded':
      return read(observed, verdict);
    case 'Failed':
    case 'Lost': {
      const again = checkAgain(observed, verdict.message, verdict.endTime);
      return { ...again, actions: [...stopJob(job), ...again.actions] };
    }
  }
};

const waiting = (observed: StartedRun, remark: string | undefined, againMilliseconds: number): BackupDecision => {
  const status = statusOf(observed);
  const message = `Whether the backup is sealed is being read from the store. ${remark ?? status.check?.message ?? ''}`.trimEnd();
  return { actions: [], status: goingOn(observed, status, 'Verifying', 'Checking', message), againMilliseconds };
};

// What the store says.
const read = (observed: StartedRun, verdict: Extract<Verdict, { type: 'Succeeded' }>): BackupDecision => {
  const entry = verdict.entries.find(({ backupId }) => backupId === observed.run.id);
  const { result } = verdict;
  const counted = result.verb === 'inspect' ? (result.backups ?? 0) + (result.refused ?? 0) : 0;
  if (entry === undefined && counted > 0) {
    return checkAgain(observed, 'The log of the inspection could not be read.', Date.parse(result.time));
  }
  switch (entry?.verdict) {
    case 'Passed':
      return concludeSealed(observed, verdict, entry);
    case 'Failed':
      return concludeFailed(observed, refused(entry));
    case 'Inconclusive':
      return checkAgain(observed, entry.message ?? 'The manifest could not be read.', Date.parse(result.time));
    case undefined:
      return notThere(observed);
  }
};

const refused = (entry: EntryLine) => ({
  category: 'Verification' as const,
  message: `The manifest in the store is refused: ${entry.message ?? entry.code ?? 'it does not verify'}`,
});

// There is no manifest. Sealing is tried again where the attempt was merely interrupted.
const notThere = (observed: StartedRun): BackupDecision => {
  const { check, sealAttempt = 1 } = statusOf(observed);
  const category = asCategory(check?.category);
  if (category === 'Interrupted' && sealAttempt < observed.policy.spec.jobs.attempts) {
    return startSeal(observed, sealAttempt + 1);
  }
  return concludeFailed(observed, { category, message: check?.message ?? 'The manifest was not written.' });
};

const checkAgain = (observed: StartedRun, why: string, failedTime: number): BackupDecision => {
  const status = statusOf(observed);
  const { attempt = 1, category = 'Interrupted', message = why } = status.check ?? {};
  if (attempt >= observed.policy.spec.jobs.attempts) {
    const unknown = `It is not known whether the backup was sealed: the store could not be read. ${why} \`kubectl holdfast list\` shows it once it can.`;
    return concludeFailed(observed, { category: 'Repository', message: unknown });
  }
  const next = Math.max(failedTime, observed.now - attemptBackoff(attempt)) + attemptBackoff(attempt);
  const check = { attempt, category, message, nextAttemptTime: isoTime(next) };
  return waiting({ ...observed, backup: { ...observed.backup, status: { ...status, check } } }, why, Math.max(0, next - observed.now));
};

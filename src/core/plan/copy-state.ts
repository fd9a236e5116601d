// How far the copy of one backup to one further tier has come. Read from its Jobs and from what the tier itself said.
import type { BackupStatus } from '../../api/backup.ts';
import type { JobFacts } from '../jobs/facts.ts';
import { judge } from '../jobs/judge.ts';
import type { Deadlines } from '../jobs/deadlines.ts';
import { cut } from './conditions.ts';
import { doubling, hour, instantOf, isoTime, minute } from './time.ts';

type TierStatus = NonNullable<BackupStatus['tiers']>[number];

export type CopyState = {
  status: TierStatus;
  // When the state may change by itself.
  againMilliseconds?: number;
  // A Job is due, with this number.
  startAttempt?: number;
  // A Job that must be stopped.
  stop?: JobFacts;
};

export type CopyInput = {
  tier: string;
  backupId: string;
  // What was known before: a copy that was sealed stays sealed.
  known?: TierStatus;
  // The tier was read, and holds the backup.
  seenOnTier: boolean;
  // Copy Jobs of this backup to this tier.
  jobs: JobFacts[];
  deadlines: Deadlines;
  now: number;
};

// How long to wait after failure number `failures`. A copy is tried for as long as it is due.
export const copyBackoff = (failures: number): number => doubling(failures, minute, hour);

// Whether the status tells of a failed attempt after all whose Jobs are there.
const outlived = ({ state, attempt = 0, nextAttemptTime }: TierStatus, newest: JobFacts | undefined): boolean =>
  state === 'Lagging' && nextAttemptTime !== undefined && attempt > (newest?.attempt ?? 0);

export const copyState = ({ tier, backupId, known, seenOnTier, jobs, deadlines, now }: CopyInput): CopyState => {
  const newest = jobs
    .filter(({ ours, deleting }) => ours && !deleting)
    .toSorted((a, b) => a.attempt - b.attempt)
    .at(-1);
  if (seenOnTier || known?.state === 'Sealed') {
    return { status: { name: tier, state: 'Sealed' } };
  }
  if (known !== undefined && outlived(known, newest)) {
    // Its Job was stopped and is gone; what it came to stands in the status.
    const wait = (instantOf(known.nextAttemptTime) ?? 0) - now;
    return wait > 0 ? { status: known, againMilliseconds: wait } : { status: known, startAttempt: (known.attempt ?? 0) + 1 };
  }
  if (newest === undefined) {
    return { status: { name: tier, state: 'Pending' }, startAttempt: 1 };
  }
  const { attempt } = newest;
  const verdict = judge(newest, { verb: 'copy', backupId }, deadlines, now);
  switch (verdict.type) {
    case 'Waiting':
    case 'Running': {
      const message = verdict.type === 'Waiting' ? verdict.message : undefined;
      return {
        status: { name: tier, state: 'Copying', attempt, ...(message === undefined ? {} : { message: cut(message) }) },
        againMilliseconds: verdict.againMilliseconds,
      };
    }
    case 'Succeeded':
      return { status: { name: tier, state: 'Sealed' } };
    case 'Failed':
    case 'Lost': {
      const next = verdict.endTime + copyBackoff(attempt);
      const status: TierStatus = { name: tier, state: 'Lagging', attempt, nextAttemptTime: isoTime(next), message: cut(verdict.message) };
      if (newest.state.type !== 'Ended') {
        return { status, stop: newest, againMilliseconds: Math.max(0, next - now) };
      }
      return next > now ? { status, againMilliseconds: next - now } : { status, startAttempt: attempt + 1 };
    }
  }
};

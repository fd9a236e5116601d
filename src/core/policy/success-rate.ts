// How the slots of the schedules fared: daily counters that outlive the Backup resources they were counted from. Log runs are counted apart:
// there is one every hour or more often, and they would hide Fulls that fail.
import type { PolicyStatus } from '../../api/policy.ts';
import { day, instantOf, isoTime } from '../plan/time.ts';
import type { BackupFacts, PolicyObserved } from './observed.ts';
import type { SlotCounts } from './slots.ts';

type SuccessRate = NonNullable<PolicyStatus['successRate']>;
type LogSuccessRate = NonNullable<PolicyStatus['logSuccessRate']>;
type Day = NonNullable<SuccessRate['days']>[number];
type Ends = { succeeded: number; failed: number };

const windowDays = 30;

const most = (known: Ends, seen: Ends): Ends => ({
  succeeded: Math.max(known.succeeded, seen.succeeded),
  failed: Math.max(known.failed, seen.failed),
});
const more = (known: Ends, seen: Ends): Ends => ({ succeeded: known.succeeded + seen.succeeded, failed: known.failed + seen.failed });

// Slots and misses are added in the very patch that moves `next` on, so each counts once. Runs are counted from the resources that are
// there; a day never counts less than it did, for old resources are removed. A late run counts as a miss only.
export const successRate = (observed: PolicyObserved, counts: SlotCounts): SuccessRate | undefined => {
  const ended = endedRuns(observed).filter(({ type }) => type !== 'Log');
  return rateOf(observed.now, observed.policy.status?.successRate?.days, counts, ended, most);
};

// There may be more Log runs in a day than resources that stay. They come and end in the order of their slots, so each is counted when it has
// ended, in the patch that moves `countedTime` on.
export const logSuccessRate = (observed: PolicyObserved, counts: SlotCounts): LogSuccessRate | undefined => {
  const before = observed.policy.status?.logSuccessRate;
  const counted = instantOf(before?.countedTime) ?? Number.NEGATIVE_INFINITY;
  const ended = endedRuns(observed).filter(({ type, slot }) => type === 'Log' && (instantOf(slot) ?? 0) > counted);
  const rate = rateOf(observed.now, before?.days, counts, ended, more);
  const newest = Math.max(counted, ...ended.map(({ slot }) => instantOf(slot) ?? 0));
  return rate && { ...rate, ...(Number.isFinite(newest) ? { countedTime: isoTime(newest) } : {}) };
};

const endedRuns = ({ backups }: PolicyObserved): BackupFacts[] =>
  backups.filter(({ scheduled, late, status }) => scheduled && !late && status.endTime !== undefined);

const rateOf = (
  now: number,
  before: Day[] = [],
  { came, missed }: SlotCounts,
  ended: BackupFacts[],
  joined: (known: Ends, seen: Ends) => Ends,
): SuccessRate | undefined => {
  const oldest = dateOf(now - windowDays * day);
  const seen = endsByDay(ended);
  const dates = new Set([...before.map(({ date }) => date), ...came.map(dateOf), ...seen.keys()]);
  const days = [...dates]
    .filter((date) => date > oldest)
    .toSorted()
    .map((date): Day => {
      const known = before.find((each) => each.date === date) ?? { date, scheduled: 0, succeeded: 0, failed: 0, missed: 0 };
      return {
        date,
        scheduled: known.scheduled + came.filter((slot) => dateOf(slot) === date).length,
        ...joined(known, seen.get(date) ?? { succeeded: 0, failed: 0 }),
        missed: known.missed + missed.filter((slot) => dateOf(slot) === date).length,
      };
    });
  const sum = (field: Exclude<keyof Day, 'date'>): number => days.reduce((total, each) => total + each[field], 0);
  return days.length === 0
    ? undefined
    : {
        window: `${windowDays}d`,
        scheduled: sum('scheduled'),
        succeeded: sum('succeeded'),
        failed: sum('failed'),
        missed: sum('missed'),
        days,
      };
};

const dateOf = (instant: number): string => isoTime(instant).slice(0, 10);

const endsByDay = (ended: BackupFacts[]): Map<string, Ends> => {
  const perDay = Map.groupBy(ended, ({ slot }) => dateOf(instantOf(slot) ?? 0));
  return new Map(
    [...perDay].map(([date, runs]) => {
      const succeeded = runs.filter(({ status }) => status.phase === 'Complete').length;
      return [date, { succeeded, failed: runs.length - succeeded }];
    }),
  );
};

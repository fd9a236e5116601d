// How the slots of the schedules fared: daily counters that outlive the Backup resources they were counted from.
import type { PolicyStatus } from '../../api/policy.ts';
import { day, instantOf, isoTime } from '../plan/time.ts';
import type { PolicyObserved } from './observed.ts';
import type { Slots } from './slots.ts';

type SuccessRate = NonNullable<PolicyStatus['successRate']>;
type Day = NonNullable<SuccessRate['days']>[number];

const windowDays = 30;

// Slots and misses are added in the very patch that moves `next` on, so each counts once. Runs are counted from the resources that are
// there; a day never counts less than it did, for old resources are removed. A late run counts as a miss only.
export const successRate = (observed: PolicyObserved, { came, missed }: Pick<Slots, 'came' | 'missed'>): SuccessRate | undefined => {
  const before = observed.policy.status?.successRate?.days ?? [];
  const oldest = dateOf(observed.now - windowDays * day);
  const seen = runsByDay(observed);
  const dates = new Set([...before.map(({ date }) => date), ...came.map(dateOf), ...seen.keys()]);
  const days = [...dates]
    .filter((date) => date > oldest)
    .toSorted()
    .map((date): Day => {
      const known = before.find((each) => each.date === date) ?? { date, scheduled: 0, succeeded: 0, failed: 0, missed: 0 };
      const runs = seen.get(date) ?? { succeeded: 0, failed: 0 };
      return {
        date,
        scheduled: known.scheduled + came.filter((slot) => dateOf(slot) === date).length,
        succeeded: Math.max(known.succeeded, runs.succeeded),
        failed: Math.max(known.failed, runs.failed),
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

const runsByDay = ({ backups }: PolicyObserved): Map<string, { succeeded: number; failed: number }> => {
  const ended = backups.filter(({ scheduled, late, status }) => scheduled && !late && status.endTime !== undefined);
  const perDay = Map.groupBy(ended, ({ slot }) => dateOf(instantOf(slot) ?? 0));
  return new Map(
    [...perDay].map(([date, runs]) => {
      const succeeded = runs.filter(({ status }) => status.phase === 'Complete').length;
      return [date, { succeeded, failed: runs.length - succeeded }];
    }),
  );
};

// How often the schedules of a policy start runs. One rule of alerting covers every cadence by it.
import type { BackupPolicy } from '../../api/objects.ts';
import { kinds } from '../../core/policy/slot-kinds.ts';
import { nextSlot } from '../../core/plan/schedule.ts';
import type { Schedule } from '../../core/plan/schedule.ts';
import type { Family } from './samples.ts';

// So many gaps between slots are looked at; the longest is what may pass without a run ("0 2 * * 1-5" has three days at the weekend).
const looksAhead = 8;
const mostKnown = 1000;

export type Intervals = (schedule: Schedule, now: number) => number | undefined;

// Remembers what it has worked out: reading cron expressions at each scrape would cost more than all else.
export const createIntervals = (): Intervals => {
  const known = new Map<string, number | undefined>();
  return (schedule, now) => {
    const key = `${schedule.cron} ${schedule.timeZone}`;
    if (!known.has(key)) {
      if (known.size >= mostKnown) {
        known.clear();
      }
      known.set(key, longestGapSeconds(schedule, now));
    }
    return known.get(key);
  };
};

// Undefined: it cannot be read, or never comes twice.
const longestGapSeconds = (schedule: Schedule, now: number): number | undefined => {
  try {
    const slots: number[] = [];
    for (let at = nextSlot(schedule, now); at !== undefined && slots.length <= looksAhead; at = nextSlot(schedule, at)) {
      slots.push(at);
    }
    const gaps = slots.slice(1).map((slot, at) => slot - (slots[at] ?? slot));
    return gaps.length === 0 ? undefined : Math.max(...gaps) / 1000;
  } catch {
    return undefined;
  }
};

export const scheduleFamilies = (policies: BackupPolicy[], intervals: Intervals, now: number): Family[] => [
  {
    name: 'holdfast_schedule_expected_interval_seconds',
    help: 'The longest time between two slots of the schedule that are to come.',
    samples: policies.flatMap(({ metadata, spec }) =>
      kinds.flatMap(({ type, field }) => {
        const schedule = spec.schedules[field];
        return schedule === undefined || spec.suspend
          ? []
          : [{ labels: { namespace: metadata.namespace, policy: metadata.name, type }, value: intervals(schedule, now) }];
      }),
    ),
  },
];

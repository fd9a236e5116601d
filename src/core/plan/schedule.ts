// When a schedule runs. Pure: every function is given its times. Summer time is croner's: a slot in the skipped hour comes right after it,
// one in the doubled hour comes once.
import { Cron } from 'croner';

export type Schedule = { cron: string; timeZone: string };

const open = ({ cron, timeZone }: Schedule): Cron =>
  new Cron(cron, { timezone: timeZone, paused: true, mode: '5-part', fixedTimeRule: 'no-wildcard' });

// Why a schedule cannot be used; undefined where it can.
export const scheduleProblem = (schedule: Schedule, after: number): string | undefined => {
  try {
    return nextSlot(schedule, after) === undefined ? `"${schedule.cron}" never comes` : undefined;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return text.includes('timezone')
      ? `"${schedule.timeZone}" is no time zone`
      : `"${schedule.cron}" cannot be read: ${text.replace(/^\w+: /, '')}`;
  }
};

// The first slot after an instant.
export const nextSlot = (schedule: Schedule, after: number): number | undefined => open(schedule).nextRun(new Date(after))?.getTime();

// The newest slot at or before an instant.
export const newestSlot = (schedule: Schedule, until: number): number | undefined =>
  open(schedule)
    .previousRuns(1, new Date(until + 1))
    .at(0)
    ?.getTime();

export type DueSlot = {
  // The slot that gets a run now: the newest that has come. Older ones are missed and not made up for.
  slot: number | undefined;
  // When to look again.
  next: number | undefined;
};

// `expected` is the next slot as it was last written down. Undefined: nothing was expected before `since`, so nothing before it is caught up.
export const dueSlot = (schedule: Schedule, expected: number | undefined, since: number, now: number): DueSlot => {
  const first = expected !== undefined && isSlot(schedule, expected) ? expected : nextSlot(schedule, since);
  if (first === undefined || first > now) {
    return { slot: undefined, next: first };
  }
  const newest = newestSlot(schedule, now);
  return { slot: newest !== undefined && newest >= first ? newest : first, next: nextSlot(schedule, now) };
};

// Whether an instant written down earlier is still one of the schedule: it may have been changed meanwhile.
const isSlot = (schedule: Schedule, instant: number): boolean => nextSlot(schedule, instant - 1) === instant;

// When a schedule runs. Pure: every function is given its times. Summer time is croner's: a slot in the skipped hour comes right after it,
// one in the doubled hour comes once.
import { Cron } from 'croner';
import { durationMilliseconds, minute, second } from './time.ts';

export type Schedule = { cron: string; timeZone: string };

// Asking for a time zone's offset is dear, and UTC needs no asking.
const open = ({ cron, timeZone }: Schedule): Cron =>
  new Cron(cron, {
    ...(timeZone === 'Etc/UTC' ? { utcOffset: 0 } : { timezone: timeZone }),
    paused: true,
    mode: '5-part',
    fixedTimeRule: 'no-wildcard',
  });

// Two slots that follow one another. Infinite where there is none.
type Gap = { newest: number; next: number };

// The gap that was asked for last, by schedule: most questions fall into the same one, and finding it costs half a millisecond.
const lastGaps = new Map<string, Gap>();
const mostGaps = 2000;

const gapAround = (schedule: Schedule, instant: number): Gap => {
  const name = `${schedule.cron} ${schedule.timeZone}`;
  const last = lastGaps.get(name);
  if (last !== undefined && last.newest <= instant && instant < last.next) {
    return last;
  }
  const cron = open(schedule);
  const gap = {
    newest:
      cron
        .previousRuns(1, new Date(instant + 1))
        .at(0)
        ?.getTime() ?? -Infinity,
    next: cron.nextRun(new Date(instant))?.getTime() ?? Infinity,
  };
  if (lastGaps.size >= mostGaps) {
    lastGaps.clear();
  }
  lastGaps.set(name, gap);
  return gap;
};

const finite = (instant: number): number | undefined => (Number.isFinite(instant) ? instant : undefined);

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
export const nextSlot = (schedule: Schedule, after: number): number | undefined => finite(gapAround(schedule, after).next);

// The newest slot at or before an instant.
export const newestSlot = (schedule: Schedule, until: number): number | undefined => finite(gapAround(schedule, until).newest);

// From the newest slot to the next one. Undefined where there are no two.
export const intervalMilliseconds = (schedule: Schedule, instant: number): number | undefined => {
  const { newest, next } = gapAround(schedule, instant);
  return finite(next - newest);
};

// How much later than its slots a schedule starts: the same for the same seed, spread evenly over the jitter. `hash`: eight hex digits.
export const jitterOffset = (jitter: string | undefined, hash: string): number => {
  const seconds = jitter === undefined ? 0 : durationMilliseconds(jitter) / second;
  return seconds === 0 ? 0 : (Number.parseInt(hash, 16) % seconds) * second;
};

// A run that starts this long after its time is still in time: an operator that is started anew misses nothing.
export const inTimeMilliseconds = 5 * minute;

// Slots are counted one by one up to here; an outage that skips more has other troubles.
const mostCounted = 10_000;

export type DueInput = {
  schedule: Schedule & { startingDeadline?: string | undefined };
  // See jitterOffset. Slots are named by their nominal time; they start so much later.
  offset: number;
  // The next slot as it was last written down. Undefined: nothing was expected before `since`, so nothing before it is caught up.
  expected: number | undefined;
  since: number;
  now: number;
};

export type DueSlots = {
  // All that came since the last look, oldest first.
  came: number[];
  // The slot that gets a run now: the newest that came, unless its starting deadline is over.
  run?: number;
  // `run` starts too late to count as kept.
  late: boolean;
  // The next slot.
  next?: number;
};

// Which slots have come, and which of them gets a run. Of many there is one run: for the newest.
export const dueSlots = ({ schedule, offset, expected, since, now }: DueInput): DueSlots => {
  const first = expected !== undefined && isSlot(schedule, expected) ? expected : nextSlot(schedule, since);
  if (first === undefined || first + offset > now) {
    return { came: [], late: false, ...(first === undefined ? {} : { next: first }) };
  }
  const came = slotsBetween(schedule, first, now - offset);
  const newest = came.at(-1) ?? first;
  const lateBy = now - newest - offset;
  const { startingDeadline } = schedule;
  const inDeadline = startingDeadline === undefined || lateBy <= durationMilliseconds(startingDeadline);
  const next = nextSlot(schedule, newest);
  return {
    came,
    late: lateBy > inTimeMilliseconds,
    ...(inDeadline ? { run: newest } : {}),
    ...(next === undefined ? {} : { next }),
  };
};

// From a first slot to an instant. The newest is always among them.
const slotsBetween = (schedule: Schedule, first: number, until: number): number[] => {
  const cron = open(schedule);
  const slots = [first];
  for (let at = cron.nextRun(new Date(first)); at !== null && at.getTime() <= until && slots.length < mostCounted; at = cron.nextRun(at)) {
    slots.push(at.getTime());
  }
  const newest = newestSlot(schedule, until);
  return newest === undefined || newest <= (slots.at(-1) ?? first) ? slots : [...slots, newest];
};

// Whether an instant written down earlier is still one of the schedule: it may have been changed meanwhile.
const isSlot = (schedule: Schedule, instant: number): boolean => nextSlot(schedule, instant - 1) === instant;

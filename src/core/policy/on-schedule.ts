// The condition OnSchedule: what was missed of a schedule is told until a slot of that schedule is kept again.
import { cut, findCondition } from '../plan/conditions.ts';
import type { NewCondition } from '../plan/conditions.ts';
import { isoTime } from '../plan/time.ts';
import type { PolicyObserved } from './observed.ts';
import { kinds } from './slot-kinds.ts';
import type { Kind } from './slot-kinds.ts';
import type { KindSlots } from './slots.ts';

const type = 'OnSchedule' as const;
const between = ' · ';

export const unscheduled = (isSuspended: boolean): NewCondition =>
  isSuspended
    ? { type, status: 'Unknown', reason: 'Suspended', message: 'spec.suspend is true: no schedule starts a run.' }
    : { type, status: 'Unknown', reason: 'NoSchedule', message: 'No schedule is set: runs start by hand only.' };

export const onSchedule = (observed: PolicyObserved, done: readonly KindSlots[]): NewCondition => {
  const before = findCondition(observed.policy.status?.conditions, type);
  const earlier = before?.reason === 'SlotsMissed' ? before.message.split(between) : [];
  const missed = kinds.flatMap(
    (kind) =>
      missedOf(
        kind,
        done.find((each) => each.kind.type === kind.type),
        earlier,
      ) ?? [],
  );
  if (missed.length > 0) {
    return { type, status: 'False', reason: 'SlotsMissed', message: cut(missed.join(between)) };
  }
  const newest = Math.max(-Infinity, ...done.flatMap(({ due, replaced }) => (replaced ? [] : due.came)));
  if (Number.isFinite(newest)) {
    return { type, status: 'True', reason: 'OnTime', message: `The slot of ${isoTime(newest)} got its run in time.` };
  }
  if (before?.reason === 'OnTime') {
    return { type, status: before.status, reason: before.reason, message: before.message };
  }
  return { type, status: 'Unknown', reason: 'NoSlotYet', message: 'No slot of a schedule has come yet.' };
};

// What is to be told of one schedule: what was missed now, or what was missed before and has not been made good.
const missedOf = (kind: Kind, now: KindSlots | undefined, earlier: readonly string[]): string | undefined => {
  if (now === undefined) {
    return undefined;
  }
  return now.missed.length > 0
    ? describe(now)
    : now.run === undefined
      ? earlier.find((text) => text.includes(`schedules.${kind.field} `))
      : undefined;
};

const describe = ({ kind, missed, run, obstacle }: KindSlots): string => {
  const [first = 0] = missed;
  const last = missed.at(-1) ?? first;
  const which = first === last ? `The slot of ${isoTime(first)}` : `${missed.length} slots from ${isoTime(first)} to ${isoTime(last)}`;
  const why = obstacle ?? 'the operator was away, or could not reach the API server';
  const caughtUp = run === undefined ? 'None of them is caught up' : 'One run, started now, makes up for them';
  return `${which} of schedules.${kind.field} got no run in time: ${why}. ${caughtUp}.`;
};

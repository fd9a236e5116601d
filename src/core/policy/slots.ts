// Backups that the schedule asks for, and the slots that got none.
import type { PolicyStatus } from '../../api/policy.ts';
import { findCondition } from '../plan/conditions.ts';
import type { NewCondition } from '../plan/conditions.ts';
import { scheduledBackupName } from '../plan/names.ts';
import { dueSlots, jitterOffset } from '../plan/schedule.ts';
import type { DueSlots } from '../plan/schedule.ts';
import { instantOf, isoTime } from '../plan/time.ts';
import type { Action } from '../jobs/request.ts';
import { hasStarted, isOpen } from './observed.ts';
import type { PolicyObserved } from './observed.ts';

export type Slots = {
  actions: Action[];
  status: Pick<PolicyStatus, 'next' | 'lastScheduleTime'>;
  // Slots that came since the last look, and those of them that got no run in time.
  came: number[];
  missed: number[];
  condition: NewCondition;
  againMilliseconds?: number;
};

const type = 'OnSchedule' as const;

// At most one run is made, however many slots came. While one made by the schedule still waits for its turn, no other is added.
export const slots = (observed: PolicyObserved): Slots => {
  const { policy, now } = observed;
  const { full } = policy.spec.schedules;
  const { lastScheduleTime } = policy.status ?? {};
  const kept = lastScheduleTime === undefined ? {} : { lastScheduleTime };
  if (full === undefined || policy.spec.suspend) {
    return { actions: [], status: kept, came: [], missed: [], condition: unscheduled(full !== undefined) };
  }
  const offset = jitterOffset(full.jitter, observed.hash(`${policy.metadata.uid}/full`));
  const due = dueSlots({ schedule: full, offset, expected: expectedSlot(policy.status, offset), since: catchUpFrom(observed), now });
  const { next } = due;
  const status = { ...kept, ...(next === undefined ? {} : { next: [{ type: 'Full' as const, time: isoTime(next + offset) }] }) };
  const again = next === undefined ? {} : { againMilliseconds: Math.max(0, next + offset - now) };
  const { run, late, obstacle, actions } = runFor(observed, due);
  const missed = due.came.filter((slot) => slot !== run || late);
  return {
    actions,
    status: run === undefined ? status : { ...status, lastScheduleTime: isoTime(run) },
    came: due.came,
    missed,
    condition: onSchedule(observed, due, missed, run, obstacle),
    ...again,
  };
};

type Run = { run?: number; late: boolean; obstacle?: string; actions: Action[] };

// The slot that gets a run and what makes it, or what stands in its way.
const runFor = ({ policy, backups }: PolicyObserved, { run, late }: DueSlots): Run => {
  if (run === undefined) {
    return { late, actions: [] };
  }
  const name = scheduledBackupName(policy.metadata.name, run);
  const existing = backups.find((backup) => backup.name === name);
  if (existing !== undefined) {
    // Made by an earlier look whose status was lost; or somebody else took the name.
    const obstacle = `a Backup named ${name} exists that no schedule made`;
    return instantOf(existing.slot) === run && existing.scheduled
      ? { run, late: existing.late, actions: [] }
      : { late, obstacle, actions: [] };
  }
  const waiting = backups.find((backup) => backup.scheduled && isOpen(backup) && !hasStarted(backup));
  return waiting === undefined
    ? { run, late, actions: [{ type: 'createBackup', name, slot: isoTime(run), late }] }
    : { late, actions: [], obstacle: `the run of an earlier slot, ${waiting.name}, still waits for its turn` };
};

const unscheduled = (isSuspended: boolean): NewCondition =>
  isSuspended
    ? { type, status: 'Unknown', reason: 'Suspended', message: 'spec.suspend is true: no schedule starts a run.' }
    : { type, status: 'Unknown', reason: 'NoSchedule', message: 'No schedule is set: runs start by hand only.' };

// What was missed is told until a slot is kept again.
const onSchedule = (
  observed: PolicyObserved,
  { came }: DueSlots,
  missed: number[],
  run: number | undefined,
  obstacle?: string,
): NewCondition => {
  const [first] = missed;
  const last = missed.at(-1);
  if (first !== undefined && last !== undefined) {
    const which = first === last ? `The slot of ${isoTime(first)}` : `${missed.length} slots from ${isoTime(first)} to ${isoTime(last)}`;
    const why = obstacle ?? 'the operator was away, or could not reach the API server';
    const caughtUp = run === undefined ? 'None of them is caught up' : 'One run, started now, makes up for them';
    return { type, status: 'False', reason: 'SlotsMissed', message: `${which} of schedules.full got no run in time: ${why}. ${caughtUp}.` };
  }
  const newest = came.at(-1);
  if (newest !== undefined) {
    return { type, status: 'True', reason: 'OnTime', message: `The slot of ${isoTime(newest)} got its run in time.` };
  }
  const before = findCondition(observed.policy.status?.conditions, type);
  if (before?.reason === 'SlotsMissed' || before?.reason === 'OnTime') {
    return { type, status: before.status, reason: before.reason, message: before.message };
  }
  return { type, status: 'Unknown', reason: 'NoSlotYet', message: 'No slot of a schedule has come yet.' };
};

// `next` tells when the run starts; the slot is earlier by the offset.
const expectedSlot = (status: PolicyStatus | undefined, offset: number): number | undefined => {
  const start = instantOf(status?.next?.find((each) => each.type === 'Full')?.time);
  return start === undefined || findCondition(status?.conditions, 'Ready')?.reason === 'Suspended' ? undefined : start - offset;
};

// Where no slot was expected: a policy that is new is caught up from its creation, one that was invalid from when it became so,
// anything else (resumed, schedule added) from now.
const catchUpFrom = ({ policy, now }: PolicyObserved): number => {
  if (policy.status?.observedGeneration === undefined || policy.status.observedGeneration < 0) {
    return instantOf(policy.metadata.creationTimestamp) ?? now;
  }
  const ready = findCondition(policy.status.conditions, 'Ready');
  return ready?.status === 'False' ? (instantOf(ready.lastTransitionTime) ?? now) : now;
};

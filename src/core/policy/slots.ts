// Backups that the schedules ask for, and the slots that got none.
import type { BackupType } from '../../api/backup-type.ts';
import type { PolicyStatus } from '../../api/policy.ts';
import type { Action } from '../jobs/request.ts';
import { findCondition } from '../plan/conditions.ts';
import { scheduledBackupName } from '../plan/names.ts';
import { dueSlots, jitterOffset } from '../plan/schedule.ts';
import type { DueSlots } from '../plan/schedule.ts';
import { instantOf, isoTime, soonest } from '../plan/time.ts';
import type { NewCondition } from '../plan/conditions.ts';
import { hasStarted, isOpen } from './observed.ts';
import type { BackupFacts, PolicyObserved } from './observed.ts';
import { onSchedule, unscheduled } from './on-schedule.ts';
import { kinds } from './slot-kinds.ts';
import type { Kind } from './slot-kinds.ts';

export type Slots = {
  actions: Action[];
  status: Pick<PolicyStatus, 'next' | 'lastScheduleTime'>;
  // Slots that came since the last look, and those of them that got no run in time.
  came: number[];
  missed: number[];
  condition: NewCondition;
  againMilliseconds?: number;
};

// What became of the slots of one schedule since the last look.
export type KindSlots = {
  kind: Kind;
  due: DueSlots;
  offset: number;
  run?: number;
  late: boolean;
  missed: number[];
  // A larger backup stands for the slots that came.
  replaced: boolean;
  obstacle?: string;
  actions: Action[];
};

// Of each schedule at most one run is made, however many slots came. A Full stands for what else is due at that time.
export const slots = (observed: PolicyObserved): Slots => {
  const { policy, now } = observed;
  const { lastScheduleTime } = policy.status ?? {};
  const kept = lastScheduleTime === undefined ? {} : { lastScheduleTime };
  const scheduled = kinds.filter(({ field }) => policy.spec.schedules[field] !== undefined);
  if (scheduled.length === 0 || policy.spec.suspend) {
    return { actions: [], status: kept, came: [], missed: [], condition: unscheduled(scheduled.length > 0) };
  }
  const done: KindSlots[] = [];
  for (const kind of scheduled) {
    done.push(slotsOf(observed, kind, done));
  }
  const next = done
    .flatMap(({ kind, due, offset }) => (due.next === undefined ? [] : [{ type: kind.type, at: due.next + offset }]))
    .toSorted((a, b) => a.at - b.at);
  const runs = done.flatMap(({ run }) => run ?? []);
  const wait = soonest(...next.map(({ at }) => Math.max(0, at - now)));
  return {
    actions: done.flatMap(({ actions }) => actions),
    status: {
      ...(runs.length === 0 ? kept : { lastScheduleTime: isoTime(Math.max(...runs, instantOf(lastScheduleTime) ?? 0)) }),
      ...(next.length === 0 ? {} : { next: next.map(({ type, at }) => ({ type, time: isoTime(at) })) }),
    },
    came: done.flatMap(({ due, replaced }) => (replaced ? [] : due.came)),
    missed: done.flatMap(({ missed }) => missed),
    condition: onSchedule(observed, done),
    ...(wait === undefined ? {} : { againMilliseconds: wait }),
  };
};

const slotsOf = (observed: PolicyObserved, kind: Kind, larger: readonly KindSlots[]): KindSlots => {
  const { policy, now } = observed;
  const schedule = policy.spec.schedules[kind.field] ?? { cron: '', timeZone: 'Etc/UTC' };
  const offset = jitterOffset(schedule.jitter, observed.hash(`${policy.metadata.uid}/${kind.field}`));
  const due = dueSlots({ schedule, offset, expected: expectedSlot(policy.status, kind.type, offset), since: catchUpFrom(observed), now });
  const base = { kind, due, offset, late: due.late };
  if (due.run !== undefined && isReplaced(observed, kind, larger)) {
    return { ...base, missed: [], replaced: true, actions: [] };
  }
  const { run, late, obstacle, actions } = runFor(observed, kind.type, due);
  return {
    ...base,
    late,
    missed: due.came.filter((slot) => slot !== run || late),
    replaced: false,
    actions,
    ...(run === undefined ? {} : { run }),
    ...(obstacle === undefined ? {} : { obstacle }),
  };
};

const isLarger = (one: BackupType, other: BackupType): boolean =>
  kinds.findIndex(({ type }) => type === one) < kinds.findIndex(({ type }) => type === other);

// A larger backup is due now, or made by a schedule and not at its end yet.
const isReplaced = ({ backups }: PolicyObserved, { type }: Kind, larger: readonly KindSlots[]): boolean =>
  larger.some(({ run }) => run !== undefined) ||
  backups.some((backup) => backup.scheduled && isOpen(backup) && isLarger(backup.type, type));

type Run = { run?: number; late: boolean; obstacle?: string; actions: Action[] };

// The slot that gets a run and what makes it, or what stands in its way.
const runFor = ({ policy, backups }: PolicyObserved, type: BackupType, { run, late }: DueSlots): Run => {
  if (run === undefined) {
    return { late, actions: [] };
  }
  const name = scheduledBackupName(policy.metadata.name, type, run);
  const existing = backups.find((backup) => backup.name === name);
  if (existing !== undefined) {
    // Made by an earlier look whose status was lost; or somebody else took the name.
    const obstacle = `a Backup named ${name} exists that no schedule made`;
    return instantOf(existing.slot) === run && existing.scheduled
      ? { run, late: existing.late, actions: [] }
      : { late, obstacle, actions: [] };
  }
  const waiting = backups.filter((backup) => backup.scheduled && isOpen(backup) && !hasStarted(backup));
  const first = waiting.find((backup) => !isLarger(type, backup.type));
  return first === undefined
    ? { run, late, actions: [...waiting.map(giveWay), { type: 'createBackup', name, kind: type, slot: isoTime(run), late }] }
    : { late, actions: [], obstacle: `the run of an earlier slot, ${first.name}, still waits for its turn` };
};

// A smaller one that has not started yet: this one stands for it.
const giveWay = ({ name, uid }: BackupFacts): Action => ({ type: 'deleteBackup', name, uid });

// `next` tells when the run starts; the slot is earlier by the offset.
const expectedSlot = (status: PolicyStatus | undefined, type: BackupType, offset: number): number | undefined => {
  const start = instantOf(status?.next?.find((each) => each.type === type)?.time);
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

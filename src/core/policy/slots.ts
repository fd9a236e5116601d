// Backups that the schedules ask for, and the slots that got none.
import { isSameLane } from '../../api/backup-type.ts';
import type { RunType } from '../../api/backup-type.ts';
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
import { backupKinds, kinds, logKind } from './slot-kinds.ts';
import type { Kind } from './slot-kinds.ts';

// Slots that came since the last look, and those of them that got no run in time.
export type SlotCounts = { came: number[]; missed: number[] };

export type Slots = SlotCounts & {
  actions: Action[];
  status: Pick<PolicyStatus, 'next' | 'lastScheduleTime' | 'lastLogScheduleTime'>;
  // The same of schedules.log; not among the others.
  log: SlotCounts;
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

// Of each schedule at most one run is made, however many slots came. A Full stands for what else is due at that time, Log runs aside.
export const slots = (observed: PolicyObserved): Slots => {
  const { policy, now } = observed;
  const before = policy.status ?? {};
  const isScheduled = ({ field }: Kind): boolean => policy.spec.schedules[field] !== undefined;
  const scheduled = backupKinds.filter(isScheduled);
  const hasSchedule = kinds.some(isScheduled);
  if (!hasSchedule || policy.spec.suspend) {
    const status = { ...newest('lastScheduleTime', before, []), ...newest('lastLogScheduleTime', before, []) };
    return { actions: [], status, ...countsOf([]), log: countsOf([]), condition: unscheduled(hasSchedule) };
  }
  const backups: KindSlots[] = [];
  for (const kind of scheduled) {
    backups.push(slotsOf(observed, kind, backups));
  }
  const logs = isScheduled(logKind) ? [slotsOf(observed, logKind, [])] : [];
  const done = [...backups, ...logs];
  const next = done
    .flatMap(({ kind, due, offset }) => (due.next === undefined ? [] : [{ type: kind.type, at: due.next + offset }]))
    .toSorted((a, b) => a.at - b.at);
  const wait = soonest(...next.map(({ at }) => Math.max(0, at - now)));
  return {
    actions: done.flatMap(({ actions }) => actions),
    status: {
      ...newest('lastScheduleTime', before, backups),
      ...newest('lastLogScheduleTime', before, logs),
      ...(next.length === 0 ? {} : { next: next.map(({ type, at }) => ({ type, time: isoTime(at) })) }),
    },
    ...countsOf(backups),
    log: countsOf(logs),
    condition: onSchedule(observed, done),
    ...(wait === undefined ? {} : { againMilliseconds: wait }),
  };
};

const countsOf = (done: readonly KindSlots[]): SlotCounts => ({
  came: done.flatMap(({ due, replaced }) => (replaced ? [] : due.came)),
  missed: done.flatMap(({ missed }) => missed),
});

// The newest slot that got a run, now or before.
const newest = <Name extends 'lastScheduleTime' | 'lastLogScheduleTime'>(
  name: Name,
  before: PolicyStatus,
  done: readonly KindSlots[],
): Pick<PolicyStatus, Name> => {
  const runs = done.flatMap(({ run }) => run ?? []);
  const known = before[name];
  return (
    runs.length === 0 ? (known === undefined ? {} : { [name]: known }) : { [name]: isoTime(Math.max(...runs, instantOf(known) ?? 0)) }
  ) as Pick<PolicyStatus, Name>;
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

const isLarger = (one: RunType, other: RunType): boolean =>
  isSameLane(one, other) && kinds.findIndex(({ type }) => type === one) < kinds.findIndex(({ type }) => type === other);

// A larger backup is due now, or made by a schedule and not at its end yet.
const isReplaced = ({ backups }: PolicyObserved, { type }: Kind, larger: readonly KindSlots[]): boolean =>
  larger.some(({ run }) => run !== undefined) ||
  backups.some((backup) => backup.scheduled && isOpen(backup) && isLarger(backup.type, type));

type Run = { run?: number; late: boolean; obstacle?: string; actions: Action[] };

// The slot that gets a run and what makes it, or what stands in its way.
const runFor = ({ policy, backups }: PolicyObserved, type: RunType, { run, late }: DueSlots): Run => {
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
  const waiting = backups.filter((backup) => backup.scheduled && isOpen(backup) && !hasStarted(backup) && isSameLane(backup.type, type));
  const first = waiting.find((backup) => !isLarger(type, backup.type));
  return first === undefined
    ? { run, late, actions: [...waiting.map(giveWay), { type: 'createBackup', name, kind: type, slot: isoTime(run), late }] }
    : { late, actions: [], obstacle: `the run of an earlier slot, ${first.name}, still waits for its turn` };
};

// A smaller one that has not started yet: this one stands for it.
const giveWay = ({ name, uid }: BackupFacts): Action => ({ type: 'deleteBackup', name, uid });

// `next` tells when the run starts; the slot is earlier by the offset.
const expectedSlot = (status: PolicyStatus | undefined, type: RunType, offset: number): number | undefined => {
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

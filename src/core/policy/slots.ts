// Backups that the schedule asks for.
import type { PolicyStatus } from '../../api/policy.ts';
import { findCondition } from '../plan/conditions.ts';
import { scheduledBackupName } from '../plan/names.ts';
import { dueSlot } from '../plan/schedule.ts';
import { instantOf, isoTime } from '../plan/time.ts';
import type { Action } from '../jobs/request.ts';
import { hasStarted, isOpen } from './observed.ts';
import type { PolicyObserved } from './observed.ts';

type Slots = { actions: Action[]; status: Pick<PolicyStatus, 'next' | 'lastScheduleTime'>; againMilliseconds?: number };

// At most one run is made, however many slots were missed. While one made by the schedule still waits for its turn, no other is added.
export const slots = (observed: PolicyObserved): Slots => {
  const { policy, now } = observed;
  const { lastScheduleTime } = policy.status ?? {};
  const kept = lastScheduleTime === undefined ? {} : { lastScheduleTime };
  const { full } = policy.spec.schedules;
  if (full === undefined || policy.spec.suspend) {
    return { actions: [], status: kept };
  }
  const { slot, next } = dueSlot(full, expectedSlot(policy.status), catchUpFrom(observed), now);
  const status = { ...kept, ...(next === undefined ? {} : { next: [{ type: 'Full' as const, time: isoTime(next) }] }) };
  const again = next === undefined ? {} : { againMilliseconds: Math.max(0, next - now) };
  if (slot === undefined || observed.backups.some((backup) => backup.scheduled && isOpen(backup) && !hasStarted(backup))) {
    return { actions: [], status, ...again };
  }
  const name = scheduledBackupName(policy.metadata.name, slot);
  return {
    actions: [{ type: 'createBackup', name, slot: isoTime(slot) }],
    status: { ...status, lastScheduleTime: isoTime(slot) },
    ...again,
  };
};

const expectedSlot = (status: PolicyStatus | undefined): number | undefined =>
  findCondition(status?.conditions, 'Ready')?.reason === 'Suspended'
    ? undefined
    : instantOf(status?.next?.find(({ type }) => type === 'Full')?.time);

// Where no slot was expected: a policy that is new is caught up from its creation, one that was invalid from when it became so,
// anything else (resumed, schedule added) from now.
const catchUpFrom = ({ policy, now }: PolicyObserved): number => {
  if (policy.status?.observedGeneration === undefined || policy.status.observedGeneration < 0) {
    return instantOf(policy.metadata.creationTimestamp) ?? now;
  }
  const ready = findCondition(policy.status.conditions, 'Ready');
  return ready?.status === 'False' ? (instantOf(ready.lastTransitionTime) ?? now) : now;
};

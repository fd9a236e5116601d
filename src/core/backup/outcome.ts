// How a run looks from outside: its phase and its conditions, for people and for kstatus.
import type { BackupStatus } from '../../api/backup.ts';
import type { ConditionReason } from '../../api/conditions.ts';
import type { Phase } from '../../api/run-status.ts';
import { reasonOf } from '../jobs/reason-of.ts';
import { cut } from '../plan/conditions.ts';
import { durationSince, onceEnded, whileGoingOn, whileWaitingForPerson } from '../plan/run-conditions.ts';
import { isoTime } from '../plan/time.ts';
import { asCategory } from './observed.ts';
import type { BackupObserved } from './observed.ts';

const stamp = ({ now, backup }: BackupObserved) => ({ now, generation: backup.metadata.generation });

// It goes on by itself.
export const goingOn = (
  observed: BackupObserved,
  status: BackupStatus,
  phase: Extract<Phase, 'Pending' | 'Running' | 'Verifying'>,
  reason: ConditionReason,
  message: string,
): BackupStatus => ({
  ...status,
  observedGeneration: observed.backup.metadata.generation,
  phase,
  conditions: whileGoingOn(status.conditions, { reason, message }, stamp(observed)),
});

// It waits for a person, and goes on once that person has acted.
export const waitingForPerson = (
  observed: BackupObserved,
  status: BackupStatus,
  reason: ConditionReason,
  message: string,
): BackupStatus => ({
  ...status,
  observedGeneration: observed.backup.metadata.generation,
  phase: 'Pending',
  conditions: whileWaitingForPerson(status.conditions, { reason, message }, stamp(observed)),
});

// `note`: what is worth knowing although all is well. `reason` and `message`: of a run that seals nothing.
export type Ending =
  | { phase: 'Complete'; note?: string; reason?: ConditionReason; message?: string }
  | { phase: 'PartiallyFailed' | 'Failed'; reason: ConditionReason; message: string };

const allSealed = 'Every component is sealed on the primary tier.';

// It has ended, for good. A failure is Stalled too: else tools that wait would wait for ever.
export const ended = (observed: BackupObserved, status: BackupStatus, ending: Ending): BackupStatus => {
  const good = ending.phase === 'Complete';
  const reason = good ? (ending.reason ?? 'Complete') : ending.reason;
  const message = good ? cut([ending.message ?? allSealed, ending.note ?? ''].join(' ').trim()) : ending.message;
  const { progress: _, ...rest } = status;
  return {
    ...rest,
    observedGeneration: observed.backup.metadata.generation,
    phase: ending.phase,
    endTime: isoTime(observed.now),
    ...durationSince(status.startTime, observed.now),
    conditions: onceEnded(status.conditions, { good, reason, message }, stamp(observed)),
  };
};

type FailedComponents = { name: string; category?: string | undefined; message?: string | undefined }[];

// One reason for all failed components: the common one, or plain `Failed`.
export const failureOf = (components: FailedComponents): { reason: ConditionReason; message: string } => {
  const reasons = new Set(components.map(({ category }) => reasonOf(asCategory(category))));
  const [first] = reasons;
  const message = components.map(({ name, category, message: text }) => `${name}: ${text ?? category ?? 'failed'}`).join(' · ');
  return { reason: reasons.size === 1 && first !== undefined ? first : 'Failed', message: cut(message) };
};

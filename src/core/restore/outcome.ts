// How a Restore looks from outside: its phase and its conditions, for people and for kstatus.
import prettyMilliseconds from 'pretty-ms';
import type { ConditionReason } from '../../api/conditions.ts';
import { reasons } from '../../api/conditions.ts';
import type { RestorePhase, RestoreStatus } from '../../api/restore-status.ts';
import { reasonOf } from '../jobs/reason-of.ts';
import type { Category } from '../../api/categories.ts';
import type { NewCondition } from '../plan/conditions.ts';
import { durationSince, onceEnded, whileGoingOn, whileWaitingForPerson } from '../plan/run-conditions.ts';
import { durationMilliseconds, isoTime, second } from '../plan/time.ts';
import type { RestoreObserved } from './observed.ts';
import { rounded } from './stages.ts';

const stamp = ({ now, restore }: RestoreObserved) => ({ now, generation: restore.metadata.generation });

type Going = { phase: RestorePhase; reason: ConditionReason; message: string };

// It goes on by itself.
export const goingOn = (observed: RestoreObserved, status: RestoreStatus, { phase, reason, message }: Going): RestoreStatus => ({
  ...status,
  observedGeneration: observed.restore.metadata.generation,
  phase,
  conditions: whileGoingOn(status.conditions, { reason, message }, stamp(observed)),
});

// It waits for a person, and goes on once that person has acted.
export const waitingForPerson = (observed: RestoreObserved, status: RestoreStatus, { phase, reason, message }: Going): RestoreStatus => ({
  ...status,
  observedGeneration: observed.restore.metadata.generation,
  phase,
  conditions: whileWaitingForPerson(status.conditions, { reason, message }, stamp(observed)),
});

export type RestoreEnding = { good: boolean; reason: ConditionReason; message: string };

// It has ended, for good. A failure is Stalled too: else tools that wait would wait for ever.
export const ended = (observed: RestoreObserved, status: RestoreStatus, { good, reason, message }: RestoreEnding): RestoreStatus => {
  const { progress: _progress, stage: _stage, stageTime: _stageTime, failure: _failure, ...rest } = status;
  const { startTime } = status;
  const rto = good && startTime !== undefined ? measuredRto(observed, status) : undefined;
  return {
    ...rest,
    observedGeneration: observed.restore.metadata.generation,
    phase: good ? 'Complete' : 'Failed',
    endTime: isoTime(observed.now),
    ...durationSince(startTime, observed.now),
    ...(rto === undefined ? {} : { rto }),
    conditions: onceEnded(status.conditions, { good, reason, message }, stamp(observed), rto === undefined ? [] : [rtoCondition(rto)]),
  };
};

type Rto = NonNullable<RestoreStatus['rto']>;

const measuredRto = ({ policy }: RestoreObserved, { phases = [] }: RestoreStatus): Rto | undefined =>
  policy === undefined
    ? undefined
    : {
        objectiveSeconds: durationMilliseconds(policy.spec.objectives.rto) / second,
        measuredSeconds: rounded(phases.reduce((sum, { seconds }) => sum + seconds, 0)),
      };

const rtoCondition = ({ objectiveSeconds, measuredSeconds = 0 }: Rto): NewCondition => {
  const words = `It took ${prettyMilliseconds(measuredSeconds * second)}; the objective is ${prettyMilliseconds(objectiveSeconds * second)}.`;
  return measuredSeconds <= objectiveSeconds
    ? { type: 'RTOMet', status: 'True', reason: 'WithinObjective', message: words }
    : { type: 'RTOMet', status: 'False', reason: 'RTOExceeded', message: `${words} status.phases says what took so long.` };
};

// The reason for a failure: the agent's own word where it is one of ours, else that of its kind.
export const reasonFor = (code: string | undefined, category: string | undefined): ConditionReason =>
  code !== undefined && code in reasons ? (code as ConditionReason) : reasonOf((category ?? 'Internal') as Category);

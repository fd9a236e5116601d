// The conditions of a run, whatever its kind: while it goes on, while it waits for a person, and at its end.
import prettyMilliseconds from 'pretty-ms';
import type { ConditionReason } from '../../api/conditions.ts';
import type { Condition } from '../../api/run-status.ts';
import { dropConditions, setConditions } from './conditions.ts';
import type { NewCondition, Stamp } from './conditions.ts';
import { second } from './time.ts';

type Why = { reason: ConditionReason; message: string };

// It goes on by itself.
export const whileGoingOn = (conditions: Condition[] | undefined, why: Why, stamp: Stamp): Condition[] =>
  setConditions(
    dropConditions(conditions ?? [], 'Stalled'),
    [
      { type: 'Ready', status: 'False', ...why },
      { type: 'Reconciling', status: 'True', ...why },
      { type: 'Succeeded', status: 'Unknown', ...why },
    ],
    stamp,
  );

// It goes on once a person has acted.
export const whileWaitingForPerson = (conditions: Condition[] | undefined, why: Why, stamp: Stamp): Condition[] =>
  setConditions(
    dropConditions(conditions ?? [], 'Reconciling'),
    [
      { type: 'Ready', status: 'False', ...why },
      { type: 'Stalled', status: 'True', ...why },
      { type: 'Succeeded', status: 'Unknown', ...why },
    ],
    stamp,
  );

// A failure is Stalled too: else tools that wait would wait for ever. `more`: of this kind of run only.
export const onceEnded = (
  conditions: Condition[] | undefined,
  { good, ...why }: Why & { good: boolean },
  stamp: Stamp,
  more: NewCondition[] = [],
): Condition[] => {
  const status = good ? 'True' : 'False';
  return setConditions(
    dropConditions(conditions ?? [], 'Reconciling', 'Stalled'),
    [
      { type: 'Ready', status, ...why },
      { type: 'Succeeded', status, ...why },
      ...(good ? [] : [{ type: 'Stalled', status: 'True', ...why } as const]),
      ...more,
    ],
    stamp,
  );
};

// From its start to now, for people; nothing for a run that never started.
export const durationSince = (startTime: string | undefined, now: number): { duration?: string } =>
  startTime === undefined ? {} : { duration: prettyMilliseconds(Math.max(0, Math.round((now - Date.parse(startTime)) / second) * second)) };

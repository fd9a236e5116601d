// Events are the difference of old and new conditions: what a person would want to read in `kubectl describe`, each once.
import type { Condition } from '../../api/run-status.ts';

export type ConditionEvent = { type: 'Normal' | 'Warning'; reason: string; action: string; message: string };

// True is bad news for these, False for the others. `Ready` is False also while work goes on: what is wrong then says `Stalled`.
const badWhenTrue = new Set(['Stalled', 'NotifyFailing', 'SlotLeft']);
const never = new Set(['Ready']);
// Good news of the others is told only where there was bad news before.
const alwaysTold = new Set(['Ready', 'Succeeded', 'Reconciling']);

const isBad = ({ type, status }: Condition): boolean => !never.has(type) && status === (badWhenTrue.has(type) ? 'True' : 'False');

// A change of the message alone is progress, not news.
export const conditionEvents = (before: Condition[] = [], after: Condition[] = []): ConditionEvent[] => {
  const found = after.flatMap((condition): ConditionEvent[] => {
    const old = before.find(({ type }) => type === condition.type);
    if (old?.status === condition.status && old.reason === condition.reason) {
      return [];
    }
    const bad = isBad(condition);
    if (!bad && !alwaysTold.has(condition.type) && (old === undefined || !isBad(old) || condition.status === 'Unknown')) {
      return [];
    }
    return [{ type: bad ? 'Warning' : 'Normal', reason: condition.reason, action: condition.type, message: condition.message }];
  });
  return onePerReason(found);
};

// Several conditions often change for one reason: the warning among them says it best.
const onePerReason = (events: ConditionEvent[]): ConditionEvent[] =>
  events.filter((event, at) => {
    const same = events.filter(({ reason }) => reason === event.reason);
    const best = same.find(({ type }) => type === 'Warning') ?? same[0];
    return events.indexOf(best ?? event) === at;
  });

// Alerts about the policy itself: it cannot work as it is written, or slots of its schedules were missed.
import type { ConditionType } from '../../api/conditions.ts';
import { findCondition } from '../plan/conditions.ts';
import { instantOf } from '../plan/time.ts';
import { nothing, open } from './incident.ts';
import type { AlertFacts, Finding } from './incident.ts';

// A condition, and since when it is so.
export const conditionOf = ({ policy, now }: AlertFacts, type: ConditionType) => {
  const found = findCondition(policy.status?.conditions, type);
  return found && { ...found, since: instantOf(found.lastTransitionTime) ?? now };
};

export const stalled = (facts: AlertFacts): Finding => {
  const found = conditionOf(facts, 'Stalled');
  return found?.status === 'True' ? open('HoldfastPolicyStalled', found.since, `${found.reason}: ${found.message}`) : nothing;
};

export const missedSlots = (facts: AlertFacts): Finding => {
  const found = conditionOf(facts, 'OnSchedule');
  return found?.status === 'False' ? open('HoldfastBackupMissed', found.since, found.message) : nothing;
};

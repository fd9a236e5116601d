// Alerts that stand in a condition of the policy as they are: it cannot work, slots were missed, a tier cannot be read or does not verify.
import { findCondition } from '../plan/conditions.ts';
import { hour, instantOf, minute } from '../plan/time.ts';
import { nothing, open, openAfter, stay } from './incident.ts';
import type { AlertFacts, Finding } from './incident.ts';

// A store is asked again meanwhile.
const unreadableGrace = 15 * minute;
const unreadGrace = hour;

const conditionOf = ({ policy, now }: AlertFacts, type: 'Stalled' | 'OnSchedule' | 'StorageHealthy') => {
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

export const storage = (facts: AlertFacts): Finding[] => {
  const found = conditionOf(facts, 'StorageHealthy');
  const { since, message, reason } = found ?? { since: facts.now, message: '', reason: '' };
  const refused = stay(facts, 'HoldfastManifestRefused');
  switch (found?.status) {
    case 'True':
      return [];
    case 'False':
      return reason === 'ManifestRefused'
        ? [open('HoldfastManifestRefused', since, message)]
        : [openAfter(facts, unreadableGrace, 'HoldfastStorageUnreadable', since, message), refused];
    case 'Unknown':
      return [openAfter(facts, unreadGrace, 'HoldfastStorageUnreadable', since, message), refused];
    case undefined:
      return [stay(facts, 'HoldfastStorageUnreadable'), refused];
  }
};

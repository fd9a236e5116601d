// Alerts about the store: a tier cannot be read, holds what does not verify, or runs out of room.
import { hour, minute } from '../plan/time.ts';
import { nothing, open, openAfter, stay } from './incident.ts';
import type { AlertFacts, Finding } from './incident.ts';
import { conditionOf } from './policy.ts';

// A store is asked again meanwhile.
const unreadableGrace = 15 * minute;
const unreadGrace = hour;

export const storage = (facts: AlertFacts): Finding => {
  const found = conditionOf(facts, 'StorageHealthy');
  switch (found?.status) {
    case 'True':
      return nothing;
    case undefined:
      return stay(facts, 'HoldfastStorageUnreadable');
    case 'Unknown':
      return openAfter(facts, unreadGrace, 'HoldfastStorageUnreadable', found.since, found.message);
    case 'False':
      return found.reason === 'ManifestRefused'
        ? nothing
        : openAfter(facts, unreadableGrace, 'HoldfastStorageUnreadable', found.since, found.message);
  }
};

// StorageHealthy names what was refused. Where it speaks of a worse tier, or of none, Verified knows.
export const verification = (facts: AlertFacts): Finding[] => {
  const health = conditionOf(facts, 'StorageHealthy');
  const found = conditionOf(facts, 'Verified');
  const refused = health?.status === 'False' && health.reason === 'ManifestRefused' ? health : undefined;
  const damage = refused ?? (found?.status === 'False' ? found : undefined);
  if (damage !== undefined) {
    return [open('HoldfastVerificationFailed', damage.since, damage.message)];
  }
  const isStale = found?.status === 'Unknown' && found.reason === 'VerificationStale';
  return [
    health?.status === 'True' ? nothing : stay(facts, 'HoldfastVerificationFailed'),
    isStale ? open('HoldfastVerificationStale', found.since, found.message) : nothing,
  ];
};

export const capacity = (facts: AlertFacts): Finding[] => {
  const found = conditionOf(facts, 'CapacityOK');
  switch (found?.status) {
    case 'True':
      return found.reason === 'VolumeFilling' ? [open('HoldfastCapacityWarning', found.since, found.message)] : [];
    case 'False':
      return [open('HoldfastCapacityCritical', found.since, found.message)];
    case 'Unknown':
    case undefined:
      return [stay(facts, 'HoldfastCapacityCritical'), stay(facts, 'HoldfastCapacityWarning')];
  }
};

// A server that is restarted is asked again meanwhile.
const slotGrace = 15 * minute;

export const slotNotDropped = (facts: AlertFacts): Finding => {
  const found = conditionOf(facts, 'SlotLeft');
  return found?.status === 'True' ? openAfter(facts, slotGrace, 'HoldfastSlotNotDropped', found.since, found.message) : nothing;
};

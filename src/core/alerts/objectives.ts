// Alerts about what could be lost, as the condition RPOMet says it.
import { hour, instantOf } from '../plan/time.ts';
import { warnAge } from '../policy/rpo.ts';
import { open, openAfter, stay } from './incident.ts';
import type { AlertFacts, Finding } from './incident.ts';
import { conditionOf } from './policy.ts';
import { isWhole, promisedFrom } from './runs.ts';

// Facts that are late for less than this come by themselves.
const unknownGrace = hour;

export const restorePoint = (facts: AlertFacts): Finding[] => {
  const { policy, now } = facts;
  const met = conditionOf(facts, 'RPOMet');
  const since = met?.since ?? now;
  const promised = `At most ${policy.spec.objectives.rpo} of work may be lost (spec.objectives.rpo). ${newestPoint(facts)}`;
  switch (met?.status) {
    case 'False':
      return met.reason === 'NothingRestorable' && !facts.backups.some(isWhole)
        ? // A policy that is new has nothing yet.
          [openAfter(facts, 0, 'HoldfastRPOViolated', promisedFrom(facts), promised)]
        : [open('HoldfastRPOViolated', since, promised)];
    case 'True':
      return met.reason === 'RestorePointAging' ? [open('HoldfastRPOApproaching', agingSince(facts) ?? since, promised)] : [];
    case 'Unknown':
      return [openAfter(facts, unknownGrace, 'HoldfastRPOUnknown', since, met.message), ...stillOpen(facts)];
    case undefined:
      return stillOpen(facts);
  }
};

const stillOpen = (facts: AlertFacts): Finding[] => [stay(facts, 'HoldfastRPOViolated'), stay(facts, 'HoldfastRPOApproaching')];

const newestPoint = ({ policy }: AlertFacts): string => {
  const time = policy.status?.rpo?.restorableTime;
  return time === undefined ? 'Nothing is known to be restorable.' : `A restore would bring back everything before ${time}, nothing newer.`;
};

// The condition stays True when a point begins to age: the instant follows from the point.
const agingSince = ({ policy }: AlertFacts): number | undefined => {
  const point = instantOf(policy.status?.rpo?.restorableTime);
  return point === undefined ? undefined : point + warnAge(policy.spec);
};

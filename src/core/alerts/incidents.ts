// Which incidents a policy has now.
import type { AlertName } from '../../api/alerts.ts';
import { soonest } from '../plan/time.ts';
import { archiving } from './archiving.ts';
import { laggingTiers } from './copies.ts';
import type { AlertFacts, Finding, Incident } from './incident.ts';
import { restorePoint } from './objectives.ts';
import { missedSlots, stalled } from './policy.ts';
import { failedRestore, waitingRestore } from './restores.ts';
import { failedLogs, failedRuns, neverSucceeded } from './runs.ts';
import { capacity, slotNotDropped, storage, verification } from './storage.ts';

export type Incidents = { incidents: Incident[]; againMilliseconds?: number };

// Each rule looks at one thing. What only follows from another incident is left out: the cause is what a person can mend.
export const incidentsOf = (facts: AlertFacts): Incidents => {
  const findings: Finding[] = [
    stalled(facts),
    neverSucceeded(facts),
    ...failedRuns(facts),
    failedLogs(facts),
    ...restorePoint(facts),
    missedSlots(facts),
    storage(facts),
    ...verification(facts),
    ...capacity(facts),
    laggingTiers(facts),
    slotNotDropped(facts),
    ...archiving(facts),
    failedRestore(facts),
    waitingRestore(facts),
  ];
  const found = findings.flatMap(({ incident }) => incident ?? []);
  const wait = soonest(...findings.map(({ againMilliseconds }) => againMilliseconds));
  return {
    incidents: found.filter(({ name }) => !isReplaced(name, found)),
    ...(wait === undefined ? {} : { againMilliseconds: wait }),
  };
};

// Which incidents take the place of another: it is then neither told nor said to be over.
const successors: Partial<Record<AlertName, AlertName[]>> = {
  HoldfastBackupFailed: ['HoldfastBackupRepeatedlyFailing'],
  HoldfastRPOApproaching: ['HoldfastRPOViolated'],
  HoldfastCapacityWarning: ['HoldfastCapacityCritical'],
  HoldfastRPOViolated: ['HoldfastBackupNeverSucceeded'],
  HoldfastRPOUnknown: [
    'HoldfastRPOViolated',
    'HoldfastPolicyStalled',
    'HoldfastBackupNeverSucceeded',
    'HoldfastStorageUnreadable',
    'HoldfastVerificationFailed',
  ],
};

export const isReplaced = (name: AlertName, found: Pick<Incident, 'name'>[]): boolean =>
  found.some((other) => successors[name]?.includes(other.name));

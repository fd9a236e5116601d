// Alerts about the WAL archive, as the condition ArchivingHealthy says it.
import { instantOf, minute } from '../plan/time.ts';
import { nothing, openAfter, stay } from './incident.ts';
import type { AlertFacts, Finding } from './incident.ts';
import { conditionOf } from './policy.ts';

// What a receiver mends by itself, such as a server that restarts, it mends in this time.
const failingGrace = 5 * minute;
const startingGrace = 15 * minute;
const behindGrace = 15 * minute;

export const archiving = (facts: AlertFacts): Finding[] => {
  const found = conditionOf(facts, 'ArchivingHealthy');
  switch (found?.status) {
    case undefined:
      return [nothing];
    case 'False':
      return [openAfter(facts, failingGrace, 'HoldfastArchivingFailed', found.since, found.message), stay(facts, 'HoldfastWalTierBehind')];
    case 'Unknown':
      return found.reason === 'Suspended'
        ? [nothing]
        : [openAfter(facts, startingGrace, 'HoldfastArchivingFailed', found.since, found.message), stay(facts, 'HoldfastWalTierBehind')];
    case 'True':
      return found.reason === 'TierBehind'
        ? [openAfter(facts, behindGrace, 'HoldfastWalTierBehind', behindSince(facts) ?? found.since, found.message)]
        : [nothing];
  }
};

// The condition is True all the while: how long a tier has been behind, its newest instant tells; where it has none, the begin of the archive.
const behindSince = ({ policy }: AlertFacts): number | undefined => {
  const times = (policy.status?.walArchive ?? []).flatMap(({ heldSince, followers = [] }) =>
    followers.flatMap(({ problem, storedTime }) => (problem === undefined ? [] : (instantOf(storedTime ?? heldSince) ?? []))),
  );
  return times.length === 0 ? undefined : Math.min(...times);
};

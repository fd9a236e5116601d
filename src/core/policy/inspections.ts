// Reading the tiers: after each run, after each copy, at the slots of the health schedule, and once for a policy that is new.
import { judge } from '../jobs/judge.ts';
import type { Verdict } from '../jobs/judge.ts';
import { deadlinesFor } from '../jobs/deadlines.ts';
import { deleteJobs } from '../jobs/facts.ts';
import type { JobFacts } from '../jobs/facts.ts';
import { createJob } from '../jobs/request.ts';
import type { Action } from '../jobs/request.ts';
import { jobName } from '../plan/names.ts';
import { jitterOffset, newestSlot, nextSlot } from '../plan/schedule.ts';
import { doubling, hour, instantOf, second, soonest } from '../plan/time.ts';
import { logReading } from './log-readings.ts';
import { hasMoved } from './moved.ts';
import { hasStarted } from './observed.ts';
import type { PolicyObserved } from './observed.ts';

export type TierReading = {
  tier: string;
  // How the newest reading went. Undefined: there is none, or its Job is gone.
  verdict?: Verdict;
};

export type Inspections = { actions: Action[]; readings: TierReading[]; againMilliseconds?: number };

const readingBackoff = (failures: number): number => doubling(failures, 30 * second, hour);

export const inspections = (observed: PolicyObserved): Inspections => {
  const perTier = observed.policy.spec.tiers.map(({ name }, at) => inspectTier(observed, name, at === 0));
  const wait = soonest(nextReading(observed), ...putOff(observed), ...perTier.map(({ againMilliseconds }) => againMilliseconds));
  return {
    actions: perTier.flatMap(({ actions }) => actions),
    readings: perTier.map(({ reading }) => reading),
    ...(wait === undefined ? {} : { againMilliseconds: wait }),
  };
};

type TierInspection = { actions: Action[]; reading: TierReading; againMilliseconds?: number };

export const inspectJobsOf = (observed: PolicyObserved, tier: string): JobFacts[] =>
  observed.jobs
    .filter((job) => job.ours && !job.deleting && job.verb === 'inspect' && job.tier === tier)
    .toSorted((a, b) => a.createdTime - b.createdTime || a.attempt - b.attempt);

const inspectTier = (observed: PolicyObserved, tier: string, isPrimary: boolean): TierInspection => {
  const { policy, now } = observed;
  const newest = inspectJobsOf(observed, tier).at(-1);
  const need = neededSince(observed, tier, isPrimary);
  if (newest === undefined) {
    return startWhere(observed, tier, need, need > measuredTime(observed, tier), 1);
  }
  const verdict = judge(newest, { verb: 'inspect', tier }, deadlinesFor(policy, 'inspect'), now);
  const reading = { tier, verdict };
  switch (verdict.type) {
    case 'Waiting':
    case 'Running':
      return { actions: [], reading, againMilliseconds: verdict.againMilliseconds };
    case 'Succeeded':
      return startWhere(observed, tier, need, need > newest.createdTime, 1, reading);
    case 'Failed':
    case 'Lost': {
      if (newest.state.type !== 'Ended') {
        return { actions: deleteJobs([newest]), reading };
      }
      if (need > newest.createdTime) {
        return startWhere(observed, tier, need, true, 1, reading);
      }
      const wait = verdict.endTime + readingBackoff(newest.attempt) - now;
      return wait > 0
        ? { actions: [], reading, againMilliseconds: wait }
        : startWhere(observed, tier, need, true, newest.attempt + 1, reading);
    }
  }
};

const startWhere = (
  { policy, hash }: PolicyObserved,
  tier: string,
  need: number,
  isDue: boolean,
  attempt: number,
  reading: TierReading = { tier },
): TierInspection => {
  const name = jobName(policy.metadata.name, hash(`${policy.metadata.uid}/${need}`), `inspect-${tier}`, attempt);
  return {
    actions: isDue ? [createJob({ name, verb: 'inspect', attempt, owner: 'BackupPolicy', tier })] : [],
    reading,
  };
};

// Something was added to the tier, and no reading since then has succeeded.
export const isOverdue = (observed: PolicyObserved, tier: string): boolean =>
  neededSince(observed, tier, observed.policy.spec.tiers[0]?.name === tier) > measuredTime(observed, tier);

const measuredTime = ({ policy, catalogue }: PolicyObserved, tier: string): number =>
  Math.max(catalogue[tier]?.measuredTime ?? 0, instantOf(policy.status?.tiers?.find(({ name }) => name === tier)?.measuredTime) ?? 0);

// After somebody took the repository over, every tier has another writer.
const adoptedTime = ({ jobs }: PolicyObserved): number =>
  Math.max(0, ...jobs.flatMap(({ ours, verb, state }) => (ours && verb === 'adopt' && state.type === 'Ended' ? [state.endTime] : [])));

// When the newest reading of a tier began, however it went.
const lastBegan = (observed: PolicyObserved, tier: string): number =>
  Math.max(measuredTime(observed, tier), inspectJobsOf(observed, tier).at(-1)?.createdTime ?? 0);

const putOff = (observed: PolicyObserved): number[] =>
  observed.policy.spec.tiers.flatMap(({ name }) => logReading(observed, lastBegan(observed, name)).againMilliseconds ?? []);

// The newest instant at which something may have been added to the tier; at first, when the policy was made. A run that failed counts:
// perhaps it was sealed and does not know, and what stopped it may stand in the store, such as another writer.
const neededSince = (observed: PolicyObserved, tier: string, isPrimary: boolean): number => {
  const { policy, backups, jobs } = observed;
  const created = instantOf(policy.metadata.creationTimestamp) ?? 0;
  const ends = isPrimary
    ? backups.filter((backup) => backup.type !== 'Log' && hasStarted(backup)).map(({ status }) => instantOf(status.endTime) ?? 0)
    : jobs.flatMap((job) =>
        job.ours && job.verb === 'copy' && job.tier === tier && job.state.type === 'Ended' && job.state.result?.outcome === 'Succeeded'
          ? [job.state.endTime]
          : [],
      );
  const walBegan = isPrimary || hasMoved(observed.catalogue[tier]?.windows, policy.status?.walArchive ?? []) ? walBeganTime(observed) : 0;
  const { neededSince: afterLog } = logReading(observed, lastBegan(observed, tier));
  return Math.max(created, newestReading(observed) ?? 0, adoptedTime(observed), afterLog, walBegan, ...ends);
};

// A new stretch of WAL, or the server has gone to another timeline: only a reading tells whether a whole backup leads into it, or one must be asked for, and
// what of the tier is of the history that the server lives now.
const walBeganTime = ({ policy }: PolicyObserved): number =>
  Math.max(0, ...(policy.status?.walArchive ?? []).map(({ heldSince }) => instantOf(heldSince) ?? 0));

// The same for a policy at every slot, so that the readings of many policies spread over the interval.
const readingOffset = ({ policy, hash }: PolicyObserved): number =>
  jitterOffset(policy.spec.schedules.health.jitter, hash(`${policy.metadata.uid}/health`));

const newestReading = (observed: PolicyObserved): number | undefined => {
  const offset = readingOffset(observed);
  const slot = newestSlot(observed.policy.spec.schedules.health, observed.now - offset);
  return slot === undefined ? undefined : slot + offset;
};

const nextReading = (observed: PolicyObserved): number | undefined => {
  const offset = readingOffset(observed);
  const slot = nextSlot(observed.policy.spec.schedules.health, observed.now - offset);
  return slot === undefined ? undefined : slot + offset - observed.now;
};

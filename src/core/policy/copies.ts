// Copies that further tiers lack. They are due whatever became of the Backup resource: what counts is that the primary tier holds the backup.
import { deadlinesFor } from '../jobs/deadlines.ts';
import { deleteJobs } from '../jobs/facts.ts';
import { createJob } from '../jobs/request.ts';
import type { Action } from '../jobs/request.ts';
import { copyState } from '../plan/copy-state.ts';
import type { CopyState } from '../plan/copy-state.ts';
import { jobName } from '../plan/names.ts';
import { soonest } from '../plan/time.ts';
import { holds, isSealed } from './observed.ts';
import type { PolicyObserved } from './observed.ts';

// Older backups are left alone: they came into the repository before the tier did.
const newestBackups = 20;

type Due = { id: string; slot: string; name: string };

export type Copies = { actions: Action[]; againMilliseconds?: number };

// One copy at a time for each tier, the newest backup first: that is the one that counts for what could be lost.
export const copies = (observed: PolicyObserved): Copies => {
  const [, ...further] = observed.policy.spec.tiers;
  const due = sealedBackups(observed);
  const perTier = further.map(({ name }) => copiesTo(observed, name, due));
  const wait = soonest(...perTier.map(({ againMilliseconds }) => againMilliseconds));
  return { actions: perTier.flatMap(({ actions }) => actions), ...(wait === undefined ? {} : { againMilliseconds: wait }) };
};

// Known from the Backup resources, and from the primary tier itself where a resource is gone.
const sealedBackups = ({ backups, catalogue, policy }: PolicyObserved): Due[] => {
  const resources = backups.filter(isSealed).map(({ name, slot, status }) => ({ id: status.backupId ?? '', slot, name }));
  const known = new Set(resources.map(({ id }) => id));
  const stored = (catalogue[policy.spec.tiers[0]?.name ?? '']?.entries ?? [])
    .filter(({ verdict, backupId }) => verdict === 'Passed' && !known.has(backupId))
    .map(({ backupId, slot }) => ({ id: backupId, slot, name: '' }));
  return [...resources, ...stored].toSorted((a, b) => b.id.localeCompare(a.id)).slice(0, newestBackups);
};

const copiesTo = (observed: PolicyObserved, tier: string, due: Due[]): Copies => {
  const states = due.map((backup) => ({ backup, state: stateOf(observed, tier, backup) }));
  const stops = deleteJobs(states.map(({ state }) => state.stop));
  const waits = states.flatMap(({ state }) => state.againMilliseconds ?? []);
  const busy = states.some(({ state }) => state.status.state === 'Copying' || state.stop !== undefined);
  const next = busy ? undefined : states.find(({ state }) => state.startAttempt !== undefined);
  const starts = next === undefined ? [] : [createJob(request(observed, tier, next.backup, next.state.startAttempt ?? 1))];
  const wait = soonest(...waits);
  return { actions: [...stops, ...starts], ...(wait === undefined ? {} : { againMilliseconds: wait }) };
};

const stateOf = (observed: PolicyObserved, tier: string, { id, name }: Due): CopyState => {
  const { policy, backups, jobs, catalogue, now } = observed;
  const known = backups.find((backup) => backup.name === name)?.status.tiers?.find((each) => each.name === tier);
  return copyState({
    tier,
    backupId: id,
    ...(known === undefined ? {} : { known }),
    // Without a resource and without a reading of the tier nobody knows: nothing is started for that.
    seenOnTier: holds(catalogue[tier], id) ?? name === '',
    jobs: jobs.filter((job) => job.verb === 'copy' && job.tier === tier && job.backupId === id),
    deadlines: deadlinesFor(policy, 'copy'),
    now,
  });
};

const request = ({ policy, hash }: PolicyObserved, tier: string, backup: Due, attempt: number) => ({
  name: jobName(policy.metadata.name, hash(`${policy.metadata.uid}/${backup.id}`), `copy-${tier}`, attempt),
  verb: 'copy' as const,
  attempt,
  owner: 'BackupPolicy' as const,
  tier,
  backup: { name: backup.name, id: backup.id, slot: backup.slot },
});

// Copies that further tiers lack. They are due whatever became of the Backup resource: what counts is that the primary tier holds the backup.
import type { BackupType } from '../../api/backup-type.ts';
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

type Due = { id: string; slot: string; name: string; type: BackupType; parents: string[] };

export type Copies = { actions: Action[]; againMilliseconds?: number };

// One copy at a time for each tier, the newest backup first: that is the one that counts for what could be lost. What it builds on goes before it.
export const copies = (observed: PolicyObserved): Copies => {
  const [, ...further] = observed.policy.spec.tiers;
  const due = sealedBackups(observed);
  const perTier = further.map(({ name }) => copiesTo(observed, name, due));
  const wait = soonest(...perTier.map(({ againMilliseconds }) => againMilliseconds));
  return { actions: perTier.flatMap(({ actions }) => actions), ...(wait === undefined ? {} : { againMilliseconds: wait }) };
};

// Known from the Backup resources, and from the primary tier itself where a resource is gone.
const sealedBackups = ({ backups, catalogue, policy }: PolicyObserved): Due[] => {
  const entries = catalogue[policy.spec.tiers[0]?.name ?? '']?.entries ?? [];
  const entryOf = new Map(entries.map((entry) => [entry.backupId, entry]));
  const resources = backups.filter(isSealed).map(({ name, slot, type, status }): Due => ({
    id: status.backupId ?? '',
    slot,
    name,
    type,
    parents: parentsOf(status.components ?? entryOf.get(status.backupId ?? '')?.components),
  }));
  const known = new Set(resources.map(({ id }) => id));
  const stored = entries
    .filter(({ verdict, backupId }) => verdict === 'Passed' && !known.has(backupId))
    .map(({ backupId, slot, type, components }): Due => ({ id: backupId, slot, name: '', type, parents: parentsOf(components) }));
  const all = [...resources, ...stored].toSorted((a, b) => b.id.localeCompare(a.id));
  const wanted = new Set(all.slice(0, newestBackups).map(({ id }) => id));
  // Newest first: whoever names a parent comes before it.
  for (const { id, parents } of all) {
    if (wanted.has(id)) {
      parents.forEach((parent) => wanted.add(parent));
    }
  }
  return all.filter(({ id }) => wanted.has(id));
};

const parentsOf = (components: readonly { parent?: string | undefined }[] = []): string[] => [
  ...new Set(components.flatMap(({ parent }) => parent ?? [])),
];

const copiesTo = (observed: PolicyObserved, tier: string, due: Due[]): Copies => {
  const states = due.map((backup) => ({ backup, state: stateOf(observed, tier, backup) }));
  const stops = deleteJobs(states.map(({ state }) => state.stop));
  const waits = states.flatMap(({ state }) => state.againMilliseconds ?? []);
  const busy = states.some(({ state }) => state.status.state === 'Copying' || state.stop !== undefined);
  const next = busy
    ? undefined
    : oldestOf(
        states,
        states.find(({ state }) => state.startAttempt !== undefined),
      );
  const starts = next === undefined ? [] : [createJob(request(observed, tier, next.backup, next.state.startAttempt ?? 1))];
  const wait = soonest(...waits);
  return { actions: [...stops, ...starts], ...(wait === undefined ? {} : { againMilliseconds: wait }) };
};

type State = { backup: Due; state: CopyState };

// The one that starts: down the chain, as long as the tier lacks what it builds on. A parent that waits for its next attempt is waited for.
const oldestOf = (states: readonly State[], next: State | undefined): State | undefined => {
  const lacking = next && states.find(({ backup, state }) => next.backup.parents.includes(backup.id) && state.status.state !== 'Sealed');
  return lacking === undefined ? next : lacking.state.startAttempt === undefined ? undefined : oldestOf(states, lacking);
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
  backup: { name: backup.name, id: backup.id, slot: backup.slot, type: backup.type },
});

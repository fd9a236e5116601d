// Everything that a decision on one Backup looks at, from the caches. The API server is asked only where the caches may be behind.
import { isSameLane } from '../../api/backup-type.ts';
import { label } from '../../api/group.ts';
import type { Backup, BackupPolicy } from '../../api/objects.ts';
import type { BackupObserved, Rival } from '../../core/backup/observed.ts';
import { unknownComponents } from '../../core/backup/before.ts';
import { archivedOf } from '../../core/backup/log/before.ts';
import { deadlinesFor } from '../../core/jobs/deadlines.ts';
import { jobName } from '../../core/plan/names.ts';
import { instantOf } from '../../core/plan/time.ts';
import { copyState } from '../../core/plan/copy-state.ts';
import type { CopyState } from '../../core/plan/copy-state.ts';
import { holds } from '../../core/policy/observed.ts';
import { byOwner, byPolicy } from '../caches.ts';
import type { OperatorContext } from '../context.ts';
import { hash8 } from '../hash.ts';
import { isNamespaceTerminating } from '../namespace.ts';
import { policyOf } from '../policy-of.ts';
import { readJob } from '../jobs/gather.ts';
import type { ReadOptions } from '../jobs/gather.ts';
import { readOwned } from '../jobs/owned.ts';
import { catalogueOf, isReading, readReadings } from '../policy/readings.ts';
import { majorsOf } from '../settings.ts';

type Told = NonNullable<ReadOptions['follow']>;

export const gatherBackup = async (context: OperatorContext, backup: Backup, told: Told): Promise<BackupObserved> => {
  const ended = backup.status?.endTime !== undefined;
  const policy = await policyOf(context, { namespace: backup.metadata.namespace, name: backup.spec.policyRef.name }, !ended);
  return {
    now: context.now(),
    backup,
    ...(policy === undefined ? {} : { policy }),
    namespaceTerminating: await isNamespaceTerminating(context, backup),
    rivals: ended ? [] : rivalsOf(context, backup, policy),
    jobs: await readOwned(context, backup, expectedJobs(backup), ended ? undefined : told),
    ...(policy === undefined ? {} : await storedOf(context, backup, policy)),
    copies: ended && policy !== undefined && backup.spec.type !== 'Log' ? await copiesOf(context, backup, policy) : [],
    ...(context.uninstalling === undefined ? {} : { uninstalling: context.uninstalling }),
    agentMajors: majorsOf(context),
    hash: hash8,
  };
};

// The other Backups of the policy, of the same lane, that have not ended.
const rivalsOf = ({ caches }: OperatorContext, { metadata, spec }: Backup, policy: BackupPolicy | undefined): Rival[] =>
  caches.backups.cache
    .find(byPolicy(metadata.namespace, spec.policyRef.name))
    .filter((other) => other.metadata.uid !== metadata.uid && isSameLane(other.spec.type, spec.type) && other.status?.endTime === undefined)
    .map((other) => ({
      name: other.metadata.name,
      createdTime: Date.parse(other.metadata.creationTimestamp),
      // One that is being deleted still has its Jobs; one that never started has none.
      started: other.status?.startTime !== undefined,
      // Where the policy itself is the trouble, it is everybody's: of what a condition says, only this may hold one up alone.
      stalled: other.metadata.deletionTimestamp !== undefined || (policy !== undefined && waitsForPerson(other, policy)),
    }))
    .toSorted((a, b) => a.createdTime - b.createdTime || a.name.localeCompare(b.name));

const waitsForPerson = (backup: Backup, policy: BackupPolicy): boolean =>
  unknownComponents(backup, policy).length > 0 || (backup.spec.type === 'Log' && archivedOf(backup, policy).length === 0);

// Jobs that must be there by what the status says.
const expectedJobs = ({ metadata, spec, status }: Backup): string[] => {
  if (status?.startTime === undefined || status.endTime !== undefined) {
    return [];
  }
  const name = (what: string, attempt: number): string => jobName(spec.policyRef.name, hash8(metadata.uid), what, attempt);
  const { components = [], sealAttempt, check } = status;
  const what = spec.type === 'Log' ? 'log' : 'dump';
  return [
    ...components.flatMap((each) => (each.outcome === 'Running' ? [name(`${what}-${each.name}`, each.attempt ?? 1)] : [])),
    ...(sealAttempt === undefined || check !== undefined ? [] : [name('seal', sealAttempt)]),
    ...(check === undefined ? [] : [name(`check-${sealAttempt ?? 1}`, check.attempt)]),
  ];
};

// What a Backup that has not started may build on. A Full builds on nothing, and so does a Log; and nothing builds on a Log.
const storedOf = async (
  context: OperatorContext,
  { spec, status }: Backup,
  policy: BackupPolicy,
): Promise<Pick<BackupObserved, 'stored' | 'lastSealedTime'>> => {
  if (spec.type === 'Full' || spec.type === 'Log' || status?.startTime !== undefined) {
    return {};
  }
  const sealed = context.caches
    .backupsOf(policy)
    .filter(({ spec: { type }, status: other }) => type !== 'Log' && (other?.phase === 'Complete' || other?.phase === 'PartiallyFailed'));
  const readings = context.caches.jobs.cache.find(byOwner(policy.metadata.uid)).filter(isReading);
  const jobs = await readReadings(context, readings, { owners: new Set([policy.metadata.uid]) });
  const found = catalogueOf(jobs, policy.spec.tiers[0]?.name ?? '', 0);
  return {
    lastSealedTime: Math.max(0, ...sealed.map((other) => instantOf(other.status?.endTime) ?? 0)),
    ...(found?.entries === undefined ? {} : { stored: { measuredTime: found.measuredTime, entries: found.entries } }),
  };
};

// How far the copies are. The policy starts them, and has the tiers read; here their state is only looked at.
const copiesOf = async (context: OperatorContext, backup: Backup, policy: BackupPolicy): Promise<CopyState[]> => {
  const [, ...further] = policy.spec.tiers;
  const { backupId = '', tiers } = backup.status ?? {};
  const owners = new Set([policy.metadata.uid]);
  const owned = context.caches.jobs.cache.find(byOwner(policy.metadata.uid));
  const copying = owned.filter(({ metadata }) => metadata?.labels?.[label.verb] === 'copy' && metadata.labels[label.backupId] === backupId);
  const facts = await Promise.all(copying.map((job) => readJob(context, job, { owners })));
  const isOpen = further.some(({ name }) => tiers?.find((tier) => tier.name === name)?.state !== 'Sealed');
  const readings = isOpen ? await readReadings(context, owned.filter(isReading), { owners }) : [];
  return further.map(({ name }) => {
    const known = tiers?.find((tier) => tier.name === name);
    return copyState({
      tier: name,
      backupId,
      ...(known === undefined ? {} : { known }),
      seenOnTier: holds(catalogueOf(readings, name, 0), backupId) ?? false,
      jobs: facts.filter((job) => job.tier === name),
      deadlines: deadlinesFor(policy, 'copy'),
      now: context.now(),
    });
  });
};

// Everything that a decision on a Backup looks at.
import type { EntryLine } from '../../api/agent.ts';
import { finalizer } from '../../api/group.ts';
import type { Category } from '../../api/categories.ts';
import type { Backup, BackupPolicy } from '../../api/objects.ts';
import type { BackupStatus } from '../../api/backup.ts';
import type { Action, Decision, RunIdentity } from '../jobs/request.ts';
import type { JobFacts } from '../jobs/facts.ts';
import { instantOf } from '../plan/time.ts';
import { backupIdOf, jobName } from '../plan/names.ts';
import type { CopyState } from '../plan/copy-state.ts';

// Another Backup of the same policy that has not ended.
export type Rival = { name: string; createdTime: number; started: boolean; stalled: boolean };

export type BackupObserved = {
  now: number;
  backup: Backup;
  policy?: BackupPolicy;
  namespaceTerminating: boolean;
  rivals: Rival[];
  // Jobs that this Backup owns, and any that has a name of ours.
  jobs: JobFacts[];
  // What the primary tier was last found to hold, for a Backup that may build on it and has not started. Undefined: it is not known.
  stored?: { measuredTime: number; entries: EntryLine[] };
  // When the newest run of the policy ended that was sealed.
  lastSealedTime?: number;
  // State of the copy on each further tier, once the Backup has ended.
  copies: CopyState[];
  // Holdfast is being uninstalled.
  uninstalling?: { until: number };
  // Major versions of PostgreSQL that the operator has an agent image for.
  agentMajors: number[];
  // Eight hex digits of SHA-256.
  hash: (text: string) => string;
};

export type BackupDecision = Decision<BackupStatus>;

// A fact of the chain: answers when it applies.
export type BackupFact = (observed: BackupObserved) => BackupDecision | undefined;

// What the later facts of the chain may rely on: the run has started and its policy is there.
export type PolicyThere = BackupObserved & { policy: BackupPolicy };
export type StartedRun = PolicyThere & { run: RunIdentity };

export const statusOf = ({ backup }: BackupObserved): BackupStatus => backup.status ?? {};

// Whoever deletes the Backup waits from now on until its Jobs are gone.
export const holdOn = ({ backup }: BackupObserved): Action[] =>
  backup.metadata.finalizers?.includes(finalizer) === true ? [] : [{ type: 'addFinalizer' }];

export const hasEnded = (status: BackupStatus | undefined): boolean => status?.endTime !== undefined;

// The slot that the Backup stands for. What claims to be of the future is not believed.
export const slotOf = ({ backup }: BackupObserved, slotAnnotation: string): number => {
  const created = instantOf(backup.metadata.creationTimestamp) ?? 0;
  const slot = instantOf(backup.metadata.annotations?.[slotAnnotation]);
  return slot !== undefined && slot <= created ? slot : created;
};

export const backupIdFor = (observed: BackupObserved, slot: number): string =>
  backupIdOf(slot, observed.backup.spec.type, observed.hash(observed.backup.metadata.uid));

export const primaryTier = (policy: BackupPolicy): string => policy.spec.tiers[0]?.name ?? '';

// The name of one of the Backup's own Jobs.
export const ownJobName = ({ backup, hash }: BackupObserved, what: string, attempt: number): string =>
  jobName(backup.spec.policyRef.name, hash(backup.metadata.uid), what, attempt);

export const findJob = ({ jobs }: BackupObserved, name: string): JobFacts | undefined => jobs.find((job) => job.name === name);

export const asCategory = (category: string | undefined): Category => (category ?? 'Internal') as Category;

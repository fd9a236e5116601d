// Everything that a decision on a Restore looks at.
import type { AgentResult } from '../../api/agent.ts';
import { finalizer } from '../../api/group.ts';
import type { BackupPolicy, Restore } from '../../api/objects.ts';
import type { RecoverResult } from '../../api/recover.ts';
import type { RestoredComponent, RestoreStage, RestoreStatus } from '../../api/restore-status.ts';
import type { JobFacts } from '../jobs/facts.ts';
import type { Action, Decision } from '../jobs/request.ts';
import { jobName } from '../plan/names.ts';
import type { QuiesceFacts } from './workloads/facts.ts';

// Another Restore that stops something in this namespace and has begun, or was made before.
export type RestoreRival = { name: string; createdTime: number; started: boolean; waitsForApproval?: boolean };

// A claim that a Restore names. `madeFor`: uid of the Restore that Holdfast made it for.
// `node`: where a pod has it mounted. `unbound`: it never had a volume. `leaving`: it is being deleted.
export type TargetClaim = { name: string; uid: string; madeFor?: string; node?: string; unbound?: true; leaving?: true };

export type RestoreObserved = {
  now: number;
  restore: Restore;
  policy?: BackupPolicy;
  namespaceTerminating: boolean;
  rivals: RestoreRival[];
  // Jobs that this Restore owns, and any that has a name of ours.
  jobs: JobFacts[];
  // Pods that write for it and have not ended, whatever has become of their Jobs. Absent: none.
  agents?: { pod: string; component: string }[];
  // The Restore that this one shall undo.
  undone?: Restore;
  // A Restore that has undone this one.
  undoneBy?: string;
  // Claims of the targets that are there. Read only where a decision needs them.
  claims: TargetClaim[];
  // What stands around the claims of targets in place. Read only in the stages that need it.
  workloads?: QuiesceFacts;
  agentMajors: number[];
  // Eight hex digits of SHA-256.
  hash: (text: string) => string;
};

export type RestoreDecision = Decision<RestoreStatus>;
export type RestoreFact = (observed: RestoreObserved) => RestoreDecision | undefined;

// What the stages may rely on.
export type RunningRestore = RestoreObserved & { policy: BackupPolicy; stage: RestoreStage };

export const statusOf = ({ restore }: Pick<RestoreObserved, 'restore'>): RestoreStatus => restore.status ?? {};

export const componentsOf = (observed: Pick<RestoreObserved, 'restore'>): RestoredComponent[] => statusOf(observed).components ?? [];

export const hasEnded = (status: RestoreStatus | undefined): boolean => status?.endTime !== undefined;

// Whoever deletes the Restore waits from now on until its Jobs are gone and its workloads are back.
export const holdOn = ({ restore }: RestoreObserved): Action[] =>
  restore.metadata.finalizers?.includes(finalizer) === true ? [] : [{ type: 'addFinalizer' }];

export const restoreJobName = ({ restore, hash }: Pick<RestoreObserved, 'restore' | 'hash'>, what: string, attempt: number): string =>
  jobName(restore.spec.source.policyRef.name, hash(restore.metadata.uid), what, attempt);

// The tier that is read where a Restore names none: the first one.
export const sourceTier = ({ restore, policy }: Pick<RunningRestore, 'restore' | 'policy'>): string =>
  restore.spec.source.tier ?? policy.spec.tiers[0]?.name ?? '';

export const isRecoverResult = (result: AgentResult): result is RecoverResult => result.verb === 'recover';

// An undo of another Restore.
export const isUndo = ({ restore }: Pick<RestoreObserved, 'restore'>): boolean => restore.spec.source.restoreRef !== undefined;

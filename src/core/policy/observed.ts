// Everything that a decision on a BackupPolicy looks at.
import type { EntryLine, InspectFacts, WindowLine } from '../../api/agent.ts';
import type { BackupType, RunType } from '../../api/backup-type.ts';
import type { BackupStatus } from '../../api/backup.ts';
import type { BackupPolicy } from '../../api/objects.ts';
import type { PolicyStatus } from '../../api/policy.ts';
import type { RestoreStatus } from '../../api/restore-status.ts';
import type { JobFacts } from '../jobs/facts.ts';
import type { Decision } from '../jobs/request.ts';
import type { ReceiverFacts } from '../receiver/facts.ts';

// A Backup of the policy, as far as the policy cares.
export type BackupFacts = {
  name: string;
  uid: string;
  type: RunType;
  createdTime: number;
  // Made by a schedule.
  scheduled: boolean;
  // Its slot was missed before it was made: it makes up for a miss.
  late: boolean;
  deleting: boolean;
  slot: string;
  status: BackupStatus;
};

// A Restore of the policy, as far as the policy cares.
export type RestoreFacts = {
  name: string;
  // It undoes another one.
  undo: boolean;
  // Those that it covers. Absent: all.
  components?: string[];
  status: RestoreStatus;
};

// What an inspection found on one tier.
export type TierCatalogue = {
  // When the reading began.
  measuredTime: number;
  repositoryId?: string;
  backups: number;
  refused: number;
  // Undefined: the log was lost, only the counts are known.
  entries?: EntryLine[];
  // What the WAL of each component that has some leads to. Undefined: it is not known.
  windows?: WindowLine[];
  // What else was measured.
  facts?: Omit<InspectFacts, 'repositoryId' | 'backups' | 'refused'>;
};

export type PolicyObserved = {
  now: number;
  policy: BackupPolicy;
  backups: BackupFacts[];
  restores: RestoreFacts[];
  // Every Job that carries the policy's name and belongs to it or to one of its Backups.
  jobs: JobFacts[];
  // By tier: the newest reading that succeeded, as far as it is still known.
  catalogue: Record<string, TierCatalogue | undefined>;
  // The WAL receivers that are there.
  receivers: ReceiverFacts[];
  // Tiers whose claim Holdfast shall make and that is not there.
  missingClaims: string[];
  // Components whose receiver has a pod that has not ended.
  receivingPods: string[];
  // Asked only while the policy is being deleted and held by us.
  namespaceTerminating: boolean;
  // Holdfast is being removed: no slot is kept. After this instant what is left is given up.
  uninstalling?: { until: number };
  agentMajors: number[];
  hash: (text: string) => string;
};

// Whether a tier was read and holds a backup. Undefined: it is not known.
export const holds = (catalogue: TierCatalogue | undefined, id: string): boolean | undefined =>
  catalogue?.entries?.some(({ backupId, verdict }) => backupId === id && verdict === 'Passed');

export type PolicyDecision = Decision<PolicyStatus>;

// The primary tier holds it, in part at least. A Log has nothing there of its own.
export const isSealed = (backup: BackupFacts): backup is BackupFacts & { type: BackupType } =>
  backup.type !== 'Log' && (backup.status.phase === 'Complete' || backup.status.phase === 'PartiallyFailed');

export const hasStarted = ({ status }: BackupFacts): boolean => status.startTime !== undefined;

export const isOpen = ({ status, deleting }: BackupFacts): boolean => status.endTime === undefined && !deleting;

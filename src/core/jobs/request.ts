// What a decision asks for. Names are deterministic: asking twice makes one Job.
import type { ReceiveMode } from '../../api/agent.ts';
import type { BackupType, RunType } from '../../api/backup-type.ts';
import type { Category } from '../../api/categories.ts';
import type { RecoverMode } from '../../api/recover.ts';
import type { PlannedComponent } from '../../api/restore-status.ts';
import type { WorkloadKind } from '../../api/restore.ts';
import type { SlotFacts } from '../../api/slot-status.ts';
import type { RestoreRecord } from '../../api/stored/audit.ts';

// `check` and `logs` are the agent's verb `inspect` for one backup: to find out whether it is sealed, and to print its stored log.
export type JobVerb = 'dump' | 'seal' | 'check' | 'logs' | 'copy' | 'inspect' | 'adopt' | 'receive' | 'recover' | 'audit';

// The backup that a Job works for.
export type RunIdentity = { name: string; id: string; slot: string; type: BackupType };

export type JobRequest = {
  name: string;
  verb: JobVerb;
  attempt: number;
  // What the Job goes away with.
  owner: 'Backup' | 'BackupPolicy' | 'Restore';
  // The tier that is written, or read where nothing is written.
  tier: string;
  backup?: RunIdentity;
  component?: string;
  predictedBytes?: number;
  // For dump: the backup to build on.
  parent?: string;
  // For receive, which speaks of a component: what it shall do about its WAL.
  receive?: { mode: ReceiveMode };
  // For receive without a mode: the replication slot to drop.
  dropSlot?: DropSlotRequest;
  // For recover: what shall be done about the component.
  recover?: RecoverRequest;
  // For audit: what is written down.
  record?: RestoreRecord;
  // For seal: the attempt of each component that counts, and the components that failed.
  components?: { name: string; attempt: number }[];
  failed?: { name: string; category: Category }[];
};

// `unless`: where this is the same server under another address, the slot is left alone.
export type DropSlotRequest = {
  name: string;
  connection: SlotFacts['connection'];
  unless?: SlotFacts['connection'];
  deadlineSeconds: number;
};

// What a Job of a Restore is told besides its spec.
export type RecoverRequest = {
  mode: RecoverMode;
  // Where its data directory is.
  directory?: { kind: 'volume' | 'inPlace'; claimName: string; path: string; runAs: { user: number; group: number } };
  // The node that holds the claim, where a pod has it mounted already.
  node?: string;
  // For Restore: the plan that it must keep to.
  planned?: PlannedComponent;
  // For Undo: the Restore whose work is undone, where it is not this one.
  undoes?: { name: string; uid: string };
  // For Undo and Discard: the tier that may hold a copy of the old data, and what opens it.
  copies?: { tier: string; identity?: { name: string; key: string } };
  // For Check: what the live server must be.
  expect?: { systemId?: string; timeline?: number; lsn?: string };
};

export type Action =
  | { type: 'createJob'; job: JobRequest }
  | { type: 'deleteJob'; name: string; uid: string }
  | { type: 'addFinalizer' }
  | { type: 'removeFinalizer' }
  | { type: 'createBackup'; name: string; kind: RunType; slot: string; late: boolean }
  | { type: 'deleteBackup'; name: string; uid: string }
  | { type: 'createClaim'; tier: string }
  // A Full that no schedule asked for.
  | { type: 'requestBackup'; name: string; because: string }
  // Something that a person should know and no condition will say.
  | { type: 'tell'; reason: string; message: string }
  // The Deployment of a component's WAL receiver.
  | { type: 'createReceiver'; component: string }
  | { type: 'deleteReceiver'; name: string; uid: string }
  // A claim for a component of a Restore, and its end where the Restore failed.
  | { type: 'createRestoreClaim'; component: string; name: string; bytes: number; storageClassName?: string }
  | { type: 'deleteClaim'; name: string; uid: string }
  // To 0: from any other number. To another number: only from 0.
  | { type: 'scaleWorkload'; kind: WorkloadKind; name: string; uid: string; to: number };

export const createJob = (job: JobRequest): Action => ({ type: 'createJob', job });

// What to do, what the status is from now on, and when to look again if nothing changes before.
export type Decision<Status> = { actions: Action[]; status: Status; againMilliseconds?: number };

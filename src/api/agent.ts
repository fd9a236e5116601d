// How the operator and an agent talk. Down: one plan, in the environment variable HOLDFAST_PLAN (it holds no secret, only paths).
// Up: lines of JSON on stdout. The last one is the result; it is the pod's termination message too, so it stays under 4 KiB.
import type { BackupType, WholeCopy } from './backup-type.ts';
import type { Category } from './categories.ts';
import type { PostgresqlComponent } from './postgresql.ts';
import type { PlannedLine, RecoverPlan, RecoverResult } from './recover.ts';
import type { RestoreRecord } from './stored/audit.ts';
import type { WalGapReason } from './wal-gap.ts';

export const planVariable = 'HOLDFAST_PLAN';

// Where the operator mounts things in an agent's container.
export const mountPath = {
  tier: (name: string) => `/holdfast/tiers/${name}`,
  tierCredentials: (name: string) => `/holdfast/secrets/tier-${name}`,
  tierCa: (name: string) => `/holdfast/secrets/tier-${name}-ca/ca.crt`,
  signingKey: '/holdfast/secrets/signing/signing.key',
  stateRecipient: '/holdfast/secrets/state/recipient',
  stateIdentity: '/holdfast/secrets/state-identity/identity',
  // Folders with the files `username` and `password`.
  sourceCredentials: '/holdfast/secrets/source',
  logicalCredentials: '/holdfast/secrets/logical',
  sourceCa: '/holdfast/secrets/source-ca/ca.crt',
  // Of the server that is archived now, where a slot goes on another one.
  currentCredentials: '/holdfast/secrets/current',
  currentCa: '/holdfast/secrets/current-ca/ca.crt',
  terminationLog: '/dev/termination-log',
} as const;

// One tier as an agent sees it: `location` is what stores open.
export type TierPlan = {
  name: string;
  location:
    | { kind: 'directory'; directory: string }
    | {
        kind: 's3';
        bucket: string;
        prefix: string;
        region: string;
        endpoint?: string;
        forcePathStyle: boolean;
        credentialsDirectory?: string;
        caFile?: string;
      };
};

export type VerificationKey = { id: string; key: string };

export type PlanBase = {
  policy: { namespace: string; name: string };
  // Id of the cluster (uid of its kube-system namespace).
  clusterId: string;
  verificationKeys: VerificationKey[];
};

export type BackupIdentity = {
  id: string;
  type: BackupType;
  // RFC 3339: the slot of a schedule, or when it was asked for.
  slot: string;
};

export type DumpPlan = PlanBase & {
  verb: 'dump';
  backup: BackupIdentity;
  component: string;
  attempt: number;
  tier: TierPlan;
  recipients: string[];
  signingKeyFile: string;
  stateRecipientFile?: string;
  // Absent: a whole copy.
  increment?: IncrementPlan;
  // Stored bytes of the last good backup of this component.
  predictedBytes?: number;
  // How long the attempt may take, seconds.
  deadlineSeconds: number;
  postgresql?: PostgresqlSource;
};

// What to build on. Where that cannot be, the copy is whole and says why; `required`: it is refused where a person could mend it.
export type IncrementPlan = { parentId: string; stateIdentityFile: string; required: boolean };

// The component's spec with its Secrets replaced by paths.
export type PostgresqlSource = {
  version: number;
  host: string;
  port: number;
  database: string;
  sslMode: PostgresqlComponent['connection']['sslMode'];
  caFile?: string;
  credentialsDirectory: string;
  physical: boolean;
  logical: { enabled: boolean; databases: string[]; globals: boolean; credentialsDirectory: string };
};

export type SealPlan = PlanBase & {
  verb: 'seal';
  backup: BackupIdentity;
  tier: TierPlan;
  signingKeyFile: string;
  // The attempt of each component that counts, and the components that failed.
  components: { name: string; attempt: number }[];
  failed: { name: string; category: Category }[];
};

export type CopyPlan = PlanBase & { verb: 'copy'; backup: BackupIdentity; from: TierPlan; to: TierPlan };

export type InspectPlan = PlanBase & {
  verb: 'inspect';
  tier: TierPlan;
  // A policy, perhaps of another cluster, whose backups are read like its own.
  reads?: { namespace: string; name: string };
  // Only this backup; default: the whole catalogue.
  backupId?: string;
  // Print the stored log of this backup instead.
  logsOf?: string;
  // Read every manifest and look for every object, whatever a snapshot says.
  thorough?: boolean;
  // Also read stored bytes again and sign what was found (level L1). Absent: the store is only looked at, and nothing is written.
  verification?: VerificationPlan;
};

// A share of the stored bytes is read again by each inspection, so that over time all of it is.
export type VerificationPlan = {
  signingKeyFile: string;
  // How many bytes one inspection reads, about: an object that was begun is read to its end.
  mostBytes: number;
  // After this time no further object is begun.
  mostSeconds: number;
  // How long a backup counts as verified.
  intervalSeconds: number;
  // The dump read the backup back from this very tier: that counts, until the interval is over.
  readBack: boolean;
};

// Makes this policy the writer of what its tiers hold, whoever was it before.
export type AdoptPlan = PlanBase & { verb: 'adopt'; tiers: TierPlan[]; signingKeyFile: string };

// Leaves a record of a Restore in the store.
export type AuditPlan = PlanBase & { verb: 'audit'; attempt: number; tier: TierPlan; signingKeyFile: string; record: RestoreRecord };

// Continuous: until it is stopped. Once: until all is stored that the server had when it was asked. Barrier: another receiver is at work; waits until
// that one has stored what the server has now.
export type ReceiveMode = 'Continuous' | 'Once' | 'Barrier';

// Receives the WAL of one server.
export type ReceivePlan = PlanBase & {
  verb: 'receive';
  component: string;
  mode: ReceiveMode;
  // The first of those that acknowledge is written first; the others follow it. At least one acknowledges.
  tiers: (TierPlan & { acknowledge: boolean })[];
  recipients: string[];
  signingKeyFile: string;
  postgresql: WalSource;
  slot: string;
  flushSeconds: number;
  // A connection that is silent for so long, though there is something to say, is given up. Default: 30.
  stallSeconds?: number;
  // The slot is dropped when the server has to keep more than this for it.
  maxRetainedBytes?: number;
  // Whether the server may wait for us when it commits.
  synchronous: boolean;
  // When the slot was dropped last, and why: where WAL is missing since then, that is the reason.
  slotDropped?: { time: string; reason: WalGapReason };
  // How long it may take; for Once and Barrier.
  deadlineSeconds?: number;
};

// Drops the replication slot of a receiver that shall not go on. It needs no tier and no key.
export type DropSlotPlan = PlanBase & {
  verb: 'receive';
  mode: 'Drop';
  component: string;
  postgresql: WalSource;
  slot: string;
  // The server that is archived now. Where it is the same one under another address, the slot is left alone: it is in use.
  unlessServer?: WalSource;
  // How long a sender that still holds the slot is waited for. Default: 90.
  patienceSeconds?: number;
  deadlineSeconds: number;
};

export type WalSource = Pick<PostgresqlSource, 'version' | 'host' | 'port' | 'database' | 'sslMode' | 'caFile' | 'credentialsDirectory'>;

export type AgentPlan = DumpPlan | SealPlan | CopyPlan | InspectPlan | AdoptPlan | AuditPlan | ReceivePlan | DropSlotPlan | RecoverPlan;

export type ProgressLine = {
  kind: 'progress';
  time: string;
  phase: string;
  // Bytes that the store has acknowledged in this phase.
  bytes: number;
};

// One backup of the catalogue on one tier, or a manifest that was refused.
export type EntryLine = {
  kind: 'entry';
  tier: string;
  backupId: string;
  type: BackupType;
  slot: string;
  verdict: 'Passed' | 'Failed' | 'Inconclusive';
  // Why not Passed.
  code?: string;
  message?: string;
  bytes: number;
  seconds: number;
  // `parent`: the backup that the component builds on. Absent: it stands alone.
  components: { name: string; bytes: number; restorableTo?: string; parent?: string }[];
  failed: string[];
  // Since when every stored byte of it is known to match (level L1). Absent: they were never all read on this tier.
  verifiedTime?: string;
  // When an inspection read its manifest and looked for its objects, where this one only saw that the manifest is still there.
  checkedTime?: string;
};

// How far a receiver is. One that runs all the time prints it at least every ten seconds, whatever happens: one that is silent hangs.
export type WalLine = {
  kind: 'wal';
  time: string;
  // The newest place; absent until this process has streamed.
  lineageId?: string;
  timeline?: number;
  // On the first tier this timeline is stored without a hole between the two, and acknowledged to the server up to the third.
  fromLsn?: string;
  storedLsn?: string;
  acknowledgedLsn?: string;
  // Every commit answered before this time, by the server's clock, is stored on the first tier.
  markTime?: string;
  // What keeps it from going on, and since when. Absent: nothing.
  trouble?: { code: string; message: string; since: string };
  // The other tiers: how far each has followed on the same timeline.
  followers: WalFollower[];
};

export type WalFollower = { tier: string; storedLsn?: string; markTime?: string; code?: string; message?: string };

// What the WAL of one component leads to on one tier, printed by `inspect`. Only what signed documents say, and what the list of the store bears out.
export type WindowLine = {
  kind: 'window';
  tier: string;
  component: string;
  // The newest mark of the archive: every commit answered before `time` is stored, up to `lsn`. Whether a backup leads there, the intervals say.
  mark?: { time: string; lsn: string; timeline: number };
  // The newest WAL without a hole. `isReached`: a backup leads into it; where none does, nothing of it can be recovered yet.
  newest?: { lineageId: string; timeline: number; fromLsn: string; toLsn: string; isReached: boolean };
  // The newest instant that a recovery reaches.
  restorableTo?: string;
  // Where the newest WAL ends, if a whole backup leads there, or where a backup ends that the WAL has not come to yet: what is stored behind it without a
  // hole carries the window on. `from`: an instant that can be recovered, the first one that is known.
  leadsOn?: { lineageId: string; timeline: number; toLsn: string; from?: string };
  // The newest whole backup of the history that the server lives now; none may be. Newer ones are of one that it has left, as by a restore in place.
  present?: { backupId?: string };
  // Any point of an interval can be recovered. The newest ones; so many older ones are left out. Without times: too few marks say when it was.
  intervals: WindowSpan[];
  olderIntervals?: number;
  // Nothing between the two points can be recovered. `to` without a time: no backup leads on behind the gap.
  gaps: (WindowSpan & { reason?: string })[];
  olderGaps?: number;
};

export type WindowSpan = { timeline: number; fromLsn: string; toLsn: string; from?: string; to?: string };

// A stored log line, printed by `inspect` with logsOf.
export type StoredLogLine = { kind: 'stored-log'; object: string; line: string };

export type ResultBase = {
  kind: 'result';
  time: string;
  outcome: 'Succeeded' | 'Failed';
  category: Category;
  // Where it failed: a stable code and a message with the next step.
  code?: string;
  message?: string;
  // A later attempt may work without anybody changing anything.
  retryable?: boolean;
  phases?: { name: string; seconds: number }[];
};

export type DumpResult = ResultBase & {
  verb: 'dump';
  backupId: string;
  component: string;
  attempt: number;
  bytes?: number;
  restorableTo?: string;
  // The backup that it builds on, or why it builds on none although that was wanted.
  parent?: string;
  whole?: WholeCopy;
  verification?: { level: 'L2'; verdict: 'Passed' | 'Failed' | 'Inconclusive' };
};

export type SealResult = ResultBase & { verb: 'seal'; backupId: string; repositoryId?: string; bytes?: number };
export type CopyResult = ResultBase & { verb: 'copy'; backupId: string; bytes?: number };
export type InspectResult = ResultBase & { verb: 'inspect'; tier: string } & InspectFacts;

// What an inspection measured. What it could not measure is absent, never 0.
export type InspectFacts = {
  repositoryId?: string;
  backups?: number;
  refused?: number;
  // Who may write, by the newest epoch that could be verified.
  writer?: WriterFacts;
  // Bytes of this repository in the tier: of backups and their keys, of manifests, of all else.
  stored?: { dataBytes: number; manifestBytes: number; otherBytes: number };
  // The whole volume, where the tier is one.
  volume?: { capacityBytes: number; freeBytes: number };
  // Attempts that no manifest names and nobody is at work on any more.
  abandoned?: { attempts: number; bytes: number };
  // Uploads that were begun long ago and never finished.
  unfinishedUploads?: number;
  // Level L1: backups whose bytes were all read, and those of which some never were; how much this inspection read; the newest and the oldest time.
  verified?: { backups: number; unverified: number; readBytes: number; newestTime?: string; oldestTime?: string };
  // Objects that belong to no single backup and are not what was written. At most three are named.
  damaged?: { objects: number; first: DamagedObject[] };
  // WAL: of so many components there was a line. `refused`: none could be judged. Failed: it was read, and a recovery would refuse it. Inconclusive: it could not be read.
  wal?: { components: number; refused?: { verdict: 'Failed' | 'Inconclusive'; code: string; message: string } };
};

export type WriterFacts = { epoch: number; clusterId: string; namespace: string; name: string; startTime: string; ours: boolean };
export type DamagedObject = { key: string; code: string; message: string };

// Now, `epoch` is that of this policy, on so many tiers.
export type AdoptResult = ResultBase & { verb: 'adopt'; repositoryId?: string; epoch?: number; tiers?: number };

// `written`: false where the repository is another's, or there is none; `note` says which.
export type AuditResult = ResultBase & { verb: 'audit'; attempt: number; written?: boolean; key?: string; note?: string };

// `storedLsn` on `timeline` is stored; every commit answered before `restorableTo` is among it.
export type ReceiveResult = ResultBase & {
  verb: 'receive';
  component: string;
  timeline?: number;
  storedLsn?: string;
  restorableTo?: string;
  // Of mode Drop: what became of the slot. Kept: it is in use by the receiver of today.
  slot?: 'Dropped' | 'Absent' | 'Kept';
};

export type AgentResult = DumpResult | SealResult | CopyResult | InspectResult | AdoptResult | AuditResult | ReceiveResult | RecoverResult;
export type AgentLine = ProgressLine | EntryLine | WindowLine | WalLine | StoredLogLine | PlannedLine | AgentResult;

// How the operator and an agent talk. Down: one plan, in the environment variable HOLDFAST_PLAN (it holds no secret, only paths).
// Up: lines of JSON on stdout. The last one is the result; it is the pod's termination message too, so it stays under 4 KiB.
import type { Category } from './categories.ts';
import type { PostgresqlComponent } from './postgresql.ts';

export const planVariable = 'HOLDFAST_PLAN';

// Where the operator mounts things in an agent's container.
export const mountPath = {
  tier: (name: string) => `/holdfast/tiers/${name}`,
  tierCredentials: (name: string) => `/holdfast/secrets/tier-${name}`,
  tierCa: (name: string) => `/holdfast/secrets/tier-${name}-ca/ca.crt`,
  signingKey: '/holdfast/secrets/signing/signing.key',
  stateRecipient: '/holdfast/secrets/state/recipient',
  // Folders with the files `username` and `password`.
  sourceCredentials: '/holdfast/secrets/source',
  logicalCredentials: '/holdfast/secrets/logical',
  sourceCa: '/holdfast/secrets/source-ca/ca.crt',
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

type PlanBase = {
  policy: { namespace: string; name: string };
  // Id of the cluster (uid of its kube-system namespace).
  clusterId: string;
  verificationKeys: VerificationKey[];
};

export type BackupIdentity = {
  id: string;
  type: 'Full';
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
  // Stored bytes of the last good backup of this component.
  predictedBytes?: number;
  // How long the attempt may take, seconds.
  deadlineSeconds: number;
  postgresql?: PostgresqlSource;
};

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
  // Only this backup; default: the whole catalogue.
  backupId?: string;
  // Print the stored log of this backup instead.
  logsOf?: string;
};

export type AgentPlan = DumpPlan | SealPlan | CopyPlan | InspectPlan;

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
  type: 'Full';
  slot: string;
  verdict: 'Passed' | 'Failed' | 'Inconclusive';
  // Why not Passed.
  code?: string;
  message?: string;
  bytes: number;
  seconds: number;
  components: { name: string; bytes: number; restorableTo?: string }[];
  failed: string[];
};

// A stored log line, printed by `inspect` with logsOf.
export type StoredLogLine = { kind: 'stored-log'; object: string; line: string };

type ResultBase = {
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
  verification?: { level: 'L2'; verdict: 'Passed' | 'Failed' | 'Inconclusive' };
};

export type SealResult = ResultBase & { verb: 'seal'; backupId: string; repositoryId?: string; bytes?: number };
export type CopyResult = ResultBase & { verb: 'copy'; backupId: string; bytes?: number };
export type InspectResult = ResultBase & { verb: 'inspect'; tier: string; repositoryId?: string; backups?: number; refused?: number };

export type AgentResult = DumpResult | SealResult | CopyResult | InspectResult;
export type AgentLine = ProgressLine | EntryLine | StoredLogLine | AgentResult;

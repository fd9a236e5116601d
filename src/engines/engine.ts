// What an engine (one kind of data) offers to the dump. It knows nothing of encryption, stores or manifests.
import type { Readable } from 'node:stream';
import type { WholeCopy } from '../api/backup-type.ts';
import type { ComponentEntry } from '../api/stored/backup.ts';

// Facts that go into the signed component record. No names of tables or files, no digest of plain text.
export type ComponentFacts = {
  // Such as { postgresql: '17.11', libc: '2.41', icu: '76.1' }.
  versions: Record<string, string>;
  // Everything committed before this instant is in the component. RFC 3339, from the source's clock.
  restorableTo?: string;
  postgresql?: PostgresqlFacts;
};

export type PostgresqlFacts = {
  systemIdentifier: string;
  // Of the physical copy. LSNs as `0/3000028`.
  timeline?: number;
  startLsn?: string;
  stopLsn?: string;
  // No commit in the copy is later than this (RFC 3339, the server's clock).
  commitsUntil?: string;
  walSegmentBytes?: number;
  dataChecksums?: boolean;
  extensions?: string[];
  // Of each logical copy: artifact name → when its snapshot was taken (RFC 3339).
  snapshots?: Record<string, string>;
};

// What reading an artifact back showed. `derived` are small artifacts cut out of it, such as backup_manifest.
export type ReadBack = {
  derived: SmallArtifact[];
};

// A stream in the format zstd, made by a tool or a child: raw bytes never pass through this process.
export type StreamedArtifact = {
  // Such as `base.tar`. The stored name is `<name>.zst.age.00001` and so on.
  readonly name: string;
  // Starts the source. `ended` settles when the source is done, and rejects when it failed although the stream ended.
  open(signal: AbortSignal): Promise<{ stream: Readable; ended: Promise<void> }>;
  // Reads the decrypted zstd stream to its end, checks what is in it (level L2), and throws VerificationError where it is wrong.
  readBack(stream: Readable, signal: AbortSignal): Promise<ReadBack>;
};

// A small document held in memory, raw. It is compressed and encrypted like the others.
export type SmallArtifact = {
  readonly name: string;
  readonly content: Buffer;
  // Also sealed to the state identity: lists and manifests, never contents.
  readonly state: boolean;
};

// The stored copy that an increment shall build on.
export type Parent = {
  readonly backupId: string;
  readonly facts: ComponentEntry['facts'];
  // Its lists and manifests, raw, by the names of their artifacts.
  readonly state: ReadonlyMap<string, Buffer>;
  // Rather no copy than a whole one.
  readonly required: boolean;
};

// One engine at work on one component, from preflight to the last fact.
export type EngineRun = {
  // Asks the source whether a backup can work, before anything is started. Throws EngineError.
  // With a parent, only what changed since then is copied, or `whole` says why that cannot be.
  preflight(signal: AbortSignal, parent?: Parent): Promise<{ predictedBytes?: number; whole?: WholeCopy }>;
  // The artifacts in the order in which they are stored. Each is opened, stored and read back before the next one is asked for.
  artifacts(signal: AbortSignal): AsyncIterable<StreamedArtifact>;
  // After the last artifact: what goes into the record, and small documents such as facts.json.
  // `whole`: why the copy became whole after all, although the preflight saw nothing against an increment.
  finish(signal: AbortSignal): Promise<{ facts: ComponentFacts; documents: SmallArtifact[]; whole?: WholeCopy }>;
  // Lets go of connections and slots. Always called, also after a failure.
  close(): Promise<void>;
};

export type EngineErrorCode =
  | 'SourceUnreachable'
  | 'AuthenticationFailed'
  | 'PermissionMissing'
  | 'VersionMismatch'
  | 'SourceMisconfigured'
  | 'TablespacesUnsupported'
  | 'DatabaseMissing'
  | 'SourceFailed'
  | 'VerificationFailed'
  | 'RestoreFailed'
  // Of a restore: the backups of a chain do not fit together; their form is unknown; the directory does not serve.
  | 'ChainBroken'
  | 'IncrementFormatUnknown'
  | 'TargetUnfinished'
  | 'TargetMisfit'
  // Of receiving WAL.
  | 'SlotInUse'
  | 'SlotUnsafe'
  | 'SlotLost'
  | 'SlotForeign'
  | 'WalRemoved'
  | 'SynchronousStandby';

// Thrown by engines. `retryable`: a later attempt may work without anybody changing anything.
export class EngineError extends Error {
  readonly code: EngineErrorCode;
  readonly retryable: boolean;

  constructor(code: EngineErrorCode, message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'EngineError';
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

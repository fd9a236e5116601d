// Errors of the archive. `code` is stable; the message says what to do next.
import type { Category } from '../api/categories.ts';

const codes = {
  InsufficientSpace: 'InsufficientSpace',
  NotARepository: 'Repository',
  RepositoryMismatch: 'Repository',
  FormatTooNew: 'Repository',
  WriterReplaced: 'Repository',
  WriterUnknown: 'Repository',
  WriterSuperseded: 'Repository',
  AlreadyStored: 'Repository',
  ObjectMissing: 'Verification',
  SizeMismatch: 'Verification',
  DigestMismatch: 'Verification',
  SignatureInvalid: 'Verification',
  SignerUnknown: 'Verification',
  DocumentInvalid: 'Verification',
  DecryptionFailed: 'Verification',
  RecordMissing: 'Verification',
  WalMissing: 'Verification',
  ForeignDatabase: 'Configuration',
  ReceiverNotAtWork: 'Source',
  ChainBroken: 'Verification',
  IncrementRefused: 'Configuration',
  VerbUnknown: 'Configuration',
  DirectoryStrange: 'Configuration',
  KeyInvalid: 'Configuration',
  RecipientInvalid: 'Configuration',
  IdentityInvalid: 'Configuration',
  ToolFailed: 'Internal',
  DeadlineExceeded: 'Deadline',
  Interrupted: 'Interrupted',
} as const satisfies Record<string, Category>;
export type ArchiveErrorCode = keyof typeof codes;

// Thrown when something stored, or a key, is not what it must be.
export class ArchiveError extends Error {
  readonly code: ArchiveErrorCode;
  readonly category: Category;
  readonly retryable: boolean;

  constructor(code: ArchiveErrorCode, message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ArchiveError';
    this.code = code;
    this.category = codes[code];
    this.retryable = options.retryable ?? false;
  }
}

// Whether another attempt may mend it, whoever threw it.
export const isRetryable = (error: unknown): boolean => error instanceof Error && 'retryable' in error && error.retryable === true;

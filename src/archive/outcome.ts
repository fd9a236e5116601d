// From an error to what the result says of it: category, code, message with the next step, and whether trying again may help.
import type { Category } from '../api/categories.ts';
import { EngineError } from '../engines/engine.ts';
import type { EngineErrorCode } from '../engines/engine.ts';
import { StoreError } from '../stores/errors.ts';
import type { StoreErrorCode } from '../stores/errors.ts';
import { redact } from '../telemetry/redact.ts';
import { ArchiveError } from './errors.ts';

export type Failure = { category: Category; code: string; message: string; retryable: boolean };

const longestMessage = 900;

const engineCategories: Record<EngineErrorCode, Category> = {
  SourceUnreachable: 'Source',
  AuthenticationFailed: 'Configuration',
  PermissionMissing: 'Configuration',
  VersionMismatch: 'Configuration',
  SourceMisconfigured: 'Configuration',
  TablespacesUnsupported: 'Configuration',
  DatabaseMissing: 'Configuration',
  SourceFailed: 'Source',
  SlotInUse: 'Source',
  SlotUnsafe: 'Configuration',
  SlotLost: 'Source',
  SlotForeign: 'Configuration',
  WalRemoved: 'Source',
  SynchronousStandby: 'Configuration',
  VerificationFailed: 'Verification',
  RestoreFailed: 'Internal',
  ChainBroken: 'Verification',
  IncrementFormatUnknown: 'Verification',
  TargetUnfinished: 'Configuration',
  TargetMisfit: 'Configuration',
};

const storeCategories: Record<StoreErrorCode, Category> = {
  ObjectMissing: 'Verification',
  ObjectTooLarge: 'Verification',
  InvalidKey: 'Internal',
  AccessDenied: 'Configuration',
  BucketMissing: 'Configuration',
  StoreUnavailable: 'Repository',
  StoreFull: 'InsufficientSpace',
  ChecksumMismatch: 'Verification',
  StoreMisconfigured: 'Configuration',
};

const categoryOf = (error: unknown): Category => {
  if (error instanceof ArchiveError) {
    return error.category;
  }
  if (error instanceof EngineError) {
    return engineCategories[error.code];
  }
  return error instanceof StoreError ? storeCategories[error.code] : 'Internal';
};

const isMissingFile = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EACCES');

// Explains an error. `stop` is why the run was aborted, if it was: then that is the cause, whatever broke because of it.
export const explain = (error: unknown, stop?: ArchiveError): Failure => {
  const cause = stop ?? error;
  if (isMissingFile(cause) && !(cause instanceof StoreError)) {
    return {
      category: 'Configuration',
      code: 'FileMissing',
      message: `${redact(cause.message)}. A Secret lacks a key, or its file cannot be read.`,
      retryable: false,
    };
  }
  const message = redact(cause instanceof Error ? cause.message : String(cause)).slice(0, longestMessage);
  if (cause instanceof ArchiveError || cause instanceof EngineError || cause instanceof StoreError) {
    return { category: categoryOf(cause), code: cause.code, message, retryable: cause.retryable };
  }
  return { category: 'Internal', code: 'InternalError', message, retryable: true };
};

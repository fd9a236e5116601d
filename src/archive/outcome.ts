// From an error to what the result says of it: category, code, message with the next step, and whether trying again may help.
import type { Category } from '../api/categories.ts';
import type { RefusalCode } from '../core/recovery/refusal.ts';
import { EngineError } from '../engines/engine.ts';
import type { EngineErrorCode } from '../engines/engine.ts';
import { StoreError } from '../stores/errors.ts';
import type { StoreErrorCode } from '../stores/errors.ts';
import { redact } from '../telemetry/redact.ts';
import { ArchiveError } from './errors.ts';
import { RecoveryRefused } from './recovery/refused.ts';
import { nextStepOf } from './recovery/verb/next-step.ts';

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

// All others: a person must change something.
const refusalCategories: Partial<Record<RefusalCode, Category>> = {
  SourceVerificationFailed: 'Verification',
  ChainBroken: 'Verification',
  WALGap: 'Verification',
  RestoreVerificationFailed: 'Verification',
  RollbackFailed: 'Verification',
  InsufficientSpace: 'InsufficientSpace',
  SafetyBackupImpossible: 'InsufficientSpace',
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
  if (cause instanceof RecoveryRefused) {
    const { code, remedy } = cause;
    const next = nextStepOf(code, remedy);
    return {
      category: refusalCategories[code] ?? 'Configuration',
      code,
      message: `${message.slice(0, longestMessage - next.length - 1)} ${next}`,
      retryable: false,
    };
  }
  if (cause instanceof ArchiveError || cause instanceof EngineError || cause instanceof StoreError) {
    return { category: categoryOf(cause), code: cause.code, message, retryable: cause.retryable };
  }
  return { category: 'Internal', code: 'InternalError', message, retryable: true };
};

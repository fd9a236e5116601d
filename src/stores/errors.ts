// Errors of stores. `code` is stable; the message says what to do next.
export type StoreErrorCode =
  | 'ObjectMissing'
  | 'ObjectTooLarge'
  | 'InvalidKey'
  | 'AccessDenied'
  | 'BucketMissing'
  | 'StoreUnavailable'
  | 'StoreFull'
  | 'ChecksumMismatch'
  | 'StoreMisconfigured';

// Thrown by every store operation. `retryable`: trying again later may help without anybody changing anything.
export class StoreError extends Error {
  readonly code: StoreErrorCode;
  readonly retryable: boolean;

  constructor(code: StoreErrorCode, message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'StoreError';
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

// From errors of S3 services to errors of a store. Services name the same thing differently; what was measured is in the tables below.
import { StoreError } from './errors.ts';
import type { StoreErrorCode } from './errors.ts';

type Fault = { name?: string; code?: string; message?: string; $metadata?: { httpStatusCode?: number }; cause?: unknown };

const isFault = (error: unknown): error is Fault & Error => error instanceof Error;
const statusOf = (error: Fault): number | undefined => error.$metadata?.httpStatusCode;

// The object exists already: 412 from S3 and most services, 409 from a few and while two writers race.
export const isTaken = (error: unknown): boolean =>
  isFault(error) && (statusOf(error) === 412 || error.name === 'PreconditionFailed' || error.name === 'ConditionalRequestConflict');

export const isMissing = (error: unknown): boolean =>
  isFault(error) && (error.name === 'NoSuchKey' || error.name === 'NotFound' || (statusOf(error) === 404 && error.name !== 'NoSuchBucket'));

// The upload was finished or aborted before.
export const isUploadGone = (error: unknown): boolean => isFault(error) && error.name === 'NoSuchUpload';

const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'TimeoutError',
  'aborted',
]);
const trustCodes = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);
const keyNames = new Set(['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'ExpiredToken', 'InvalidToken', 'CredentialsProviderError']);
const checksumNames = new Set([
  'BadDigest',
  'XAmzContentChecksumMismatch',
  'XAmzContentSHA256Mismatch',
  'InvalidDigest',
  'InvalidPart',
  'IncompleteBody',
]);
const fullNames = new Set(['XMinioStorageFull', 'InsufficientStorage', 'QuotaExceeded', 'StorageFull']);

// What was tried, for the message: an action and where.
export type Attempted = { action: string; description: string; endpoint?: string };

const made = (code: StoreErrorCode, message: string, cause: unknown, retryable = false): StoreError =>
  new StoreError(code, message, { cause, retryable });

// Never repeats what the service said about keys; only names and codes.
export const s3Error = (error: unknown, { action, description, endpoint }: Attempted): unknown => {
  if (error instanceof StoreError || !isFault(error) || error.name === 'AbortError') {
    return error;
  }
  const name = error.name ?? '';
  const status = statusOf(error);
  const network = [error.code, (error.cause as Fault | undefined)?.code, name].find(
    (code) => code !== undefined && (networkCodes.has(code) || trustCodes.has(code)),
  );
  const where = `${description}${endpoint === undefined ? '' : ` at ${endpoint}`}`;
  if (network !== undefined && trustCodes.has(network)) {
    return made(
      'StoreMisconfigured',
      `The certificate of ${where} is not trusted (${network}). Put its authority into s3.caSecretRef.`,
      error,
    );
  }
  if (name === 'NoSuchBucket') {
    return made('BucketMissing', `The bucket of ${where} does not exist. Create it, or mend s3.bucket.`, error);
  }
  if (keyNames.has(name)) {
    return made('AccessDenied', `${where} does not accept the credentials (${name}). Mend the Secret of the tier.`, error);
  }
  if (status === 403 || name === 'AccessDenied') {
    return made('AccessDenied', `${where} does not allow "${action}". Grant it to the user of the tier.`, error);
  }
  if (status === 507 || fullNames.has(name) || /no space left/i.test(error.message ?? '')) {
    return made('StoreFull', `${where} has no room left. Make the store larger.`, error);
  }
  if (checksumNames.has(name)) {
    return made('ChecksumMismatch', `${where} received other bytes than were sent (${name}) during "${action}".`, error, true);
  }
  if (network !== undefined || status === undefined || status >= 500 || status === 429) {
    return made(
      'StoreUnavailable',
      `${where} does not answer to "${action}" (${network ?? name} ${status ?? ''}). Look at the service and the network.`,
      error,
      true,
    );
  }
  return made('StoreMisconfigured', `${where} refused "${action}" with ${name} (${status}).`, error);
};

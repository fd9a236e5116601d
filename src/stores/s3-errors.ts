// From errors of S3 services to errors of a store. Services name the same thing differently; what was measured is in the tables below.
import { StoreError } from './errors.ts';
import type { StoreErrorCode } from './errors.ts';

type Fault = {
  name?: string;
  code?: string;
  message?: string;
  $metadata?: { httpStatusCode?: number; attempts?: number };
  cause?: unknown;
};

const isFault = (error: unknown): error is Fault & Error => error instanceof Error;
const statusOf = (error: Fault): number | undefined => error.$metadata?.httpStatusCode;

// The object exists already.
export const isTaken = (error: unknown): boolean => isFault(error) && (statusOf(error) === 412 || error.name === 'PreconditionFailed');

// Two writers raced. A few services say so instead of "exists"; AWS says it also where nothing exists yet.
export const isConflict = (error: unknown): boolean =>
  isFault(error) && (error.name === 'ConditionalRequestConflict' || error.name === 'OperationAborted');

// Only a GET says it by name: a HEAD has no body, and any web server answers 404.
export const isMissing = (error: unknown): boolean => isFault(error) && error.name === 'NoSuchKey';

// A refusal without a reason, as HEAD gives them: no object, no bucket, no right, wrong keys.
export const isUnexplained = (error: unknown): boolean =>
  isFault(error) && [400, 403, 404].includes(statusOf(error) ?? 0) && error.name !== 'NoSuchKey';

// The range begins at or after the end of the object.
export const isPastEnd = (error: unknown): boolean => isFault(error) && (statusOf(error) === 416 || error.name === 'InvalidRange');

// How often the request was sent. After the first time a service may say "exists" of what our own first try made.
export const attemptsOf = (error: unknown): number => (isFault(error) ? (error.$metadata?.attempts ?? 1) : 1);

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
]);
const trustCodes = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_UNTRUSTED',
  'CERT_SIGNATURE_FAILURE',
  'INVALID_CA',
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

// What was tried, for the message: an action and where. `wereAccepted`: the service took our credentials a while ago.
export type Attempted = { action: string; description: string; endpoint?: string; wereAccepted?: boolean };

const made = (code: StoreErrorCode, message: string, cause: unknown, retryable = false): StoreError =>
  new StoreError(code, message, { cause, retryable });

// Never repeats what the service said about keys; only names and codes.
export const s3Error = (error: unknown, { action, description, endpoint, wereAccepted = false }: Attempted): unknown => {
  if (error instanceof StoreError || !isFault(error) || error.name === 'AbortError') {
    return error;
  }
  const name = error.name ?? '';
  const status = statusOf(error);
  const network = [error.code, (error.cause as Fault | undefined)?.code, name].find(
    (code) => code !== undefined && (networkCodes.has(code) || trustCodes.has(code) || code === 'EPROTO'),
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
  if (network === 'EPROTO') {
    return made('StoreMisconfigured', `${where} does not speak TLS. Mend the port, or begin s3.endpoint with http://.`, error);
  }
  if (name === 'RequestTimeTooSkewed') {
    return made('StoreMisconfigured', `The clocks of ${where} and of this node differ too much. Set the one that is wrong.`, error);
  }
  if (status === 301 || status === 307 || name === 'AuthorizationHeaderMalformed') {
    return made('StoreMisconfigured', `${where} is in another region (${name}). Mend s3.region.`, error);
  }
  if (keyNames.has(name) && wereAccepted) {
    const message = `${where} stopped accepting the credentials (${name}) while they were in use. If they were changed, the next attempt has the new ones; else mend the Secret of the tier.`;
    return made('AccessDenied', message, error, true);
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
  if (isTaken(error) && action === 'GetObject') {
    return made('ChecksumMismatch', `An object of ${where} was replaced while it was read. Find out who else writes there.`, error);
  }
  if (isTaken(error)) {
    return made(
      'StoreMisconfigured',
      `${where} says that an object exists and does not show it: somebody deleted it. Give the tier a new prefix, or restore the object's old version.`,
      error,
    );
  }
  if (isUploadGone(error)) {
    return made(
      'StoreUnavailable',
      `${where} has dropped the upload before its end. Look for a lifecycle rule that aborts uploads; a later attempt starts afresh.`,
      error,
      true,
    );
  }
  if (checksumNames.has(name)) {
    return made('ChecksumMismatch', `${where} received other bytes than were sent (${name}) during "${action}".`, error, true);
  }
  if (network !== undefined || isConflict(error) || status === undefined || status >= 500 || status === 429 || status === 408) {
    return made(
      'StoreUnavailable',
      `${where} does not answer to "${action}" (${network ?? name} ${status ?? ''}). Look at the service and the network.`,
      error,
      true,
    );
  }
  return made('StoreMisconfigured', `${where} refused "${action}" with ${name} (${status}).`, error);
};

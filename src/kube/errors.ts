// What the API server answered when it did not do what was asked. Never holds headers: they carry the token.

type KubeErrorOptions = { status: number; reason: string; message: string; retryAfterSeconds?: number; cause?: unknown };

// Thrown for every failed request. `status` 0 means that there was no answer; `reason` is then `Unreachable` or `Timeout`.
export class KubeError extends Error {
  readonly code = 'KubeError';
  readonly status: number;
  readonly reason: string;
  readonly retryAfterSeconds: number | undefined;

  constructor({ status, reason, message, retryAfterSeconds, cause }: KubeErrorOptions) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'KubeError';
    this.status = status;
    this.reason = reason;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

// Whether an error is this answer of the API server, such as `NotFound`, `AlreadyExists`, `Conflict`, `Expired` or `NamespaceTerminating`.
export const hasReason = (error: unknown, reason: string): error is KubeError => error instanceof KubeError && error.reason === reason;

// Whether the API server is there and does not want: asking again, or from another process, changes nothing.
export const isRefusal = (error: unknown): boolean =>
  error instanceof KubeError && error.status >= 400 && error.status < 500 && ![408, 410, 429].includes(error.status);

// How long the API server asked us to wait; 0 where it did not.
export const retryAfterMilliseconds = (error: unknown): number => (error instanceof KubeError ? (error.retryAfterSeconds ?? 0) * 1000 : 0);

const reasonOfStatus: Record<number, string> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  // NotFound is only what the API server says of an object. A path that is unknown, or a proxy that answers, says nothing of it.
  404: 'UnknownPath',
  409: 'Conflict',
  410: 'Expired',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

type Details = { retryAfterSeconds?: unknown; causes?: { reason?: unknown }[] };
type StatusBody = { reason?: unknown; message?: unknown; code?: unknown; details?: Details | null };

// Said beside `Forbidden`: nothing new can be made in a namespace that goes away.
const namespaceTerminating = 'NamespaceTerminating';

const longestMessage = 2000;

// Reads the `Status` object of an answer. AlreadyExists and Conflict are both 409: only the reason tells them apart.
export const errorOf = (what: string, httpStatus: number, body: string, retryAfterHeader?: string): KubeError => {
  const parsed = parseStatus(body);
  const status = typeof parsed.code === 'number' && parsed.code > 0 ? parsed.code : httpStatus;
  // The resource version that we asked for is gone; etcd and the watch cache name it differently.
  const named = typeof parsed.reason === 'string' && parsed.reason !== '' ? parsed.reason : (reasonOfStatus[status] ?? 'Unknown');
  const goesAway = Array.isArray(parsed.details?.causes) && parsed.details.causes.some(({ reason }) => reason === namespaceTerminating);
  const reason = status === 410 ? 'Expired' : goesAway ? namespaceTerminating : named;
  const text = typeof parsed.message === 'string' && parsed.message !== '' ? parsed.message : `HTTP ${status}`;
  const hint = Number(parsed.details?.retryAfterSeconds ?? retryAfterHeader);
  return new KubeError({
    status,
    reason,
    message: `Could not ${what}: ${text.slice(0, longestMessage)}`,
    ...(Number.isFinite(hint) && hint > 0 ? { retryAfterSeconds: hint } : {}),
  });
};

const parseStatus = (body: string): StatusBody => {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
};

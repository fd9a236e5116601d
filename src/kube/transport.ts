// One HTTP exchange with the API server, and what may go wrong in it.
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { request as send } from 'undici';
import type { Connection } from './connection.ts';
import { errorOf, KubeError } from './errors.ts';
import { readList } from './list-items.ts';

export type Call = {
  // For messages: `create Job shop/db-1`.
  what: string;
  // For counts: a verb of the API, and a resource with its subresource, such as `backups/status`.
  verb: string;
  resource: string;
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  path: string;
  query?: Record<string, string | undefined>;
  body?: unknown;
  contentType?: string;
  signal?: AbortSignal;
};

// A request that was sent. `status` 0: no answer came. `seconds`: until the answer began.
export type RequestSeen = { verb: string; resource: string; status: number; seconds: number };

export type Hooks = {
  // Told of every request, also of one that failed; not of one that the caller called off before it was answered.
  onRequest?: (seen: RequestSeen) => void;
  // Asked just before the bytes of a write go to the server. Throws where nothing may be written any more.
  beforeWrite?: () => void;
};

export type StreamOptions = { idleMilliseconds: number };

const answerMilliseconds = 30_000;
const largestErrorBytes = 64 * 1024;
// Each piece costs a way to another thread and back; larger ones would cost memory.
const unzippedBytes = 32 * 1024;

const target = (server: string, { path, query = {} }: Call): string => {
  const pairs = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  return pairs.length === 0 ? `${server}${path}` : `${server}${path}?${new URLSearchParams(pairs).toString()}`;
};

const unreachable = (call: Call, cause: unknown): KubeError => {
  const message = cause instanceof Error ? cause.message : String(cause);
  const late = cause instanceof Error && (cause.name === 'TimeoutError' || cause.name.includes('Timeout'));
  return new KubeError({
    status: 0,
    reason: late ? 'Timeout' : 'Unreachable',
    message: `Could not ${call.what}: the API server did not answer (${message})`,
    cause,
  });
};

// undici asks for the body when a socket is ready for it, and sends headers and body together: however long it took to find a socket,
// `mayWrite` is asked in the same breath. Where it throws, not a byte is sent.
function* guarded(body: Buffer, mayWrite: () => void): Generator<Buffer> {
  mayWrite();
  yield body;
}

// The body and the headers that belong to it.
const bodyOf = (call: Call, mayWrite: (() => void) | undefined) => {
  if (call.body === undefined) {
    return { headers: {} };
  }
  const body = Buffer.from(JSON.stringify(call.body));
  const headers = { 'content-type': call.contentType ?? 'application/json', 'content-length': String(body.length) };
  // undici takes any iterable; its types know of streams only.
  return { headers, body: mayWrite === undefined ? body : (guarded(body, mayWrite) as unknown as Readable) };
};

const exchange = async (connection: Connection, call: Call, silentMilliseconds: number, hooks: Hooks, fresh: boolean) => {
  const [dispatcher, proof] = [await connection.dispatcher(), await connection.headers(fresh)];
  const { headers, ...body } = bodyOf(call, hooks.beforeWrite);
  const start = performance.now();
  const tell = (status: number): void => {
    hooks.onRequest?.({ verb: call.verb, resource: call.resource, status, seconds: (performance.now() - start) / 1000 });
  };
  try {
    const answer = await send(target(connection.server, call), {
      method: call.method,
      dispatcher,
      headers: { ...proof, accept: 'application/json', 'accept-encoding': 'gzip', 'user-agent': 'holdfast', ...headers },
      ...body,
      ...(call.signal === undefined ? {} : { signal: call.signal }),
      headersTimeout: answerMilliseconds,
      bodyTimeout: silentMilliseconds,
    });
    tell(answer.statusCode);
    return answer;
  } catch (error) {
    if (!isCalledOff(call) && !(error instanceof KubeError)) {
      tell(0);
    }
    throw error;
  }
};

// By the caller, not by a limit of time.
const isCalledOff = ({ signal }: Call): boolean =>
  signal?.aborted === true && !(signal.reason instanceof Error && signal.reason.name === 'TimeoutError');

const open = async (connection: Connection, call: Call, silentMilliseconds: number, hooks: Hooks): Promise<Readable> => {
  let answer = await exchange(connection, call, silentMilliseconds, hooks, false);
  if (answer.statusCode === 401) {
    // The token may have been rotated since we read it.
    await answer.body.dump();
    answer = await exchange(connection, call, silentMilliseconds, hooks, true);
  }
  const body = answer.headers['content-encoding'] === 'gzip' ? unzipped(answer.body) : answer.body;
  if (answer.statusCode >= 400) {
    throw errorOf(call.what, answer.statusCode, await beginning(body), String(answer.headers['retry-after'] ?? ''));
  }
  return body;
};

// Whichever of the two ends first takes the other with it: no socket stays open.
const unzipped = (body: Readable): Readable => pipeline(body, createGunzip({ chunkSize: unzippedBytes }), () => undefined);

const beginning = async (body: Readable): Promise<string> => {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of body as AsyncIterable<Uint8Array>) {
    parts.push(part);
    bytes += part.length;
    if (bytes >= largestErrorBytes) {
      break;
    }
  }
  return Buffer.concat(parts).subarray(0, largestErrorBytes).toString('utf8');
};

const named = (call: Call, error: unknown): unknown =>
  error instanceof KubeError || call.signal?.aborted === true ? error : unreachable(call, error);

// Sends a request and reads its answer as JSON.
export const exchangeJson = (connection: Connection, call: Call, hooks: Hooks = {}): Promise<unknown> =>
  exchangeWhole(connection, call, hooks, async (body) => {
    const content = await buffer(body);
    return content.length === 0 ? undefined : JSON.parse(content.toString('utf8'));
  });

// Sends a request for a list and hands out its objects one by one. Resolves to what is around them.
export const exchangeList = (connection: Connection, call: Call, onItem: (item: unknown) => void, hooks: Hooks = {}): Promise<unknown> =>
  exchangeWhole(connection, call, hooks, (body) => readList(body as AsyncIterable<Uint8Array>, onItem));

const exchangeWhole = async (
  connection: Connection,
  call: Call,
  hooks: Hooks,
  read: (body: Readable) => Promise<unknown>,
): Promise<unknown> => {
  const limit = AbortSignal.timeout(answerMilliseconds);
  const bounded = { ...call, signal: call.signal === undefined ? limit : AbortSignal.any([call.signal, limit]) };
  try {
    return await read(await open(connection, bounded, answerMilliseconds, hooks));
  } catch (error) {
    throw named(call, error);
  }
};

// Sends a request and hands out its answer as it comes. A stream that is silent for too long is an error: it may be dead.
export async function* exchangeStream(
  connection: Connection,
  call: Call,
  options: StreamOptions,
  hooks: Hooks = {},
): AsyncGenerator<Uint8Array> {
  try {
    yield* (await open(connection, call, options.idleMilliseconds, hooks)) as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw named(call, error);
  }
}

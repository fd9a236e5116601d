// One HTTP exchange with the API server, and what may go wrong in it.
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { request as send } from 'undici';
import type { Connection } from './connection.ts';
import { errorOf, KubeError } from './errors.ts';

export type Call = {
  // For messages: `create Job shop/db-1`.
  what: string;
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  path: string;
  query?: Record<string, string | undefined>;
  body?: unknown;
  contentType?: string;
  signal?: AbortSignal;
};

export type StreamOptions = { idleMilliseconds: number };

const answerMilliseconds = 30_000;
const largestErrorBytes = 64 * 1024;

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

const exchange = async (connection: Connection, call: Call, silentMilliseconds: number, fresh: boolean) =>
  send(target(connection.server, call), {
    method: call.method,
    dispatcher: await connection.dispatcher(),
    headers: {
      ...(await connection.headers(fresh)),
      accept: 'application/json',
      'accept-encoding': 'gzip',
      'user-agent': 'holdfast',
      ...(call.body === undefined ? {} : { 'content-type': call.contentType ?? 'application/json' }),
    },
    ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    ...(call.signal === undefined ? {} : { signal: call.signal }),
    headersTimeout: answerMilliseconds,
    bodyTimeout: silentMilliseconds,
  });

const open = async (connection: Connection, call: Call, silentMilliseconds: number): Promise<Readable> => {
  let answer = await exchange(connection, call, silentMilliseconds, false);
  if (answer.statusCode === 401) {
    // The token may have been rotated since we read it.
    await answer.body.dump();
    answer = await exchange(connection, call, silentMilliseconds, true);
  }
  const body = answer.headers['content-encoding'] === 'gzip' ? unzipped(answer.body) : answer.body;
  if (answer.statusCode >= 400) {
    throw errorOf(call.what, answer.statusCode, await beginning(body), String(answer.headers['retry-after'] ?? ''));
  }
  return body;
};

// Whichever of the two ends first takes the other with it: no socket stays open.
const unzipped = (body: Readable): Readable => pipeline(body, createGunzip(), () => undefined);

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
export const exchangeJson = async (connection: Connection, call: Call): Promise<unknown> => {
  const limit = AbortSignal.timeout(answerMilliseconds);
  const bounded = { ...call, signal: call.signal === undefined ? limit : AbortSignal.any([call.signal, limit]) };
  try {
    const content = await buffer(await open(connection, bounded, answerMilliseconds));
    return content.length === 0 ? undefined : JSON.parse(content.toString('utf8'));
  } catch (error) {
    throw named(call, error);
  }
};

// Sends a request and hands out its answer as it comes. A stream that is silent for too long is an error: it may be dead.
export async function* exchangeStream(connection: Connection, call: Call, options: StreamOptions): AsyncGenerator<Uint8Array> {
  try {
    yield* (await open(connection, call, options.idleMilliseconds)) as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw named(call, error);
  }
}

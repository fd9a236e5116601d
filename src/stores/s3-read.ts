// Reading from S3: an object as a stream that survives broken connections, and the list of all objects.
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { GetObjectCommandOutput, ListObjectsV2CommandOutput } from '@aws-sdk/client-s3';
import { StoreError } from './errors.ts';
import { isPastEnd } from './s3-errors.ts';
import type { ObjectInfo, Range } from './store.ts';

// How often a read goes on after its body was cut. A read that got far in between has all its tries again.
const mostResumes = 6;
const farBytes = 8 * 1024 ** 2;

export type ReadOptions = {
  // For messages: `key of s3://bucket/prefix`.
  what: string;
  // The answer to a GET of start..end-1, of the version `etag` where that is known.
  fetch: (start: number, end: number | undefined, etag: string | undefined) => Promise<GetObjectCommandOutput>;
  // From an error of the connection to an error of the store.
  explain: (error: unknown) => unknown;
  firstPauseMilliseconds: number;
  range?: Range;
  signal?: AbortSignal;
};

// Streams an object. A body that breaks off is taken up again where it stopped, of the same version of the object.
export async function* readResuming(options: ReadOptions): AsyncGenerator<Buffer> {
  const { range, signal, what } = options;
  if (range !== undefined && range.start >= range.end) {
    return;
  }
  let position = range?.start ?? 0;
  let end = range?.end;
  let etag: string | undefined;
  let resumes = 0;
  let resumedAt = position;
  for (;;) {
    let failure: unknown;
    const output = await firstOrLater(options, position, end, etag);
    if (output === undefined) {
      return;
    }
    etag ??= output.ETag;
    end = Math.min(end ?? Number.POSITIVE_INFINITY, position + (output.ContentLength ?? 0));
    try {
      for await (const chunk of output.Body as Readable as AsyncIterable<Buffer>) {
        position += chunk.length;
        yield chunk;
      }
    } catch (error) {
      signal?.throwIfAborted();
      failure = error;
    }
    if (position >= end) {
      return;
    }
    resumes = position - resumedAt >= farBytes ? 1 : resumes + 1;
    resumedAt = position;
    if (resumes > mostResumes) {
      throw failure === undefined
        ? new StoreError('StoreUnavailable', `${what} breaks off after ${position} of ${end} bytes, again and again.`, { retryable: true })
        : options.explain(failure);
    }
    await pause(options.firstPauseMilliseconds * 2 ** (resumes - 1), undefined, signal === undefined ? {} : { signal });
  }
}

// Undefined: there is nothing at or after `start`. A service that ignores the range would make a file of wrong bytes: it is refused.
const firstOrLater = async (
  { fetch, range, what }: ReadOptions,
  start: number,
  end: number | undefined,
  etag: string | undefined,
): Promise<GetObjectCommandOutput | undefined> => {
  let output: GetObjectCommandOutput;
  try {
    output = await fetch(start, end, etag);
  } catch (error) {
    if (etag === undefined && range !== undefined && isPastEnd(error instanceof StoreError ? error.cause : error)) {
      return undefined;
    }
    throw error;
  }
  const isWhole = start === 0 && end === undefined;
  if (!isWhole && output.ContentRange?.startsWith(`bytes ${start}-`) !== true) {
    (output.Body as Readable).destroy();
    throw new StoreError(
      'StoreMisconfigured',
      `The service of ${what} does not answer requests for a range of bytes. Use another one, or mend what stands in front of it.`,
    );
  }
  return output;
};

// Every object under a prefix. `page` asks for the page after `token`.
export async function* listAll(
  page: (token: string | undefined) => Promise<ListObjectsV2CommandOutput>,
  prefixLength: number,
  description: string,
): AsyncGenerator<ObjectInfo> {
  let token: string | undefined;
  do {
    const { Contents, IsTruncated, NextContinuationToken } = await page(token);
    // Some services end with a page that has no Contents at all. A key that ends in a slash is a folder that some tool made, not an object of ours.
    for (const { Key, Size, ETag, LastModified } of Contents ?? []) {
      if (Key !== undefined && !Key.endsWith('/')) {
        yield { key: Key.slice(prefixLength), sizeBytes: Size ?? 0, tag: `${ETag ?? ''} ${LastModified?.getTime() ?? ''}` };
      }
    }
    if (IsTruncated === true && (NextContinuationToken === undefined || NextContinuationToken === token)) {
      throw new StoreError('StoreUnavailable', `${description} stops in the middle of its list of objects.`, { retryable: true });
    }
    token = IsTruncated === true ? NextContinuationToken : undefined;
  } while (token !== undefined);
}

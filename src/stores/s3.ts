// A bucket of an S3 service as a store.
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { DeleteObjectCommand, GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import type { GetObjectCommandOutput, HeadObjectCommandOutput } from '@aws-sdk/client-s3';
import { StoreError } from './errors.ts';
import { checkKey } from './keys.ts';
import { checksumOf } from './s3-checksums.ts';
import { makeClient, usualPatience } from './s3-client.ts';
import type { Patience, S3Location } from './s3-client.ts';
import { attemptsOf, isConflict, isMissing, isTaken, isUnexplained, s3Error } from './s3-errors.ts';
import { listAll, readResuming } from './s3-read.ts';
import { abortUploads, countUploads } from './s3-sweep.ts';
import { startUpload } from './s3-upload.ts';
import type { PutResult, Range, Store } from './store.ts';

// How often a small object is written again after a service said "conflict" and nothing was there.
const mostConflicts = 4;

export const openS3 = (location: S3Location, patience: Patience = usualPatience): Store => {
  const client = makeClient(location, patience);
  const { bucket } = location;
  const description = `s3://${bucket}/${location.prefix}`;
  const prefix = location.prefix === '' ? '' : `${location.prefix}/`;

  // Whether the service has ever done what it was asked: then it knew our credentials.
  let wereAccepted = false;
  const explain = (error: unknown, action: string): unknown =>
    s3Error(error, { action, description, wereAccepted, ...(location.endpoint === undefined ? {} : { endpoint: location.endpoint }) });
  const guard = async <T>(action: string, work: () => Promise<T>): Promise<T> => {
    try {
      const done = await work();
      wereAccepted = true;
      return done;
    } catch (error) {
      throw explain(error, action);
    }
  };
  const objectOf = (key: string): { Bucket: string; Key: string } => {
    checkKey(key);
    return { Bucket: bucket, Key: `${prefix}${key}` };
  };
  const missing = (key: string): StoreError => new StoreError('ObjectMissing', `${key} is not in ${description}.`);

  const headOnce = (key: string) => client.send(new HeadObjectCommand({ ...objectOf(key), ChecksumMode: 'ENABLED' }));
  const headRaw = (key: string) =>
    guard('GetObject', async () => {
      try {
        return await headOnce(key);
      } catch (error) {
        if (!isUnexplained(error)) {
          throw error;
        }
      }
      return (await isThere(key)) ? headOnce(key) : undefined;
    });
  // Asks for one byte: unlike HEAD, a GET says why it is refused.
  const isThere = async (key: string): Promise<boolean> => {
    try {
      const { Body } = await client.send(new GetObjectCommand({ ...objectOf(key), Range: 'bytes=0-0' }));
      (Body as Readable).destroy();
      return true;
    } catch (error) {
      if (isMissing(error)) {
        return false;
      }
      throw error;
    }
  };

  const putWhole = async (key: string, body: Uint8Array, signal?: AbortSignal): Promise<PutResult> => {
    const ChecksumSHA256 = checksumOf(body);
    const object = { ...objectOf(key), Body: body, ContentLength: body.length, ChecksumSHA256, IfNoneMatch: '*' };
    return guard('PutObject', async () => {
      for (let conflicts = 1; ; conflicts += 1) {
        try {
          await client.send(new PutObjectCommand(object), signal === undefined ? {} : { abortSignal: signal });
          return { created: true };
        } catch (error) {
          if (!isTaken(error) && !isConflict(error)) {
            throw error;
          }
          const found = await headRaw(key);
          if (found !== undefined) {
            return { created: attemptsOf(error) > 1 && found.ChecksumSHA256 === ChecksumSHA256 };
          }
          if (conflicts > mostConflicts) {
            throw error;
          }
          await pause(patience.firstPauseMilliseconds * 2 ** (conflicts - 1));
        }
      }
    });
  };

  const fetchBody = (key: string, start: number, end: number | undefined, etag: string | undefined, signal: AbortSignal | undefined) =>
    guard('GetObject', async (): Promise<GetObjectCommandOutput> => {
      const range = start === 0 && end === undefined ? {} : { Range: `bytes=${start}-${end === undefined ? '' : end - 1}` };
      const match = etag === undefined ? {} : { IfMatch: etag };
      try {
        return await client.send(
          new GetObjectCommand({ ...objectOf(key), ...range, ...match }),
          signal === undefined ? {} : { abortSignal: signal },
        );
      } catch (error) {
        throw isMissing(error) ? missing(key) : error;
      }
    });

  const read = (key: string, options: { range?: Range; signal?: AbortSignal } = {}): AsyncGenerator<Buffer> =>
    readResuming({
      ...options,
      what: `${key} of ${description}`,
      fetch: (start, end, etag) => fetchBody(key, start, end, etag, options.signal),
      explain: (error) => explain(error, 'GetObject'),
      firstPauseMilliseconds: patience.firstPauseMilliseconds,
    });

  return {
    kind: 's3',
    description,
    put: (key, body) => putWhole(key, body),
    upload: async (key, options = {}) =>
      startUpload({
        ...options,
        client,
        object: objectOf(key),
        guard,
        putWhole: (body) => putWhole(key, body, options.signal),
        head: (): Promise<HeadObjectCommandOutput | undefined> => headRaw(key),
      }),
    async get(key, maxBytes) {
      const parts: Buffer[] = [];
      let bytes = 0;
      for await (const part of read(key)) {
        bytes += part.length;
        if (bytes > maxBytes) {
          throw new StoreError(
            'ObjectTooLarge',
            `${key} in ${description} is larger than ${maxBytes} bytes. It is not what Holdfast wrote.`,
          );
        }
        parts.push(part);
      }
      return Buffer.concat(parts);
    },
    read,
    async head(key) {
      const found = await headRaw(key);
      return found === undefined ? undefined : { key, sizeBytes: found.ContentLength ?? 0 };
    },
    list(under, options = {}) {
      const after = options.after === undefined ? {} : { StartAfter: `${prefix}${options.after}` };
      const page = (token: string | undefined) =>
        guard('ListBucket', () =>
          client.send(
            new ListObjectsV2Command({
              Bucket: bucket,
              Prefix: `${prefix}${under}`,
              ...(token === undefined ? after : { ContinuationToken: token }),
            }),
          ),
        );
      return listAll(page, prefix.length, description);
    },
    sweep: (under) => guard('ListMultipartUploads', () => abortUploads(client, bucket, `${prefix}${under}`)),
    unfinished: (under, before) => guard('ListMultipartUploads', () => countUploads(client, bucket, `${prefix}${under}`, before)),
    // S3 says the same whether it was there or not; some services say that it was not.
    remove: (key) =>
      guard('DeleteObject', async () => {
        await client.send(new DeleteObjectCommand(objectOf(key))).catch((error: unknown) => {
          if (!isMissing(error)) {
            throw error;
          }
        });
      }),
    space: () => Promise.resolve(undefined),
    close: () => {
      client.destroy();
      return Promise.resolve();
    },
  };
};

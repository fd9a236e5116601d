// A bucket of an S3 service as a store.
import type { Readable } from 'node:stream';
import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { StoreError } from './errors.ts';
import { checkKey } from './keys.ts';
import { checksumOf, makeClient } from './s3-client.ts';
import type { S3Location } from './s3-client.ts';
import { isMissing, isTaken, s3Error } from './s3-errors.ts';
import { startUpload } from './s3-upload.ts';
import type { ObjectInfo, PutResult, Store } from './store.ts';

// How often a read goes on after its body was cut.
const mostResumes = 5;

export const openS3 = (location: S3Location): Store => {
  const client = makeClient(location);
  const { bucket } = location;
  const description = `s3://${bucket}/${location.prefix}`;
  const prefix = `${location.prefix}/`;

  const guard = async <T>(action: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw s3Error(error, { action, description, ...(location.endpoint === undefined ? {} : { endpoint: location.endpoint }) });
    }
  };
  const fullKey = (key: string): string => {
    checkKey(key);
    return `${prefix}${key}`;
  };
  const missing = (key: string): StoreError => new StoreError('ObjectMissing', `${key} is not in ${description}.`);

  const headRaw = (key: string) =>
    guard('GetObject', async () => {
      try {
        return await client.send(new HeadObjectCommand({ Bucket: bucket, Key: fullKey(key), ChecksumMode: 'ENABLED' }));
      } catch (error) {
        if (isMissing(error)) {
          return undefined;
        }
        throw error;
      }
    });

  // After a retry the service may say "exists" of the object that our own first try made.
  const putWhole = async (key: string, body: Uint8Array): Promise<PutResult> => {
    const ChecksumSHA256 = checksumOf(body);
    return guard('PutObject', async () => {
      try {
        await client.send(
          new PutObjectCommand({
            Bucket: bucket,
            Key: fullKey(key),
            Body: body,
            ContentLength: body.length,
            ChecksumSHA256,
            IfNoneMatch: '*',
          }),
        );
        return { created: true };
      } catch (error) {
        if (!isTaken(error)) {
          throw error;
        }
        const retried = (error as { $metadata?: { attempts?: number } }).$metadata?.attempts ?? 1;
        const found = retried > 1 ? await headRaw(key) : undefined;
        return { created: found?.ChecksumSHA256 === ChecksumSHA256 };
      }
    });
  };

  const fetchBody = (key: string, start: number, end: number | undefined, etag: string | undefined, signal: AbortSignal | undefined) =>
    guard('GetObject', async (): Promise<GetObjectCommandOutput> => {
      const range = start === 0 && end === undefined ? {} : { Range: `bytes=${start}-${end === undefined ? '' : end - 1}` };
      const match = etag === undefined ? {} : { IfMatch: etag };
      try {
        return await client.send(new GetObjectCommand({ Bucket: bucket, Key: fullKey(key), ...range, ...match }), {
          ...(signal === undefined ? {} : { abortSignal: signal }),
        });
      } catch (error) {
        throw isMissing(error) ? missing(key) : error;
      }
    });

  // A body that breaks off is taken up again where it stopped, of the same version of the object.
  async function* read(
    key: string,
    options: { range?: { start: number; end: number }; signal?: AbortSignal } = {},
  ): AsyncGenerator<Buffer> {
    const { range, signal } = options;
    if (range !== undefined && range.start >= range.end) {
      return;
    }
    let position = range?.start ?? 0;
    let end = range?.end;
    let etag: string | undefined;
    for (let resumes = 0; ; resumes += 1) {
      const output = await fetchBody(key, position, end, etag, signal);
      etag = output.ETag;
      end = Math.min(end ?? Number.POSITIVE_INFINITY, position + (output.ContentLength ?? 0));
      try {
        for await (const chunk of output.Body as Readable as AsyncIterable<Buffer>) {
          position += chunk.length;
          yield chunk;
        }
        if (position >= end) {
          return;
        }
      } catch (error) {
        signal?.throwIfAborted();
        if (resumes >= mostResumes) {
          throw s3Error(error, { action: 'GetObject', description });
        }
      }
      if (position >= end) {
        return;
      }
      if (resumes >= mostResumes) {
        throw new StoreError(
          'StoreUnavailable',
          `${key} of ${description} breaks off after ${position} of ${end} bytes, again and again.`,
          { retryable: true },
        );
      }
    }
  }

  return {
    kind: 's3',
    description,
    put: putWhole,
    upload: (key, options = {}) =>
      Promise.resolve(
        startUpload({
          client,
          bucket,
          key: fullKey(key),
          guard,
          putWhole: (body) => putWhole(key, body),
          isOurs: async (bytes, parts) => {
            const found = await headRaw(key);
            return found?.ContentLength === bytes && (found.ETag ?? '').includes(`-${parts}`);
          },
          ...options,
        }),
      ),
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
    async *list(under, options = {}): AsyncGenerator<ObjectInfo> {
      let token: string | undefined;
      const after = options.after === undefined ? {} : { StartAfter: `${prefix}${options.after}` };
      do {
        const continuation = token === undefined ? after : { ContinuationToken: token };
        const page = await guard('ListBucket', () =>
          client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: `${prefix}${under}`, ...continuation })),
        );
        // Some services end with a page that has no Contents at all.
        for (const object of page.Contents ?? []) {
          if (object.Key !== undefined) {
            yield { key: object.Key.slice(prefix.length), sizeBytes: object.Size ?? 0 };
          }
        }
        token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
      } while (token !== undefined);
    },
    freeBytes: () => Promise.resolve(undefined),
    close: () => {
      client.destroy();
      return Promise.resolve();
    },
  };
};

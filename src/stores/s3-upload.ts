// One object on its way to S3: parts of known length with checksums, several in flight, made visible by a conditional end.
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { CompletedPart, S3Client } from '@aws-sdk/client-s3';
import { checksumOf } from './s3-client.ts';
import { isTaken, isUploadGone } from './s3-errors.ts';
import type { PutResult, Upload } from './store.ts';

const firstPartBytes = 8 * 1024 ** 2;
const partsInFlight = 4;
// Parts grow, so that 10,000 of them hold far more than a volume: 1,000 of 8 MiB, then of 32 MiB, then of 128 MiB.
const partBytes = (number: number): number => firstPartBytes * (number <= 1000 ? 1 : number <= 4000 ? 4 : 16);

type Target = { client: S3Client; bucket: string; key: string };

export type UploadOptions = Target & {
  // Writes what fits into one part, conditionally.
  putWhole: (body: Uint8Array) => Promise<PutResult>;
  // Whether the object under our key is the one that we uploaded, after an answer was lost.
  isOurs: (bytes: number, parts: number) => Promise<boolean>;
  guard: <T>(action: string, work: () => Promise<T>) => Promise<T>;
  signal?: AbortSignal;
  onDurable?: (bytes: number) => void;
};

export const startUpload = (options: UploadOptions): Upload => {
  const { client, bucket, key, guard } = options;
  const object = { Bucket: bucket, Key: key };
  const free: Buffer[] = [];
  const flying = new Set<Promise<void>>();
  const parts: CompletedPart[] = [];
  let uploadId: string | undefined;
  let started = 0;
  let sent = 0;
  let durable = 0;
  let failure: unknown;
  let current: Buffer = Buffer.allocUnsafe(firstPartBytes);
  let filled = 0;

  const throwIfFailed = (): void => {
    options.signal?.throwIfAborted();
    if (failure !== undefined) {
      throw failure;
    }
  };

  const begin = async (): Promise<string> => {
    uploadId ??= (await guard('PutObject', () => client.send(new CreateMultipartUploadCommand({ ...object, ChecksumAlgorithm: 'SHA256' }))))
      .UploadId;
    if (uploadId === undefined) {
      throw new TypeError('CreateMultipartUpload returned no id');
    }
    return uploadId;
  };

  const sendPart = async (body: Buffer, number: number, id: string): Promise<void> => {
    const ChecksumSHA256 = checksumOf(body);
    const { ETag } = await guard('PutObject', () =>
      client.send(
        new UploadPartCommand({ ...object, UploadId: id, PartNumber: number, Body: body, ContentLength: body.length, ChecksumSHA256 }),
        {
          ...(options.signal === undefined ? {} : { abortSignal: options.signal }),
        },
      ),
    );
    parts.push({ PartNumber: number, ETag, ChecksumSHA256 });
    durable += body.length;
    options.onDurable?.(durable);
  };

  // Sends the buffer that is full, and takes another one as soon as fewer than four are under way.
  const flush = async (): Promise<void> => {
    const id = await begin();
    const buffer = current;
    const body = buffer.subarray(0, filled);
    started += 1;
    const number = started;
    const flight: Promise<void> = sendPart(body, number, id).then(
      () => {
        flying.delete(flight);
        free.push(buffer);
      },
      (error: unknown) => {
        flying.delete(flight);
        failure ??= error;
      },
    );
    flying.add(flight);
    while (flying.size >= partsInFlight) {
      await Promise.race(flying);
    }
    throwIfFailed();
    const size = partBytes(number + 1);
    const reused = free.pop();
    current = reused !== undefined && reused.length === size ? reused : Buffer.allocUnsafe(size);
    filled = 0;
  };

  const complete = async (id: string): Promise<PutResult> => {
    const MultipartUpload = { Parts: parts.toSorted((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0)) };
    try {
      await guard('PutObject', () =>
        client.send(new CompleteMultipartUploadCommand({ ...object, UploadId: id, MultipartUpload, IfNoneMatch: '*' })),
      );
      return { created: true };
    } catch (error) {
      const original = error instanceof Error && error.cause !== undefined ? error.cause : error;
      if (!isTaken(original) && !isUploadGone(original)) {
        throw error;
      }
      // The answer to an earlier try may have been lost: then the object that is there is ours.
      if (await options.isOurs(sent, parts.length)) {
        return { created: true };
      }
      if (isUploadGone(original)) {
        throw error;
      }
      await abort();
      return { created: false };
    }
  };

  const abort = async (): Promise<void> => {
    await Promise.allSettled(flying);
    const id = uploadId;
    uploadId = undefined;
    if (id !== undefined) {
      await guard('AbortMultipartUpload', () => client.send(new AbortMultipartUploadCommand({ ...object, UploadId: id }))).catch(
        (error: unknown) => {
          const original = error instanceof Error && error.cause !== undefined ? error.cause : error;
          if (!isUploadGone(original)) {
            throw error;
          }
        },
      );
    }
  };

  return {
    async write(chunk) {
      throwIfFailed();
      for (let offset = 0; offset < chunk.length;) {
        if (filled === current.length) {
          await flush();
        }
        const taken = Math.min(chunk.length - offset, current.length - filled);
        current.set(chunk.subarray(offset, offset + taken), filled);
        filled += taken;
        offset += taken;
        sent += taken;
      }
    },
    async finish() {
      throwIfFailed();
      if (started === 0) {
        const result = await options.putWhole(current.subarray(0, filled));
        options.onDurable?.(filled);
        return result;
      }
      await flush();
      await Promise.all(flying);
      throwIfFailed();
      const id = await begin();
      const result = await complete(id);
      uploadId = undefined;
      return result;
    },
    abort,
  };
};

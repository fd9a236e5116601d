// One object on its way to S3: parts of known length with checksums, several in flight, made visible by a conditional end.
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { CompletedPart, HeadObjectCommandOutput, S3Client } from '@aws-sdk/client-s3';
import { partChecksumOf } from './s3-checksums.ts';
import { attemptsOf, isConflict, isTaken, isUploadGone } from './s3-errors.ts';
import { isObjectOfParts } from './s3-parts.ts';
import type { PutResult, Upload } from './store.ts';

const firstPartBytes = 8 * 1024 ** 2;
// The buffer of the first part grows as bytes come: most objects are small.
const smallestBufferBytes = 64 * 1024;
const partsInFlight = 4;
// A part that is cut off may still reach the store after the upload was aborted, and lie there where nobody finds it.
// So those under way may arrive first, if that does not take long.
const arrivalMilliseconds = 5000;
// 10,000 parts are allowed. A volume of 32 GiB never leaves the first size, so its memory stays bounded; what is larger still fits.
const partBytes = (number: number): number => firstPartBytes * (number <= 5000 ? 1 : 8);

export type UploadOptions = {
  client: S3Client;
  object: { Bucket: string; Key: string };
  // Writes what fits into one part, conditionally.
  putWhole: (body: Uint8Array) => Promise<PutResult>;
  head: () => Promise<HeadObjectCommandOutput | undefined>;
  guard: <T>(action: string, work: () => Promise<T>) => Promise<T>;
  signal?: AbortSignal;
  onDurable?: (bytes: number) => void;
};

// The service's own error inside the store's.
const originalOf = (error: unknown): unknown => (error instanceof Error && error.cause !== undefined ? error.cause : error);

export const startUpload = (options: UploadOptions): Upload => {
  const { client, object, guard } = options;
  const abortable = options.signal === undefined ? {} : { abortSignal: options.signal };
  // Cuts off the parts that are under way.
  const cut = new AbortController();
  const over = new AbortController();
  const stopped = new Promise<void>((resolve) =>
    options.signal?.addEventListener('abort', () => resolve(), { once: true, signal: over.signal }),
  );
  const free: Buffer[] = [];
  const flying = new Set<Promise<void>>();
  const parts: CompletedPart[] = [];
  let uploadId: string | undefined;
  let started = 0;
  let sent = 0;
  let durable = 0;
  let failure: unknown;
  let ended = false;
  let current: Buffer = Buffer.allocUnsafe(smallestBufferBytes);
  let filled = 0;

  const throwIfFailed = (): void => {
    options.signal?.throwIfAborted();
    if (failure !== undefined) {
      throw failure;
    }
    if (ended) {
      throw new TypeError('write after the end of an upload');
    }
  };

  // A signal does not cut this request: an upload whose id we never learn could not be aborted.
  const begin = async (): Promise<string> => {
    uploadId ??= (await guard('PutObject', () => client.send(new CreateMultipartUploadCommand({ ...object, ChecksumAlgorithm: 'CRC32' }))))
      .UploadId;
    if (uploadId === undefined) {
      throw new TypeError('CreateMultipartUpload returned no id');
    }
    return uploadId;
  };

  const sendPart = async (body: Buffer, number: number, id: string): Promise<void> => {
    const ChecksumCRC32 = partChecksumOf(body);
    const part = { ...object, UploadId: id, PartNumber: number, Body: body, ContentLength: body.length, ChecksumCRC32 };
    const { ETag } = await guard('PutObject', () => client.send(new UploadPartCommand(part), { abortSignal: cut.signal }));
    parts.push({ PartNumber: number, ETag, ChecksumCRC32 });
    durable += body.length;
    options.onDurable?.(durable);
  };

  // Sends the buffer that is full.
  const flush = async (): Promise<void> => {
    const id = await begin();
    const buffer = current;
    started += 1;
    const fly = async (): Promise<void> => {
      try {
        await sendPart(buffer.subarray(0, filled), started, id);
        free.push(buffer);
      } catch (error) {
        failure ??= error;
      }
    };
    const flight = fly().finally(() => flying.delete(flight));
    flying.add(flight);
  };

  // Takes another buffer as soon as fewer than four are under way: four are all that there ever are.
  const nextBuffer = async (): Promise<void> => {
    while (flying.size >= partsInFlight) {
      await Promise.race([stopped, ...flying]);
      options.signal?.throwIfAborted();
    }
    throwIfFailed();
    const size = partBytes(started + 1);
    const reused = free.pop();
    current = reused !== undefined && reused.length === size ? reused : Buffer.allocUnsafe(size);
    filled = 0;
  };

  const makeRoom = async (): Promise<void> => {
    if (current.length < firstPartBytes) {
      const larger = Buffer.allocUnsafe(Math.min(firstPartBytes, 4 * current.length));
      current.copy(larger);
      current = larger;
      return;
    }
    await flush();
    await nextBuffer();
  };

  const complete = async (id: string): Promise<PutResult> => {
    const ordered = parts.toSorted((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0));
    const MultipartUpload = { Parts: ordered };
    try {
      await guard('PutObject', () =>
        client.send(new CompleteMultipartUploadCommand({ ...object, UploadId: id, MultipartUpload, IfNoneMatch: '*' }), abortable),
      );
      return { created: true };
    } catch (error) {
      const original = originalOf(error);
      if (!isTaken(original) && !isConflict(original) && !isUploadGone(original)) {
        throw error;
      }
      const found = await options.head();
      // The answer to an earlier try was lost: then the object that is there may be ours.
      if (found !== undefined && attemptsOf(original) > 1 && isObjectOfParts(found, sent, ordered)) {
        return { created: true };
      }
      if (found === undefined || isUploadGone(original)) {
        throw error;
      }
      await abort();
      return { created: false };
    }
  };

  const abort = async (): Promise<void> => {
    ended = true;
    over.abort();
    const timer = setTimeout(() => cut.abort(), arrivalMilliseconds);
    await Promise.allSettled(flying);
    clearTimeout(timer);
    const id = uploadId;
    uploadId = undefined;
    if (id === undefined) {
      return;
    }
    try {
      await guard('AbortMultipartUpload', () => client.send(new AbortMultipartUploadCommand({ ...object, UploadId: id })));
    } catch (error) {
      if (!isUploadGone(originalOf(error))) {
        throw error;
      }
    }
  };

  return {
    async write(chunk) {
      throwIfFailed();
      for (let offset = 0; offset < chunk.length;) {
        if (filled === current.length) {
          await makeRoom();
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
        ended = true;
        over.abort();
        const result = await options.putWhole(current.subarray(0, filled));
        options.onDurable?.(filled);
        return result;
      }
      await flush();
      await Promise.race([stopped, Promise.all(flying)]);
      throwIfFailed();
      ended = true;
      const result = await complete(await begin());
      over.abort();
      uploadId = undefined;
      return result;
    },
    abort,
  };
};

// One encrypted stream in the store: cut into volumes, each hashed as it is stored, and read back the same way.
import { createHash } from 'node:crypto';
import type { StoredObject } from '../api/stored/backup.ts';
import type { Store, Upload } from '../stores/store.ts';
import { abandon } from './abandon.ts';
import { ArchiveError } from './errors.ts';
import { volumeKey } from './layout.ts';

export const largestVolumeBytes = 32 * 1024 ** 3;

type WriteOptions = {
  store: Store;
  // Folder and name of the artifact: `data/…/1/` and `base.tar`.
  prefix: string;
  name: string;
  signal: AbortSignal;
  // Told how many bytes of this stream the store has acknowledged.
  onDurable?: (bytes: number) => void;
  volumeBytes?: number;
};

const writeVolume = async (
  options: WriteOptions,
  key: string,
  stored: number,
  pieces: () => Promise<Uint8Array | undefined>,
): Promise<StoredObject> => {
  const hash = createHash('sha256');
  let bytes = 0;
  const upload: Upload = await options.store.upload(key, {
    signal: options.signal,
    onDurable: (durable) => options.onDurable?.(stored + durable),
  });
  try {
    for (let piece = await pieces(); piece !== undefined; piece = await pieces()) {
      options.signal.throwIfAborted();
      hash.update(piece);
      bytes += piece.length;
      await upload.write(piece);
    }
    if (!(await upload.finish()).created) {
      throw new ArchiveError(
        'AlreadyStored',
        `${key} exists already. Nothing is overwritten; a new attempt writes under a number of its own.`,
      );
    }
  } catch (error) {
    await abandon(upload);
    throw error;
  }
  return { key, bytes, sha256: hash.digest('hex') };
};

// Stores a stream as volumes of at most `volumeBytes`. The pieces of `source` may be used again once the next one is asked for.
export const writeVolumes = async (source: AsyncIterable<Uint8Array>, options: WriteOptions): Promise<StoredObject[]> => {
  const limit = options.volumeBytes ?? largestVolumeBytes;
  const iterator = source[Symbol.asyncIterator]();
  const volumes: StoredObject[] = [];
  let rest: Uint8Array = new Uint8Array(0);
  let ended = false;
  let stored = 0;

  const nextPiece = async (): Promise<void> => {
    while (rest.length === 0 && !ended) {
      const next = await iterator.next();
      ended = next.done === true;
      rest = next.done === true ? rest : next.value;
    }
  };

  try {
    await nextPiece();
    do {
      let room = limit;
      const volume = await writeVolume(options, volumeKey(options.prefix, options.name, volumes.length + 1), stored, async () => {
        await nextPiece();
        if (room === 0 || rest.length === 0) {
          return undefined;
        }
        const piece = rest.subarray(0, room);
        rest = rest.subarray(piece.length);
        room -= piece.length;
        return piece;
      });
      volumes.push(volume);
      stored += volume.bytes;
      await nextPiece();
    } while (rest.length > 0);
  } finally {
    await iterator.return?.();
  }
  return volumes;
};

// Streams an object and compares size and SHA-256 at its end. Throws SizeMismatch or DigestMismatch after the last byte.
export async function* readObject(store: Store, object: StoredObject, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of store.read(object.key, signal === undefined ? {} : { signal })) {
    hash.update(chunk);
    bytes += chunk.length;
    yield chunk;
  }
  if (bytes !== object.bytes) {
    throw new ArchiveError('SizeMismatch', `${object.key} has ${bytes} bytes, its record says ${object.bytes}.`);
  }
  if (hash.digest('hex') !== object.sha256) {
    throw new ArchiveError('DigestMismatch', `The bytes of ${object.key} are not those that were stored: their SHA-256 differs.`);
  }
}

// The volumes of an artifact as one stream, each checked against its record.
export async function* readVolumes(store: Store, volumes: readonly StoredObject[], signal?: AbortSignal): AsyncGenerator<Buffer> {
  for (const volume of volumes) {
    yield* readObject(store, volume, signal);
  }
}

// One stretch of WAL becomes one object: compressed, encrypted, stored.
import { constants, zstdCompress } from 'node:zlib';
import { promisify } from 'node:util';
import type { Placed, Range } from '../../core/wal/objects.ts';
import type { Store } from '../../stores/store.ts';
import { encrypt } from '../age/file.ts';
import { walObjectKey } from '../layout.ts';
import { alreadyStored, describeObject, largestDocumentBytes } from '../small-objects.ts';
import type { WalKey } from './day-key.ts';
import type { Sent } from './sent.ts';

// Of the age format.
const smallestChunkBytes = 64 * 1024;
const tagBytes = 16;
const longestHeaderBytes = 4096;

const compress = promisify(zstdCompress);
// All at once, with room for the worst case: zstd then works on the bytes where they are. Piece by piece it would copy them into a window of its own, where
// it is slower. Node ends with an empty frame then, which every reader passes over.
const optionsFor = (bytes: number) => ({
  params: { [constants.ZSTD_c_compressionLevel]: 3 },
  flush: constants.ZSTD_e_end,
  chunkSize: bytes + Math.ceil(bytes / 256) + smallestChunkBytes,
});

type Place = { lineageId: string; segmentBytes: number; timeline: number };

// Compresses and encrypts. Neither costs the main thread much: zstd works in the pool of threads. `release`: the bytes are not needed any more, and so many
// sealed ones are held.
export const sealRange = async (bytes: Uint8Array, key: WalKey, release: (sealedBytes: number) => void): Promise<Buffer> => {
  const packed = await compress(bytes, optionsFor(bytes.length));
  release(packed.length);
  // Filled in place: what is sealed may be as large as a block, and is held until the store has it.
  const sealed = Buffer.allocUnsafeSlow(packed.length + Math.ceil(packed.length / smallestChunkBytes) * tagBytes + longestHeaderBytes);
  let filled = 0;
  for await (const part of encrypt(once(packed), [key.recipient])) {
    filled += part.copy(sealed, filled);
  }
  return sealed.subarray(0, filled);
};

async function* once(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}

// Stores what was sealed. Its name holds the key id, so that no other process can have used it. What stands there already is taken where this process has
// sent it, over a connection that broke since: it holds the same WAL. Throws AlreadyStored where it has not.
export const storeRange = async (store: Store, place: Place, range: Range, key: WalKey, sealed: Buffer, sent: Sent): Promise<Placed> => {
  const { from, to } = range;
  const { keyId } = key;
  const objectKey = walObjectKey(place, place.timeline, { from, to, keyId });
  const ours = describeObject(objectKey, sealed);
  sent.add(ours.sha256);
  const { created } = await store.put(objectKey, sealed);
  const stored = created ? ours : describeObject(objectKey, await store.get(objectKey, largestDocumentBytes));
  if (!sent.has(stored.sha256)) {
    throw alreadyStored(objectKey, store);
  }
  return { from, to, keyId, bytes: stored.bytes, sha256: stored.sha256 };
};

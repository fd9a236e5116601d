// One stretch of WAL becomes one object: compressed, encrypted, stored.
import { constants, zstdCompress } from 'node:zlib';
import { promisify } from 'node:util';
import type { Placed, Range } from '../../core/wal/objects.ts';
import type { Store } from '../../stores/store.ts';
import { encryptBytes } from '../age/file.ts';
import { walObjectKey } from '../layout.ts';
import { putOnce } from '../small-objects.ts';
import type { WalKey } from './day-key.ts';

const compress = promisify(zstdCompress);
const options = { params: { [constants.ZSTD_c_compressionLevel]: 3 } };

type Place = { lineageId: string; segmentBytes: number; timeline: number };

// Compresses and encrypts. Neither costs the main thread much: zstd works in the pool of threads.
export const sealRange = async (bytes: Uint8Array, key: WalKey): Promise<Buffer> =>
  encryptBytes(await compress(bytes, options), [key.recipient]);

// Stores what was sealed. Its name holds the key id, so that no other process can have used it.
export const storeRange = async (store: Store, place: Place, range: Range, key: WalKey, sealed: Buffer): Promise<Placed> => {
  const { from, to } = range;
  const { keyId } = key;
  const { bytes, sha256 } = await putOnce(store, walObjectKey(place, place.timeline, { from, to, keyId }), sealed);
  return { from, to, keyId, bytes, sha256 };
};

// The payload of an age file: STREAM over ChaCha20-Poly1305 in chunks of 64 KiB, by node:crypto (https://age-encryption.org/v1, "Payload").
//
// Chunks are worked on in batches of 1 MiB: smaller pieces cost more in calls than in cryptography.
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { ArchiveError } from '../errors.ts';

const chunkBytes = 64 * 1024;
const tagBytes = 16;
const chunksPerBatch = 16;
const smallestBatchBytes = 4 * 1024;
const algorithm = 'chacha20-poly1305';

// The key of the payload, from the file key of the header and the nonce that begins the payload.
export const payloadKey = (fileKey: Buffer, nonce: Buffer): Buffer => Buffer.from(hkdfSync('sha256', fileKey, nonce, 'payload', 32));

// 11 bytes of counter, big endian, and one byte that is 1 for the last chunk only.
const chunkNonce = (counter: number, last: boolean): Buffer => {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(counter, 5, 6);
  nonce[11] = last ? 1 : 0;
  return nonce;
};

// At most: one chunk more than whole ones.
const sealedBytesOf = (plainBytes: number): number => plainBytes + (Math.floor(plainBytes / chunkBytes) + 1) * tagBytes;

const sealChunk = (key: Buffer, counter: number, last: boolean, plain: Buffer, into: Buffer, at: number): number => {
  const cipher = createCipheriv(algorithm, key, chunkNonce(counter, last), { authTagLength: tagBytes });
  const sealed = cipher.update(plain);
  cipher.final();
  sealed.copy(into, at);
  cipher.getAuthTag().copy(into, at + sealed.length);
  return at + sealed.length + tagBytes;
};

const openChunk = (key: Buffer, counter: number, last: boolean, sealed: Buffer, into: Buffer, at: number): number => {
  const decipher = createDecipheriv(algorithm, key, chunkNonce(counter, last), { authTagLength: tagBytes });
  decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
  const plain = decipher.update(sealed.subarray(0, sealed.length - tagBytes));
  decipher.final();
  plain.copy(into, at);
  return at + plain.length;
};

// Gathers a stream into batches of `batchBytes`. Only the last one may be shorter, and it is known to be the last. The buffer is used again;
// it grows as bytes come, since most documents are small.
async function* batches(source: AsyncIterable<Uint8Array>, batchBytes: number): AsyncGenerator<{ batch: Buffer; last: boolean }> {
  let held: Buffer = Buffer.allocUnsafe(smallestBatchBytes);
  let filled = 0;
  for await (const chunk of source) {
    for (let offset = 0; offset < chunk.length;) {
      if (filled === batchBytes) {
        yield { batch: held, last: false };
        filled = 0;
      }
      const taken = Math.min(chunk.length - offset, batchBytes - filled);
      held = withRoom(held, filled, filled + taken, batchBytes);
      held.set(chunk.subarray(offset, offset + taken), filled);
      filled += taken;
      offset += taken;
    }
  }
  yield { batch: held.subarray(0, filled), last: true };
}

// The same buffer, or a larger one with the same beginning.
const withRoom = (held: Buffer, filled: number, needed: number, most: number): Buffer => {
  if (needed <= held.length) {
    return held;
  }
  const larger = Buffer.allocUnsafe(Math.min(most, Math.max(needed, 4 * held.length)));
  held.copy(larger, 0, 0, filled);
  return larger;
};

// Encrypts. Each yielded buffer is valid until the next one is asked for.
export async function* sealPayload(key: Buffer, source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let out: Buffer = Buffer.alloc(0);
  let counter = 0;
  for await (const { batch, last } of batches(source, chunksPerBatch * chunkBytes)) {
    out = withRoom(out, 0, sealedBytesOf(batch.length), sealedBytesOf(chunksPerBatch * chunkBytes));
    let written = 0;
    let offset = 0;
    do {
      const plain = batch.subarray(offset, offset + chunkBytes);
      offset += plain.length;
      written = sealChunk(key, counter, last && offset === batch.length, plain, out, written);
      counter += 1;
    } while (offset < batch.length);
    yield out.subarray(0, written);
  }
}

// Decrypts, and releases no byte before its chunk is authenticated. Throws DecryptionFailed where a chunk was changed, moved or cut.
// Each yielded buffer is the consumer's to keep: it goes into streams that hold it for a while, and a copy would cost more than a fresh buffer.
export async function* openPayload(key: Buffer, source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const sealedBytes = chunkBytes + tagBytes;
  let counter = 0;
  for await (const { batch, last } of batches(source, chunksPerBatch * sealedBytes)) {
    const out = Buffer.allocUnsafe(Math.min(batch.length, chunksPerBatch * chunkBytes));
    let written = 0;
    let offset = 0;
    try {
      do {
        const sealed = batch.subarray(offset, offset + sealedBytes);
        offset += sealed.length;
        const final = last && offset === batch.length;
        if (sealed.length < tagBytes || (final && sealed.length === tagBytes && counter > 0)) {
          throw new RangeError('short last chunk');
        }
        written = openChunk(key, counter, final, sealed, out, written);
        counter += 1;
      } while (offset < batch.length);
    } catch (cause) {
      throw new ArchiveError('DecryptionFailed', `Chunk ${counter} of the object does not authenticate: it was changed or cut.`, { cause });
    }
    yield out.subarray(0, written);
  }
}

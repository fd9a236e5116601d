// One stored artifact as the stream that went into it: volumes checked by digest, decrypted, handed to whoever reads it. Its end is part of the proof.
import { Readable } from 'node:stream';
import type { ArtifactRecord } from '../api/stored/backup.ts';
import { StoreError } from '../stores/errors.ts';
import type { Store } from '../stores/store.ts';
import { decrypt } from './age/file.ts';
import { ArchiveError } from './errors.ts';
import { readVolumes } from './volumes.ts';
import { decompressDocument } from './zstd.ts';

type Source = {
  store: Store;
  // Identities of the attempt.
  identities: readonly string[];
  signal: AbortSignal;
  // Told of stored bytes as they come.
  onBytes?: (bytes: number) => void;
};

const bufferBytes = 4 * 1024 ** 2;

// Runs `read` over the decrypted zstd stream. Throws what broke the stream rather than what the reader said of it, and refuses a reader that left something unread.
export const withArtifact = async <T>(
  { store, identities, signal, onBytes }: Source,
  record: ArtifactRecord,
  read: (plain: Readable) => Promise<T>,
): Promise<T> => {
  const stored = counted(readVolumes(store, record.volumes, signal), onBytes);
  const plain = Readable.from(decrypt(stored, identities), { objectMode: false, highWaterMark: bufferBytes });
  let failure: unknown;
  plain.on('error', (error) => {
    failure = error;
  });
  try {
    const result = await read(plain);
    // Only at the end has the digest of the last volume been compared.
    if (!(await isAtEnd(plain))) {
      throw new ArchiveError('ToolFailed', `${record.name} was not read to its end: nothing is proven. Please report this.`);
    }
    return result;
  } catch (error) {
    // The reason why the stream broke says more than the tool that was reading it.
    throw failure instanceof ArchiveError || failure instanceof StoreError ? failure : error;
  } finally {
    plain.destroy();
  }
};

async function* counted(source: AsyncIterable<Buffer>, onBytes?: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    onBytes?.(chunk.length);
    yield chunk;
  }
}

// Whether nothing is left to be read. The end itself may not have been noticed yet.
const isAtEnd = async (stream: Readable): Promise<boolean> => {
  if (stream.readableEnded || stream.destroyed) {
    return stream.readableEnded;
  }
  for await (const _ of stream) {
    return false;
  }
  return true;
};

// A small document, raw. Throws VerificationFailed above `mostBytes`.
export const readSmallArtifact = async (
  { store, identities, signal }: Omit<Source, 'onBytes'>,
  record: ArtifactRecord,
  mostBytes: number,
): Promise<Buffer> => {
  const parts: Buffer[] = [];
  for await (const part of decrypt(readVolumes(store, record.volumes, signal), identities)) {
    parts.push(part);
  }
  return decompressDocument(Buffer.concat(parts), mostBytes);
};

// Stores the artifacts of one attempt and reads each of them back.
import { addAbortSignal } from 'node:stream';
import type { ArtifactRecord } from '../api/stored/backup.ts';
import type { ReadBack, SmallArtifact, StreamedArtifact } from '../engines/engine.ts';
import type { Store } from '../stores/store.ts';
import { decrypt, encrypt } from './age/file.ts';
import type { AttemptKey } from './attempt-key.ts';
import { ArchiveError } from './errors.ts';
import { withArtifact } from './read-artifact.ts';
import { compressDocument, decompressDocument } from './zstd.ts';
import { readVolumes, writeVolumes } from './volumes.ts';

export type AttemptArchive = {
  readonly store: Store;
  // data/<backup>/<component>/<attempt>/
  readonly prefix: string;
  readonly key: AttemptKey;
  // The recipient of the state identity, where the policy has one.
  readonly stateRecipient?: string;
  readonly signal: AbortSignal;
};

// Streams an artifact from its source into the store. Ends well only if the source did: a dump that broke off is never stored whole.
export const storeArtifact = async (
  archive: AttemptArchive,
  artifact: StreamedArtifact,
  onDurable: (bytes: number) => void,
): Promise<ArtifactRecord> => {
  const { stream, ended } = await artifact.open(archive.signal);
  // Whoever reads the stream sees its error; it may come when nobody reads.
  stream.on('error', () => undefined);
  addAbortSignal(archive.signal, stream);
  // Rejections are looked at below; a failed upload must not leave one unhandled.
  ended.catch(() => undefined);
  async function* untilEnded(): AsyncGenerator<Uint8Array> {
    yield* stream as AsyncIterable<Uint8Array>;
    await ended;
  }
  try {
    const volumes = await writeVolumes(encrypt(untilEnded(), [archive.key.recipient]), {
      store: archive.store,
      prefix: archive.prefix,
      name: artifact.name,
      signal: archive.signal,
      onDurable,
    });
    return { name: artifact.name, state: false, volumes };
  } finally {
    stream.destroy();
  }
};

// Reads an artifact back from the store: digests, decryption with the identity in memory, then what the engine checks (level L2).
export const readBackArtifact = (
  { store, key, signal }: AttemptArchive,
  artifact: StreamedArtifact,
  record: ArtifactRecord,
): Promise<ReadBack> => withArtifact({ store, identities: [key.identity], signal }, record, (plain) => artifact.readBack(plain, signal));

// Compresses, encrypts and stores a small document, and reads it back.
export const storeDocument = async (archive: AttemptArchive, document: SmallArtifact): Promise<ArtifactRecord> => {
  const recipients = [archive.key.recipient, ...(document.state && archive.stateRecipient !== undefined ? [archive.stateRecipient] : [])];
  async function* compressed(): AsyncGenerator<Uint8Array> {
    yield compressDocument(document.content);
  }
  const volumes = await writeVolumes(encrypt(compressed(), recipients), {
    store: archive.store,
    prefix: archive.prefix,
    name: document.name,
    signal: archive.signal,
  });
  const parts: Buffer[] = [];
  for await (const part of decrypt(readVolumes(archive.store, volumes, archive.signal), [archive.key.identity])) {
    parts.push(part);
  }
  if (!decompressDocument(Buffer.concat(parts), document.content.length + 1).equals(document.content)) {
    throw new ArchiveError('DigestMismatch', `${document.name} was read back from ${archive.store.description} with other content.`, {
      retryable: true,
    });
  }
  return { name: document.name, state: document.state, volumes };
};

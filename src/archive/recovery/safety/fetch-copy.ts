// Brings a safety copy back out of the store: everything of it is read and compared before anything is given up for it.
import type { VerificationKey } from '../../../api/agent.ts';
import type { SafetyDocument } from '../../../api/stored/safety.ts';
import { extractDirectory } from '../../../engines/postgresql/recovery/copy-directory.ts';
import type { Store } from '../../../stores/store.ts';
import { ArchiveError } from '../../errors.ts';
import { withArtifact } from '../../read-artifact.ts';
import { openRepository } from '../../repository.ts';
import { readVerifiers } from '../../signing/keys.ts';
import type { RecoveryContext } from '../context.ts';
import { openSidecar } from '../keys.ts';
import { readObject } from '../../volumes.ts';
import { lookAtTree } from '../volume/tree.ts';
import { readDescription, storedBytes } from './description.ts';
import type { CopyOf } from './description.ts';
import { treeMac } from './store-copy.ts';

export type OpenCopy = { store: Store; document: SafetyDocument; identity: string };
type Context = Pick<RecoveryContext, 'signal' | 'progress'>;

export type Wanted = { of: CopyOf; attempt: number; verificationKeys: readonly VerificationKey[]; identities: readonly string[] };

// The description, the key, and the digest of every stored byte (level L1). Nothing is written.
export const openCopy = async (
  store: Store,
  { of, attempt, verificationKeys, identities }: Wanted,
  context: Context,
): Promise<OpenCopy> => {
  const verifiers = readVerifiers(verificationKeys);
  const { repositoryId } = await openRepository(store);
  const document = await readDescription(store, of, attempt, repositoryId, verifiers);
  const identity = await keyOf(store, document, identities);
  const all = storedBytes(document);
  let read = 0;
  for (const object of document.artifact.volumes) {
    for await (const chunk of readObject(store, object, context.signal)) {
      context.progress('check copy', (read += chunk.length), all);
    }
  }
  return { store, document, identity };
};

const keyOf = async (store: Store, { keys }: SafetyDocument, identities: readonly string[]): Promise<string> => {
  for (const sidecar of keys) {
    const opened = await openSidecar(store, sidecar, identities);
    if (opened !== undefined) {
      return opened;
    }
  }
  throw new ArchiveError('DecryptionFailed', 'The copy of the old data is encrypted for another identity than the one that was given.');
};

// Into an empty directory. Afterwards the tree is what it was: names, sizes, times; and the bytes are those whose digests were compared.
export const extractCopy = async (
  { store, document, identity }: OpenCopy,
  directory: string,
  { signal, progress }: Context,
): Promise<void> => {
  const all = storedBytes(document);
  let read = 0;
  const onBytes = (bytes: number): void => progress('fetch copy', (read += bytes), all);
  await withArtifact({ store, identities: [identity], signal, onBytes }, document.artifact, (plain) =>
    extractDirectory(plain, directory, signal),
  );
  const tree = await lookAtTree(directory, signal);
  if (treeMac(tree, identity) !== document.tree.mac) {
    throw new ArchiveError(
      'DigestMismatch',
      `What was unpacked is not the tree that was copied: ${tree.entries} entries and ${tree.bytes} bytes, and it was ${document.tree.entries} and ${document.tree.bytes}.`,
      { retryable: true },
    );
  }
};

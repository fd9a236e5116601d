// The store that a recovery reads, and the backups in it, each read only when the plan asks for it.
import type { VerificationKey } from '../../api/agent.ts';
import type { KnownBackup } from '../../core/recovery/known-backup.ts';
import type { Catalogue, Chosen, Needed } from '../../core/recovery/choose.ts';
import type { Refusal } from '../../core/recovery/refusal.ts';
import { StoreError } from '../../stores/errors.ts';
import type { Store } from '../../stores/store.ts';
import { readManifest } from '../documents.ts';
import { ArchiveError } from '../errors.ts';
import { checkEpoch, readEpochs } from '../inspection/epochs.ts';
import type { Epochs } from '../inspection/epochs.ts';
import { recordOf } from '../inspection/record.ts';
import { inOrder } from '../in-order.ts';
import { keysUnder } from '../keys-under.ts';
import { backupIdOf, manifestsPrefix, writersPrefix } from '../layout.ts';
import { openRepository } from '../repository.ts';
import { readVerifiers } from '../signing/keys.ts';
import type { Verifiers } from '../signing/keys.ts';

const manifestsAtOnce = 8;

export type Source = {
  readonly store: Store;
  readonly repositoryId: string;
  readonly verifiers: Verifiers;
  readonly epochs: Epochs;
  // Newest first.
  readonly ids: readonly string[];
  readonly known: Map<string, KnownBackup>;
};

// Throws NotARepository. What is in it is listed, and nothing of it believed yet.
export const openSource = async (store: Store, verificationKeys: readonly VerificationKey[]): Promise<Source> => {
  const verifiers = readVerifiers(verificationKeys);
  const [{ repositoryId }, writers, manifests] = await Promise.all([
    openRepository(store),
    keysUnder(store, writersPrefix),
    keysUnder(store, manifestsPrefix),
  ]);
  const ids = manifests.flatMap((key) => backupIdOf(key) ?? []).toReversed();
  return { store, repositoryId, verifiers, epochs: await readEpochs(store, writers, repositoryId, verifiers), ids, known: new Map() };
};

// Reads backups until the choice is made. A store that fails in between is an error of its own: nothing was seen.
export const chooseFrom = async <C extends Chosen>(
  source: Source,
  choose: (catalogue: Catalogue) => C | Needed | Refusal,
): Promise<C | Refusal> => {
  for (;;) {
    const choice = choose(source);
    if (choice.kind !== 'need') {
      return choice;
    }
    await readBackups(source, choice.ids);
  }
};

export const readBackups = async (source: Source, ids: readonly string[]): Promise<void> => {
  const missing = ids.filter((id) => !source.known.has(id));
  for await (const backup of inOrder(missing, manifestsAtOnce, (id) => readBackup(source, id))) {
    source.known.set(backup.id, backup);
  }
};

const readBackup = async ({ store, repositoryId, verifiers, epochs }: Source, id: string): Promise<KnownBackup> => {
  try {
    const { manifest, bytes } = await readManifest(store, id, repositoryId, verifiers);
    checkEpoch(epochs, recordOf(manifest, bytes), store);
    return { id, manifest };
  } catch (error) {
    if (error instanceof ArchiveError || (error instanceof StoreError && error.code === 'ObjectTooLarge')) {
      return { id, wrong: { code: error.code, message: error.message } };
    }
    throw error;
  }
};

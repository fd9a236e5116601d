// The backup that an increment shall build on, as the store has it: its manifest, and what the state identity opens of it.
import { readFile } from 'node:fs/promises';
import type { DumpPlan, IncrementPlan } from '../api/agent.ts';
import { isRefused } from '../api/backup-type.ts';
import type { WholeCopy, WholeReason } from '../api/backup-type.ts';
import type { ArtifactRecord, ComponentEntry } from '../api/stored/backup.ts';
import type { LineageDocument } from '../api/stored/wal.ts';
import type { Parent } from '../engines/engine.ts';
import { StoreError } from '../stores/errors.ts';
import type { Store } from '../stores/store.ts';
import { readManifest } from './documents.ts';
import { ArchiveError } from './errors.ts';
import { readSmallArtifact } from './read-artifact.ts';
import { identitiesIn } from './recovery/keys.ts';
import { openRepository } from './repository.ts';
import type { Verifiers } from './signing/keys.ts';
import type { Trust } from './wal/documents.ts';
import { lineagesOf } from './wal/read-lineage.ts';

// A backup_manifest has about 150 bytes a file: this is for three million files.
const largestStateBytes = 512 * 1024 ** 2;

export type ParentOrWhole = { parent: Parent } | { whole: WholeCopy };

// A parent that cannot be used makes a whole copy, never a failure; a store that does not answer is a failure.
export const readParent = async (
  plan: DumpPlan,
  increment: IncrementPlan,
  store: Store,
  verifiers: Verifiers,
  signal: AbortSignal,
): Promise<ParentOrWhole> => {
  const identities = await stateIdentities(increment);
  if (identities === undefined) {
    const text = 'The Secret of encryption.stateIdentitySecretRef has no state identity under the key "identity"';
    return { whole: wholeBecause('StateIdentityMissing', `${text}, so the list of the earlier backup cannot be opened. Put it back.`) };
  }
  const { parentId } = increment;
  try {
    const { repositoryId } = await openRepository(store);
    const { manifest } = await readManifest(store, parentId, repositoryId, verifiers);
    const component = manifest.components.find(({ name }) => name === plan.component);
    if (component === undefined || stateOf(component).length === 0) {
      return { whole: wholeBecause('ParentUnreadable', `${parentId} has no copy of "${plan.component}" to build on.`) };
    }
    const later = await laterHistory(store, plan.component, component.endTime, { repositoryId, verifiers });
    if (later !== undefined) {
      const text = `The archive of WAL began anew at ${later.createdTime} (${later.reason}), after ${parentId} was made`;
      return { whole: wholeBecause('HistoryChanged', `${text}: what the server is now is no continuation of what it was then.`) };
    }
    const state = await readState(store, component, identities, signal);
    return { parent: { backupId: parentId, facts: component.facts, state, required: increment.required } };
  } catch (error) {
    return { whole: reasonIn(error, parentId) };
  }
};

// The newest lineage, where it began after the parent was made because the server was no continuation of what was archived.
const laterHistory = async (store: Store, component: string, endTime: string, trust: Trust): Promise<LineageDocument | undefined> => {
  const newest = (await lineagesOf(store, component, trust)).at(-1);
  return newest !== undefined && newest.reason !== 'FirstArchive' && newest.createdTime > endTime ? newest : undefined;
};

const stateOf = ({ artifacts }: ComponentEntry): ArtifactRecord[] => artifacts.filter(({ state }) => state);

const stateIdentities = async ({ stateIdentityFile }: IncrementPlan): Promise<string[] | undefined> => {
  try {
    return identitiesIn(await readFile(stateIdentityFile, 'utf8'));
  } catch {
    return undefined;
  }
};

const readState = async (
  store: Store,
  component: ComponentEntry,
  identities: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, Buffer>> => {
  const state = new Map<string, Buffer>();
  for (const artifact of stateOf(component)) {
    state.set(artifact.name, await readSmallArtifact({ store, identities, signal }, artifact, largestStateBytes));
  }
  return state;
};

const reasonIn = (error: unknown, parentId: string): WholeCopy => {
  if (error instanceof ArchiveError && error.code === 'DecryptionFailed') {
    const text = `The state identity in the Secret does not open the list of ${parentId}`;
    return wholeBecause('StateIdentityMissing', `${text}: it is another one than was used then. Put the old one back, or go on from here.`);
  }
  if (error instanceof ArchiveError || (error instanceof StoreError && error.code === 'ObjectMissing')) {
    return wholeBecause('ParentUnreadable', `${parentId} cannot be built on: ${error.message}`);
  }
  throw error;
};

const wholeBecause = (reason: WholeReason, message: string): WholeCopy => ({ reason, message });

// `physical.incremental: Required`: better no backup than a whole one that nobody expects.
export const refuseWhole = ({ required }: IncrementPlan, { reason, message }: WholeCopy): void => {
  if (required && isRefused(reason)) {
    throw new ArchiveError('IncrementRefused', `${message} physical.incremental is Required; Auto would have made a whole copy.`);
  }
};

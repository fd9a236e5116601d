// Before an increment is sealed: everything that it builds on is there, signed, with every object of its size (level L0).
import type { ComponentEntry, Manifest } from '../api/stored/backup.ts';
import { StoreError } from '../stores/errors.ts';
import type { Store } from '../stores/store.ts';
import { readManifest } from './documents.ts';
import { ArchiveError } from './errors.ts';
import { checkPresence, componentObjects } from './manifest-objects.ts';
import type { Verifiers } from './signing/keys.ts';

type Read = (backupId: string) => Promise<Manifest>;

// Throws ChainBroken: the components are stored well, and worth nothing.
export const checkChains = async (store: Store, { backupId, repositoryId, components }: Manifest, verifiers: Verifiers): Promise<void> => {
  const known = new Map<string, Promise<Manifest>>();
  const read: Read = (id) => {
    const found = known.get(id) ?? readManifest(store, id, repositoryId, verifiers).then(({ manifest }) => manifest);
    known.set(id, found);
    return found;
  };
  for (const component of components) {
    await checkChain(store, backupId, component, read);
  }
};

const checkChain = async (store: Store, backupId: string, component: ComponentEntry, read: Read): Promise<void> => {
  const seen = new Set([backupId]);
  let { parent } = component;
  while (parent !== null) {
    const id: string = parent;
    const older = await linkOf(store, id, component.name, read, backupId);
    if (seen.has(id)) {
      throw broken(backupId, id, 'which builds on it in turn.');
    }
    seen.add(id);
    ({ parent } = older);
  }
};

const linkOf = async (store: Store, id: string, name: string, read: Read, backupId: string): Promise<ComponentEntry> => {
  try {
    const found = (await read(id)).components.find((each) => each.name === name);
    if (found === undefined) {
      throw broken(backupId, id, `which has no "${name}".`);
    }
    await checkPresence(store, componentObjects(found));
    return found;
  } catch (error) {
    if (error instanceof ArchiveError && error.code === 'ChainBroken') {
      throw error;
    }
    if (error instanceof ArchiveError || (error instanceof StoreError && error.code === 'ObjectMissing')) {
      throw broken(backupId, id, `which cannot be restored any more: ${error.message}`);
    }
    throw error;
  }
};

const broken = (backupId: string, parent: string, why: string): ArchiveError =>
  new ArchiveError('ChainBroken', `The backup ${backupId} builds on ${parent}, ${why} The next backup begins a new chain.`);

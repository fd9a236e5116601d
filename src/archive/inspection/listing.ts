// What a tier holds, from one list of all its objects: a page of a thousand costs one request, a look at each would cost a thousand.
import { backupIdOf, catalogPrefix, kitPrefix, manifestsPrefix, verifiedBackup, writersPrefix } from '../layout.ts';
import type { ObjectInfo, Store } from '../../stores/store.ts';

export type Listing = {
  // In the order of their ids, which is that of time.
  manifests: { id: string; object: ObjectInfo }[];
  // Sizes of all that backups are made of, by key.
  objects: Map<string, number>;
  writers: string[];
  // Pages and scripts of the recovery kit.
  kit: ObjectInfo[];
  // Newest first.
  snapshots: ObjectInfo[];
  // The newest verification mark of each backup.
  marks: Map<string, ObjectInfo>;
  stored: { dataBytes: number; manifestBytes: number; otherBytes: number };
};

export const readListing = async (store: Store, signal: AbortSignal): Promise<Listing> => {
  const listing: Listing = {
    manifests: [],
    objects: new Map(),
    writers: [],
    kit: [],
    snapshots: [],
    marks: new Map(),
    stored: { dataBytes: 0, manifestBytes: 0, otherBytes: 0 },
  };
  for await (const object of store.list('')) {
    signal.throwIfAborted();
    take(listing, object);
  }
  return listing;
};

const take = (listing: Listing, object: ObjectInfo): void => {
  const { key, sizeBytes } = object;
  const { stored } = listing;
  if (key.startsWith('data/') || key.startsWith('keys/')) {
    listing.objects.set(key, sizeBytes);
    stored.dataBytes += sizeBytes;
    return;
  }
  if (key.startsWith(manifestsPrefix)) {
    const id = backupIdOf(key);
    stored.manifestBytes += sizeBytes;
    if (id !== undefined) {
      listing.manifests.push({ id, object });
    }
    return;
  }
  stored.otherBytes += sizeBytes;
  if (key.startsWith(writersPrefix)) {
    listing.writers.push(key);
  }
  if (key.startsWith(kitPrefix)) {
    listing.kit.push(object);
  }
  if (key.startsWith(catalogPrefix)) {
    listing.snapshots.unshift(object);
  }
  const verified = verifiedBackup(key);
  if (verified !== undefined) {
    // Later ones sort later.
    listing.marks.set(verified, object);
  }
};

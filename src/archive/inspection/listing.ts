// What a tier holds, from one list of all its objects: a page of a thousand costs one request, a look at each would cost a thousand.
import { backupIdOf, catalogPrefix, kitPrefix, manifestsPrefix, verifiedBackup, walPrefix, writersPrefix } from '../layout.ts';
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
  // Documents of WAL archives, in the order of their keys; of the tails, each of which replaces the ones before it, the newest few of each timeline.
  walDocuments: ObjectInfo[];
  // Sizes of stored WAL, by key. Pieces of a segment that is there whole are left out: they are many, and nothing needs them any more.
  walObjects: Map<string, number>;
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
    walDocuments: [],
    walObjects: new Map(),
    stored: { dataBytes: 0, manifestBytes: 0, otherBytes: 0 },
  };
  const takeWal = walTaker(listing);
  for await (const object of store.list('')) {
    signal.throwIfAborted();
    take(listing, object);
    takeWal(object);
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

// A tail that was damaged is not the only one.
const tailsKept = 8;

// Takes the keys under wal/ in their order: whole segments come before pieces.
const walTaker = ({ walDocuments, walObjects }: Listing): ((object: ObjectInfo) => void) => {
  const whole = new Set<string>();
  let tails = { folder: '', count: 0 };
  return (object) => {
    const { key, sizeBytes } = object;
    if (!key.startsWith(walPrefix)) {
      return;
    }
    const [, segment] = /^(wal\/[^/]+\/[0-9A-F]{8}\/[0-9A-F]{24})-/.exec(key) ?? [];
    if (segment !== undefined) {
      whole.add(segment);
    }
    const [, start, ofSegment] = /^(wal\/[^/]+\/[0-9A-F]{8}\/)pieces\/([0-9A-F]{24})\//.exec(key) ?? [];
    if (ofSegment !== undefined && whole.has(`${start}${ofSegment}`)) {
      return;
    }
    if (!key.endsWith('.json')) {
      walObjects.set(key, sizeBytes);
      return;
    }
    walDocuments.push(object);
    const [, folder] = /^(wal\/[^/]+\/marks\/[^/]+\/)/.exec(key) ?? [];
    if (folder !== undefined) {
      tails = folder === tails.folder ? { folder, count: tails.count + 1 } : { folder, count: 1 };
      if (tails.count > tailsKept) {
        walDocuments.splice(-tailsKept - 1, 1);
      }
    }
  };
};

// What the WAL in a tier leads to: its signed documents, each read once, against the list of objects that was made anyway. No segment is opened.
import type { DamagedObject, InspectFacts } from '../../api/agent.ts';
import { lsnBytes } from '../../api/lsn.ts';
import type { StoredObject } from '../../api/stored/backup.ts';
import type { WalPage } from '../../api/stored/wal.ts';
import { contentsOf } from '../../core/wal/coverage.ts';
import type { WalSource } from '../../core/recovery/wal-source.ts';
import { StoreError } from '../../stores/errors.ts';
import type { ObjectInfo, Store } from '../../stores/store.ts';
import type { ObjectCache } from '../context.ts';
import { ArchiveError } from '../errors.ts';
import { inOrder } from '../in-order.ts';
import { lineageKey, walObjectKey } from '../layout.ts';
import type { Trust } from '../wal/documents.ts';
import { listLineages, readLineage } from '../wal/read-lineage.ts';
import type { Lineage } from '../wal/read-lineage.ts';
import { getCached } from './cached.ts';
import type { Listing } from './listing.ts';

type Refused = NonNullable<NonNullable<InspectFacts['wal']>['refused']>;

// `sources` by component, each oldest first; or why there are none.
export type WalFound = { sources: Map<string, WalSource[]>; refused?: Refused; damaged: DamagedObject[] };

export type WalPlace = Trust & {
  readonly store: Store;
  readonly listing: Listing;
  readonly cache?: ObjectCache;
  readonly signal: AbortSignal;
};

const advice =
  'What it held counts as a gap here. Recover from another tier, or take a new backup, and find out who or what changed the store.';

// A lineage that cannot be believed at all is no reason to go on with the others: a recovery refuses them, too.
export const readWal = async (place: WalPlace): Promise<WalFound> => {
  const damaged: DamagedObject[] = [];
  const store = listedStore(place);
  try {
    const sources = new Map<string, WalSource[]>();
    for (const id of await listLineages(store)) {
      place.signal.throwIfAborted();
      await checkHead(place, id);
      const lineage = await readLineage(store, id, place);
      damaged.push(...lineage.damaged.map((each) => ({ ...each, message: `${each.message} ${advice}` })));
      const { component } = lineage.document;
      sources.set(component, [...(sources.get(component) ?? []), await heldOf(place, lineage, damaged)]);
    }
    for (const own of sources.values()) {
      own.sort((a, b) => Date.parse(a.createdTime) - Date.parse(b.createdTime));
    }
    return { sources, damaged };
  } catch (error) {
    return { sources: new Map(), ...refusedBy(error, damaged) };
  }
};

const refusedBy = (error: unknown, damaged: DamagedObject[]): Pick<WalFound, 'refused' | 'damaged'> => {
  if (!(error instanceof ArchiveError) && !(error instanceof StoreError)) {
    throw error;
  }
  const isSeen = error instanceof ArchiveError || error.code === 'ObjectTooLarge';
  const { code, message } = error;
  const refused: Refused = { verdict: isSeen ? 'Failed' : 'Inconclusive', code, message: message.slice(0, 300) };
  return { refused, damaged: isSeen ? [...damaged, { key: 'wal/', code, message: `${message} No WAL of this tier is used.` }] : damaged };
};

const checkHead = async ({ store, listing }: WalPlace, lineageId: string): Promise<void> => {
  const key = lineageKey(lineageId);
  if (!listing.walDocuments.some((object) => object.key === key) && (await store.head(key)) === undefined) {
    throw new ArchiveError(
      'ObjectMissing',
      `${key} is not in ${store.description}, but WAL that belongs to it: copy it back from another tier.`,
    );
  }
};

// Answers lists from the one that was made, and keeps what never changes.
const listedStore = ({ store, listing, repositoryId, cache }: WalPlace): Store => {
  const infos = new Map(listing.walDocuments.map((object) => [object.key, object]));
  return {
    ...store,
    list: (prefix, { after } = {}) => listed(listing.walDocuments, prefix, after),
    get: (key, most) => {
      const info = infos.get(key);
      return info === undefined ? store.get(key, most) : getCached(store, info, repositoryId, cache);
    },
  };
};

async function* listed(objects: readonly ObjectInfo[], prefix: string, after = ''): AsyncGenerator<ObjectInfo> {
  for (const object of objects) {
    if (object.key.startsWith(prefix) && object.key > after) {
      yield object;
    }
  }
}

// Level L0: what a document names and the store lacks is damage, and counts as not there; so does what was sealed to a key that is gone.
const heldOf = async (place: WalPlace, lineage: Lineage, damaged: DamagedObject[]): Promise<WalSource> => {
  const { document, pages, tails, histories, ancestors, gaps, keys } = lineage;
  const named = [...pages, ...tails].flatMap(({ timeline, objects }) =>
    objects.map((object) => ({ ...object, key: objectKey(lineage, timeline, object) })),
  );
  const files = [...histories.values()].map(({ file }) => file);
  const wrong = await wrongOf(place, [...named, ...keys.values(), ...files]);
  damaged.push(...wrong.values());
  const isHeld = (timeline: number, object: WalPage['objects'][number]): boolean =>
    !wrong.has(objectKey(lineage, timeline, object)) && !wrong.has(keys.get(object.keyId)?.key ?? '');
  const held = [...pages, ...tails].map((span) => ({ ...span, objects: span.objects.filter((object) => isHeld(span.timeline, object)) }));
  return {
    lineageId: document.lineageId,
    systemIdentifier: document.systemIdentifier,
    createdTime: document.createdTime,
    begin: { timeline: document.timeline, lsn: lsnBytes(document.lsn) },
    timelines: contentsOf(held),
    ancestors: new Map([...ancestors].filter(([timeline]) => !wrong.has(histories.get(timeline)?.file.key ?? ''))),
    gaps,
  };
};

const objectKey = ({ document }: Lineage, timeline: number, { from, to, keyId }: WalPage['objects'][number]): string =>
  walObjectKey(document, timeline, { from: lsnBytes(from), to: lsnBytes(to), keyId });

const atOnce = 16;

// What the list lacks is looked for once more: it may have come while the list was read.
const wrongOf = async (
  { store, listing, signal }: WalPlace,
  named: readonly Pick<StoredObject, 'key' | 'bytes'>[],
): Promise<Map<string, DamagedObject>> => {
  const suspect = named.filter(({ key, bytes }) => (listing.walObjects.get(key) ?? listing.objects.get(key)) !== bytes);
  const wrong = new Map<string, DamagedObject>();
  const look = async ({ key, bytes }: Pick<StoredObject, 'key' | 'bytes'>) => {
    signal.throwIfAborted();
    return { key, bytes, found: await store.head(key) };
  };
  for await (const { key, bytes, found } of inOrder(suspect, atOnce, look)) {
    if (found === undefined) {
      wrong.set(key, { key, code: 'ObjectMissing', message: `${key} is not in ${store.description}. ${advice}` });
    } else if (found.sizeBytes !== bytes) {
      const message = `${key} in ${store.description} has ${found.sizeBytes} bytes, its signed index says ${bytes}. ${advice}`;
      wrong.set(key, { key, code: 'SizeMismatch', message });
    }
  }
  return wrong;
};

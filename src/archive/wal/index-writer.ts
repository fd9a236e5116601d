// Names what is stored of one timeline: the newest tail, and a page whenever enough is closed. Only what is named counts.
import { lsnBytes, lsnText, segmentStart } from '../../api/lsn.ts';
import type { StoredObject } from '../../api/stored/backup.ts';
import type { WalCheck, WalPage, WalTail } from '../../api/stored/wal.ts';
import { markDocument, parseMark, thinMarks } from '../../core/wal/marks.ts';
import type { Mark } from '../../core/wal/marks.ts';
import { asStored, placed } from '../../core/wal/objects.ts';
import type { Placed } from '../../core/wal/objects.ts';
import type { Store } from '../../stores/store.ts';
import { walPageKey, walTailKey } from '../layout.ts';
import type { Signer } from '../signing/keys.ts';
import { putOnce } from '../small-objects.ts';
import { readWal, sealWal } from './documents.ts';
import type { Trust } from './documents.ts';

const objectsOfPage = 64;
const pageMilliseconds = 3600_000;
const markMilliseconds = 30_000;

export type IndexOptions = {
  store: Store;
  signer: Signer;
  trust: Trust;
  lineageId: string;
  segmentBytes: number;
  timeline: number;
  epoch: number;
  now: () => Date;
  // Tells the tails of one second and place from one another.
  count: () => number;
};

// What the archive held of this timeline when the receiver began. `heldFrom`: from here on it has no hole, as far as the newest documents say.
export type IndexStart = {
  from: bigint;
  heldFrom: bigint;
  objects: readonly Placed[];
  marks: readonly Mark[];
  keys: readonly StoredObject[];
  check?: WalCheck;
};

export type IndexWriter = {
  // What no page names yet, in order and without a hole.
  readonly objects: () => readonly Placed[];
  // Names an object. It replaces those that lie in it. `check`: of the WAL before its end.
  add(object: Placed, sidecar: StoredObject, check?: WalCheck): void;
  addMark(mark: Mark): void;
  // Stores a new tail, and before it a page where one is due.
  publish(): Promise<void>;
  // Closes the timeline, or what came before a gap, with a last page.
  close(end?: WalPage['end']): Promise<void>;
};

export const indexWriter = (options: IndexOptions, start: IndexStart): IndexWriter => {
  const { store, signer, trust, lineageId, segmentBytes, timeline, epoch } = options;
  let { from } = start;
  let objects: readonly Placed[] = start.objects;
  let marks: readonly Mark[] = start.marks;
  let check = start.check;
  const keys = new Map(start.keys.map((key) => [key.key, key]));
  let pageTime = options.now().getTime();

  const to = (): bigint => objects.at(-1)?.to ?? from;
  const document = (key: string) => ({
    minReader: 1,
    repositoryId: trust.repositoryId,
    key,
    epoch,
    lineageId,
    createdTime: options.now().toISOString(),
    timeline,
  });
  const sidecarsOf = (of: readonly Placed[]): StoredObject[] => {
    const ids = new Set(of.map(({ keyId }) => `keys/${keyId}/`));
    return [...keys.values()].filter(({ key }) => ids.has(key.slice(0, key.lastIndexOf('/') + 1)));
  };
  const contents = (of: readonly Placed[], end: bigint) => ({
    from: lsnText(from),
    to: lsnText(end),
    objects: of.map(asStored),
    keys: sidecarsOf(of),
  });

  const writePage = async (closed: readonly Placed[], end?: WalPage['end']): Promise<void> => {
    const pageTo = closed.at(-1)?.to ?? from;
    const key = walPageKey(lineageId, timeline, from);
    const inside = marks.filter(({ lsn }) => lsn <= pageTo);
    const page: WalPage = {
      schema: 'holdfast.dev/wal-page/v1',
      ...document(key),
      ...contents(closed, pageTo),
      marks: inside.map(markDocument),
      ...(end === undefined ? {} : { end }),
    };
    const { created } = await store.put(key, sealWal('page', page, signer));
    // One that stands there already was written by us, or by a receiver before us, and the answer was lost: it is as true as ours.
    const found = created ? page : await readWal(store, 'page', key, trust);
    from = lsnBytes(found.to);
    objects = objects.filter((object) => object.to > from);
    const newest = marks.at(-1);
    marks = marks.filter((mark) => mark.lsn > from || mark === newest);
    for (const sidecar of keys.keys()) {
      if (!sidecarsOf(objects).some(({ key: kept }) => kept === sidecar)) {
        keys.delete(sidecar);
      }
    }
    pageTime = options.now().getTime();
  };

  // Segments that are whole. One that still grows stays in the tail: its pieces will be replaced.
  const closedObjects = (): Placed[] => {
    const end = segmentStart(to(), segmentBytes);
    return objects.filter((object) => object.to <= end);
  };

  return {
    objects: () => objects,
    add(object, sidecar, newCheck = check) {
      objects = [...objects.filter((one) => one.to <= object.from), object];
      keys.set(sidecar.key, sidecar);
      check = newCheck;
    },
    addMark(mark) {
      marks = thinMarks([...marks, mark], markMilliseconds);
    },
    async publish() {
      const closed = closedObjects();
      const isDue = closed.length >= objectsOfPage || (closed.length > 0 && options.now().getTime() - pageTime >= pageMilliseconds);
      if (isDue) {
        await writePage(closed);
      }
      const key = walTailKey(lineageId, timeline, { to: to(), time: options.now().toISOString(), count: options.count() });
      const named = objects;
      const tail = {
        schema: 'holdfast.dev/wal-tail/v1' as const,
        ...document(key),
        ...contents(named, to()),
        marks: marks.filter(({ lsn }) => lsn <= to()).map(markDocument),
        ...(check === undefined ? {} : { check }),
      };
      await putOnce(store, key, sealWal('tail', tail, signer));
    },
    async close(end) {
      if (objects.length > 0 || end !== undefined) {
        await writePage(objects, end);
      }
    },
  };
};

// What a receiver takes over of a timeline: the newest page tells where the tail must begin.
export const startOf = (
  page: Pick<WalPage, 'from' | 'to'> | undefined,
  tail: Pick<WalTail, 'from' | 'objects' | 'marks' | 'keys' | 'check'> | undefined,
  begin: bigint,
): IndexStart => {
  // Behind a gap the tail begins later than the page ended; a page that was just written ends later than its tail began.
  const [from = begin] = [page?.to, tail?.from]
    .flatMap((lsn) => (lsn === undefined ? [] : [lsnBytes(lsn)]))
    .toSorted((a, b) => (a > b ? -1 : 1));
  const followsPage = page !== undefined && lsnBytes(page.to) === from;
  return {
    from,
    heldFrom: followsPage ? lsnBytes(page.from) : from,
    objects: (tail?.objects ?? []).map(placed).filter((object) => object.to > from),
    marks: (tail?.marks ?? []).map(parseMark),
    keys: tail?.keys ?? [],
    ...(tail?.check === undefined ? {} : { check: tail.check }),
  };
};

// Another tier follows the first one: the same objects and documents, byte for byte, and each document only after what it names.
import { lsnBytes } from '../../api/lsn.ts';
import type { WalPage, WalTail } from '../../api/stored/wal.ts';
import { currentTimeline } from '../../core/wal/coverage.ts';
import { placed } from '../../core/wal/objects.ts';
import type { Store } from '../../stores/store.ts';
import { inOrder } from '../in-order.ts';
import { keysUnder } from '../keys-under.ts';
import { lineageKey, walGapsPrefix, walHistoriesPrefix, walObjectKey, walPagesPrefix } from '../layout.ts';
import { largestDocumentBytes, putOnce } from '../small-objects.ts';
import { readObject } from '../volumes.ts';
import { openWal } from './documents.ts';
import type { Trust } from './documents.ts';
import { readLineage } from './read-lineage.ts';

const atOnce = 4;
// What is forgotten is written once more, and found to be there.
const mostKnown = 5000;

// `markTime`: every commit answered before it, by the server's clock, is there.
export type Followed = { readonly lineageId: string; readonly timeline: number; readonly to: bigint; readonly markTime?: string };

type Tiers = { from: Store; to: Store; trust: Trust };

// Copies what the other tier lacks of a lineage, in an order that leaves it true wherever it is cut off. `known`: keys that are there for certain.
export const follow = async (tiers: Tiers, lineageId: string, known: Set<string>, signal: AbortSignal): Promise<Followed | undefined> => {
  const { from, to, trust } = tiers;
  const lineage = await readLineage(from, lineageId, trust, { recent: true });
  await copyDocuments(tiers, [lineageKey(lineageId)], known);
  for (const history of lineage.histories.values()) {
    await copyNamed(tiers, [history.file], known, signal);
  }
  await copyDocuments(tiers, await keysUnder(from, walHistoriesPrefix(lineageId)), known);
  const { segmentBytes } = lineage.document;
  const place = { lineageId, segmentBytes };
  const copySpan = (span: WalPage | WalTail): Promise<void> => copyNamed(tiers, namedBy(span, place), known, signal);

  const there = new Set(await keysUnder(to, walPagesPrefix(lineageId)));
  for (const key of await keysUnder(from, walPagesPrefix(lineageId))) {
    if (!there.has(key)) {
      await copySpan(openWal('page', await from.get(key, largestDocumentBytes), key, trust));
      await copyDocuments(tiers, [key], known);
    }
  }
  await copyDocuments(tiers, await keysUnder(from, walGapsPrefix(lineageId)), known);
  for (const tail of lineage.tails) {
    await copySpan(tail);
    await copyDocuments(tiers, [tail.key], known);
  }
  if (known.size > mostKnown) {
    known.clear();
  }
  return newestOf([...lineage.pages, ...lineage.tails], lineageId);
};

// How far the timeline goes that was written last.
export const newestOf = (spans: readonly (WalPage | WalTail)[], lineageId: string): Followed | undefined => {
  const newest = currentTimeline(spans.map((span) => ({ timeline: span.timeline, writtenMilliseconds: Date.parse(span.createdTime) })));
  const timeline = newest?.timeline ?? 0;
  const own = spans.filter((span) => span.timeline === timeline);
  const ends = own.map(({ to }) => lsnBytes(to));
  const markTime = own
    .flatMap(({ marks }) => marks.map(({ time }) => time))
    .toSorted((a, b) => Date.parse(a) - Date.parse(b))
    .at(-1);
  return ends.length === 0
    ? undefined
    : { lineageId, timeline, to: ends.reduce((a, b) => (a > b ? a : b)), ...(markTime === undefined ? {} : { markTime }) };
};

type Named = { key: string; bytes: number; sha256: string };

const namedBy = ({ timeline, objects, keys }: WalPage | WalTail, place: { lineageId: string; segmentBytes: number }): Named[] => [
  ...keys,
  ...objects.map(placed).map((object) => ({ key: walObjectKey(place, timeline, object), bytes: object.bytes, sha256: object.sha256 })),
];

const copyDocuments = async ({ from, to }: Tiers, keys: readonly string[], known: Set<string>): Promise<void> => {
  for (const key of keys.filter((one) => !known.has(one))) {
    await putOnce(to, key, await from.get(key, largestDocumentBytes));
    known.add(key);
  }
};

// Each is read whole and compared with what the signed document says of it before it is written.
const copyNamed = async ({ from, to }: Tiers, objects: readonly Named[], known: Set<string>, signal: AbortSignal): Promise<void> => {
  const copyOne = async (object: Named): Promise<void> => {
    signal.throwIfAborted();
    const parts: Buffer[] = [];
    for await (const chunk of readObject(from, object, signal)) {
      parts.push(chunk);
    }
    await putOnce(to, object.key, Buffer.concat(parts));
    known.add(object.key);
  };
  const missing = objects.filter(({ key }) => !known.has(key));
  for await (const _ of inOrder(missing, atOnce, copyOne)) {
    // One after the other: all are needed.
  }
};

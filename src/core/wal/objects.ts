// Which stored objects give a stretch of WAL.
import { lsnBytes, lsnText, segmentStart } from '../../api/lsn.ts';
import type { WalObject } from '../../api/stored/wal.ts';

// From `from` up to, and without, `to`.
export type Range = { readonly from: bigint; readonly to: bigint };

// A stored object, with its place as numbers.
export type Placed = Range & { readonly keyId: string; readonly bytes: number; readonly sha256: string };

export const placed = ({ from, to, ...rest }: WalObject): Placed => ({ ...rest, from: lsnBytes(from), to: lsnBytes(to) });

export const asStored = ({ from, to, keyId, bytes, sha256 }: Placed): WalObject => ({
  from: lsnText(from),
  to: lsnText(to),
  keyId,
  bytes,
  sha256,
});

// By where they begin; of those that begin together the longest first.
export const inPlaceOrder = <R extends Range>(ranges: readonly R[]): R[] =>
  ranges.toSorted((a, b) => (a.from === b.from ? Number(b.to - a.to) : Number(a.from - b.from)));

// A part of an object: `take` bytes of its plain text after the first `skip`.
export type Part<R extends Range> = { readonly object: R; readonly skip: number; readonly take: number };

export type Selection<R extends Range> = {
  readonly parts: readonly Part<R>[];
  // How far the parts go without a hole: `to` of what was asked for, or less.
  readonly reached: bigint;
};

// The fewest objects that together give `wanted` from its beginning on, as far as they go. Overlapping objects hold the same bytes where they overlap.
export const selectObjects = <R extends Range>(objects: readonly R[], wanted: Range): Selection<R> => {
  const parts: Part<R>[] = [];
  let reached = wanted.from;
  while (reached < wanted.to) {
    const object = farthest(objects, reached);
    if (object === undefined) {
      break;
    }
    const end = object.to < wanted.to ? object.to : wanted.to;
    parts.push({ object, skip: Number(reached - object.from), take: Number(end - reached) });
    reached = end;
  }
  return { parts, reached };
};

// Of the objects that hold the byte at `at`, the one that goes farthest.
const farthest = <R extends Range>(objects: readonly R[], at: bigint): R | undefined => {
  let best: R | undefined;
  for (const object of objects) {
    if (object.from <= at && object.to > at && (best === undefined || object.to > best.to)) {
      best = object;
    }
  }
  return best;
};

// Ranges joined where they touch or overlap, in order.
export const joinRanges = (ranges: readonly Range[]): Range[] => {
  const joined: { from: bigint; to: bigint }[] = [];
  for (const { from, to } of inPlaceOrder(ranges)) {
    const last = joined.at(-1);
    if (last !== undefined && from <= last.to) {
      last.to = to > last.to ? to : last.to;
    } else {
      joined.push({ from, to });
    }
  }
  return joined;
};

// Objects by the first byte of the segment that they lie in.
export const bySegment = <R extends Range>(objects: readonly R[], segmentBytes: number): Map<bigint, R[]> => {
  const segments = new Map<bigint, R[]>();
  for (const object of objects) {
    const start = segmentStart(object.from, segmentBytes);
    const found = segments.get(start);
    if (found === undefined) {
      segments.set(start, [object]);
    } else {
      found.push(object);
    }
  }
  return segments;
};

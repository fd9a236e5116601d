// How WAL is cut into objects. A segment is one object, or blocks of 16 MiB where it is larger; one that is not full yet is pieces.
import { segmentStart } from '../../api/lsn.ts';
import type { Range } from './objects.ts';

export const largestBlockBytes = 16 * 1024 ** 2;

// A whole segment, or the part of a large one that is held in memory until it is full.
export const blockBytesOf = (segmentBytes: number): number => Math.min(segmentBytes, largestBlockBytes);

// The block that holds the byte at `lsn`.
export const blockOf = (lsn: bigint, segmentBytes: number): Range => {
  const bytes = blockBytesOf(segmentBytes);
  const from = segmentStart(lsn, bytes);
  return { from, to: from + BigInt(bytes) };
};

// How many small pieces are joined to a larger one.
export const piecesToJoin = 16;

// Where the next piece of a block begins that reaches up to `end`. Mostly that is the end of the last piece; where the block has many small ones, the
// piece holds their WAL once more and replaces them, so that a block never has more than a few dozen. `pieces` are those of the block, in order.
export const nextPieceFrom = (pieces: readonly Range[], blockFrom: bigint, end: bigint): bigint => {
  let from = pieces.at(-1)?.to ?? blockFrom;
  let kept = pieces;
  for (;;) {
    const run = smallRun(kept, end - from);
    if (run < piecesToJoin) {
      return from;
    }
    from = kept.at(-run)?.from ?? from;
    kept = kept.slice(0, -run);
  }
};

// How many pieces at the end are no larger than all that comes after them, or than a few of them together.
const smallRun = (pieces: readonly Range[], newBytes: bigint): number => {
  let run = 0;
  let largest = newBytes > 0n ? newBytes : 1n;
  for (const { from, to } of pieces.toReversed()) {
    const bytes = to - from;
    if (bytes > largest * BigInt(piecesToJoin / 2)) {
      break;
    }
    largest = bytes > largest ? bytes : largest;
    run += 1;
  }
  return run;
};

// The stored object in which the WAL of a store ends: a recovery to its end needs it.
import { readdirSync } from 'node:fs';

const whole = /^wal\/[^/]+\/([0-9A-F]{8})\/[0-9A-F]{8}([0-9A-F]{8})([0-9A-F]{8})-[^/]+\.age$/;
const piece = /^wal\/[^/]+\/([0-9A-F]{8})\/pieces\/[0-9A-F]{24}\/[0-9A-F]{16}-([0-9A-F]{16})-[^/]+\.age$/i;
const segmentsInFile = 256n;
const segmentBytes = 16n * 1024n ** 2n;

// Where it ends, as text that sorts: timeline, then LSN. Of pieces the last by name may be one that a longer one stands in for.
const endOf = (key: string): string | undefined => {
  const [, ofPiece, to] = piece.exec(key) ?? [];
  if (ofPiece !== undefined && to !== undefined) {
    return `${ofPiece} ${to.toLowerCase()}`;
  }
  const [, timeline, file, segment] = whole.exec(key) ?? [];
  return timeline === undefined
    ? undefined
    : `${timeline} ${((BigInt(`0x${file}`) * segmentsInFile + BigInt(`0x${segment}`) + 1n) * segmentBytes).toString(16).padStart(16, '0')}`;
};

// Its key in the store of that folder. Throws where there is none.
export const newestWal = (directory: string): string => {
  const ends = readdirSync(directory, { recursive: true, encoding: 'utf8' }).flatMap((key) => {
    const end = endOf(key);
    return end === undefined ? [] : [{ key, end }];
  });
  const newest = ends.toSorted((a, b) => (a.end < b.end ? -1 : 1)).at(-1);
  if (newest === undefined) {
    throw new Error(`There is no WAL in ${directory}`);
  }
  return newest.key;
};

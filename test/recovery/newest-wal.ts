// The stored object in which the WAL of a store ends: a recovery to its end needs it.
import { readdirSync } from 'node:fs';

// Keys as src/archive/layout.ts makes them: a piece of a segment, or the whole.
const walKey = /^wal\/[^/]+\/[0-9A-F]{8}\/(?:pieces\/([0-9A-F]{24})\/[0-9A-F]{16}-([0-9A-F]{16})|([0-9A-F]{24}))-[^/]+\.age$/;

// Where it ends, as text that sorts: segment, which begins with the timeline, then the end of a piece; a whole one comes last.
// Of pieces the last by name may be one that a longer one stands in for.
const endOf = (key: string): string | undefined => {
  const [, segment, to, whole] = walKey.exec(key) ?? [];
  return whole === undefined ? segment && `${segment} ${to}` : `${whole} whole`;
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

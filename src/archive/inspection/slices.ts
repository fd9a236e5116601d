// A long list, asked for in several places at once: a page of a list takes as long as it takes, but ten take no longer than one where there is room.
import type { ObjectInfo, Store } from '../../stores/store.ts';
import { inOrder } from '../in-order.ts';

// The most that services put on a page.
const pageKeys = 1000;
const atOnce = 8;

// Everything under a prefix. `known` are keys that were there before, in order: they only say where to begin, never what is there.
export const listInSlices = async (store: Store, prefix: string, known: readonly string[]): Promise<ObjectInfo[]> => {
  const ends = known.filter((_, index) => (index + 1) % pageKeys === 0);
  const slices = [...ends.map((end, index) => ({ after: ends[index - 1], end })), { after: ends.at(-1), end: undefined }];
  const read = async ({ after, end }: { after: string | undefined; end: string | undefined }): Promise<ObjectInfo[]> => {
    const found: ObjectInfo[] = [];
    for await (const object of store.list(prefix, after === undefined ? {} : { after })) {
      if (end !== undefined && compare(object.key, end) > 0) {
        break;
      }
      found.push(object);
      if (object.key === end) {
        break;
      }
    }
    return found;
  };
  const all: ObjectInfo[] = [];
  for await (const slice of inOrder(slices, atOnce, read)) {
    all.push(...slice);
  }
  return all;
};

const compare = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

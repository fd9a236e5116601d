// What keeps a receiver from going on, one thing at a time, and since when.
import type { WalLine } from '../../api/agent.ts';
import { explain } from '../outcome.ts';

type Trouble = NonNullable<WalLine['trouble']>;

export type Troubles = {
  // What stands in the way at a place, or nothing any more. The time is that of the first word about it.
  tell(place: 'archive' | 'server' | 'store', error?: unknown): void;
  // The one that has lasted longest.
  current(): Trouble | undefined;
};

export const createTroubles = (now: () => Date): Troubles => {
  const known = new Map<string, Trouble>();
  return {
    tell(place, error) {
      if (error === undefined) {
        known.delete(place);
        return;
      }
      const { code, message } = explain(error);
      known.set(place, { code, message, since: known.get(place)?.since ?? now().toISOString() });
    },
    current: () => [...known.values()].toSorted((a, b) => a.since.localeCompare(b.since)).at(0),
  };
};

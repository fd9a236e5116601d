// Keys that wait for work. A key is never worked on twice at the same time; added meanwhile, it comes again afterwards.
import { backoffMilliseconds } from './backoff.ts';
import type { Backoff } from './backoff.ts';

export type WorkQueue = {
  add(key: string): void;
  // Adds the key later. Of several times the earliest counts.
  addAfter(key: string, milliseconds: number): void;
  // Adds the key after a pause that grows with each failure in a row.
  retry(key: string, atLeastMilliseconds?: number): void;
  // Ends the row of failures.
  forget(key: string): void;
  // The next key; undefined when the queue is closed. The caller must say `done` afterwards.
  take(): Promise<string | undefined>;
  done(key: string): void;
  close(): void;
  size(): number;
};

export type WorkQueueOptions = {
  backoff?: Backoff;
  now?: () => number;
  random?: () => number;
  // Calls back later; returns how to call that off.
  schedule?: (fire: () => void, milliseconds: number) => () => void;
};

// Timers of Node hold 31 bits.
const longestTimer = 2 ** 31 - 1;
const defaultBackoff: Backoff = { firstMilliseconds: 5, mostMilliseconds: 5 * 60_000 };

// Its clock is one that nobody sets.
const steadyNow = (): number => performance.now();

const byTimer = (fire: () => void, milliseconds: number): (() => void) => {
  const timer = setTimeout(fire, milliseconds);
  return () => clearTimeout(timer);
};

export const createWorkQueue = ({
  backoff = defaultBackoff,
  now = steadyNow,
  random = Math.random,
  schedule = byTimer,
}: WorkQueueOptions = {}): WorkQueue => {
  const waiting = new Set<string>();
  const working = new Set<string>();
  const dirty = new Set<string>();
  const later = new Map<string, { due: number; cancel: () => void }>();
  const failures = new Map<string, number>();
  const takers: ((key: string | undefined) => void)[] = [];
  let closed = false;

  const forgetTimer = (key: string): void => {
    later.get(key)?.cancel();
    later.delete(key);
  };

  const start = (key: string): string => {
    waiting.delete(key);
    working.add(key);
    // The work looks at everything: what was to come later is asked for again by its outcome.
    forgetTimer(key);
    return key;
  };

  const hand = (): void => {
    const [key] = waiting;
    const taker = key === undefined ? undefined : takers.shift();
    if (key !== undefined && taker !== undefined) {
      taker(start(key));
    }
  };

  const queue: WorkQueue = {
    add(key) {
      if (closed) {
        return;
      }
      if (working.has(key)) {
        dirty.add(key);
        return;
      }
      waiting.add(key);
      hand();
    },
    addAfter(key, milliseconds) {
      if (closed) {
        return;
      }
      if (milliseconds <= 0) {
        queue.add(key);
        return;
      }
      const due = now() + milliseconds;
      if ((later.get(key)?.due ?? Infinity) <= due) {
        return;
      }
      forgetTimer(key);
      const fire = (): void => {
        later.delete(key);
        const left = due - now();
        if (left > 0) {
          queue.addAfter(key, left);
        } else {
          queue.add(key);
        }
      };
      later.set(key, { due, cancel: schedule(fire, Math.min(milliseconds, longestTimer)) });
    },
    retry(key, atLeastMilliseconds = 0) {
      const count = (failures.get(key) ?? 0) + 1;
      failures.set(key, count);
      queue.addAfter(key, Math.max(atLeastMilliseconds, backoffMilliseconds(count, backoff, random)));
    },
    forget: (key) => void failures.delete(key),
    take() {
      if (closed) {
        return Promise.resolve(undefined);
      }
      const [key] = waiting;
      return key === undefined ? new Promise((resolve) => takers.push(resolve)) : Promise.resolve(start(key));
    },
    done(key) {
      working.delete(key);
      if (dirty.delete(key)) {
        queue.add(key);
      }
    },
    close() {
      closed = true;
      waiting.clear();
      dirty.clear();
      [...later.keys()].forEach(forgetTimer);
      takers.splice(0).forEach((taker) => taker(undefined));
    },
    size: () => waiting.size,
  };
  return queue;
};

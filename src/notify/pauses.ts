// How long to leave a sink alone after failures. Kept in memory: after a restart it is tried at once.
import { backoffMilliseconds } from '../kube/backoff.ts';
import type { Backoff } from '../kube/backoff.ts';

export type Pauses = {
  // How long the key must still wait; 0: it may be tried.
  left(key: string): number;
  failed(key: string): void;
  succeeded(key: string): void;
  clear(): void;
};

export const createPauses = (backoff: Backoff, now: () => number = () => performance.now()): Pauses => {
  const known = new Map<string, { failures: number; until: number }>();
  return {
    left: (key) => Math.max(0, (known.get(key)?.until ?? 0) - now()),
    failed(key) {
      const failures = (known.get(key)?.failures ?? 0) + 1;
      known.set(key, { failures, until: now() + backoffMilliseconds(failures, backoff) });
    },
    succeeded: (key) => void known.delete(key),
    clear: () => known.clear(),
  };
};

// What a process is told of its being the one that works.
import { untilAborted } from './backoff.ts';
import type { KubeError } from './errors.ts';
import type { Lease } from './lease.ts';
import type { Reflector } from './reflector.ts';

export type Election = {
  // Resolves when this process leads.
  readonly elected: Promise<void>;
  // Resolves with the reason when it leads no more and did not want that: it must end.
  readonly lost: Promise<KubeError>;
  isLeading(): boolean;
  // Throws where this process may not write. Looks at a steady clock: also after a sleep that nobody has noticed yet.
  check(): void;
  // Stands for election until the signal is aborted, then releases what it holds.
  run(signal: AbortSignal): Promise<void>;
  readonly reflectors: Reflector<Lease>[];
};

// For a process that is alone: it leads as soon as it knows the cluster, as one that holds a Lease does.
export const noElection = (ready: Promise<void>): Election => ({
  elected: ready,
  lost: new Promise(() => undefined),
  isLeading: () => true,
  check: () => undefined,
  reflectors: [],
  run: untilAborted,
});

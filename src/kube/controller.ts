// Runs `reconcile` for every key that a change points at. It knows nothing of what the keys mean.
import type { Log } from '../telemetry/log.ts';
import type { Cache } from './cache.ts';
import { hasReason, retryAfterMilliseconds } from './errors.ts';
import type { Busy } from './liveness.ts';
import type { KubeObject } from './object.ts';
import { createWorkQueue } from './work-queue.ts';
import type { WorkQueue } from './work-queue.ts';

// Something whose changes concern keys. What is there already counts as a change.
export type Source = { onChange(add: (key: string) => void): void; synced: Promise<unknown> };

export type ControllerOptions = {
  name: string;
  log: Log;
  sources: Source[];
  // Returns when to look again, in milliseconds, if nothing changes before.
  reconcile: (key: string, signal: AbortSignal) => Promise<number | undefined>;
  workers?: number;
  queue?: WorkQueue;
  // Changes within this time are one. For work that nobody waits for: what is urgent goes first. Default: none.
  lingerMilliseconds?: number;
};

export type Controller = {
  readonly name: string;
  queue: WorkQueue;
  // What is being worked on.
  busy(): Busy[];
  run(signal: AbortSignal): Promise<void>;
};

// Makes a source of a reflector: `keysOf` says which keys an object concerns.
export const sourceOf = <T extends KubeObject>(
  reflector: { cache: Cache<T>; synced: Promise<void> },
  keysOf: (object: T) => string[],
): Source => ({
  synced: reflector.synced,
  onChange(add) {
    reflector.cache.all().forEach((object) => keysOf(object).forEach(add));
    reflector.cache.onChange(({ object }) => keysOf(object).forEach(add));
  },
});

export const createController = ({
  name,
  log,
  sources,
  reconcile,
  workers = 4,
  queue = createWorkQueue(),
  lingerMilliseconds = 0,
}: ControllerOptions): Controller => {
  sources.forEach((source) => source.onChange((key) => queue.addAfter(key, lingerMilliseconds)));

  const since = new Map<string, number>();

  const work = async (key: string, signal: AbortSignal): Promise<void> => {
    since.set(key, performance.now());
    try {
      const againMilliseconds = await reconcile(key, signal);
      queue.forget(key);
      if (againMilliseconds !== undefined) {
        queue.addAfter(key, againMilliseconds);
      }
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      // A conflict only means that somebody else was faster.
      const level = hasReason(error, 'Conflict') ? 'debug' : 'error';
      log[level]('Could not reconcile', { controller: name, key, error });
      queue.retry(key, retryAfterMilliseconds(error));
    } finally {
      since.delete(key);
      queue.done(key);
    }
  };

  const worker = async (signal: AbortSignal): Promise<void> => {
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      await work(key, signal);
    }
  };

  return {
    name,
    queue,
    busy: () => [...since].map(([key, start]) => ({ controller: name, key, milliseconds: performance.now() - start })),
    // Waits for every source, then works until the signal is aborted and what was begun has ended.
    async run(signal) {
      const stopped = new Promise<'stopped'>((resolve) => signal.addEventListener('abort', () => resolve('stopped'), { once: true }));
      const ready = await Promise.race([stopped, Promise.all(sources.map(({ synced }) => synced))]);
      if (ready === 'stopped' || signal.aborted) {
        queue.close();
        return;
      }
      signal.addEventListener('abort', () => queue.close(), { once: true });
      await Promise.all(Array.from({ length: workers }, () => worker(signal)));
    },
  };
};

// Keeps a cache equal to the API server: list, then watch. A watch is a hint, not a promise: it is cut when silent, and everything is
// listed again from time to time. What the second list finds was missed by the watch, and is counted.
import type { Log } from '../telemetry/log.ts';
import { backoffMilliseconds, pause } from './backoff.ts';
import { createCache } from './cache.ts';
import type { Cache } from './cache.ts';
import type { KubeClient, Selector } from './client.ts';
import { hasReason } from './errors.ts';
import type { KubeObject } from './object.ts';
import type { Resource } from './resource.ts';

export type ReflectorSettings = {
  relistMilliseconds: number;
  // A watch brings a bookmark about once a minute.
  idleMilliseconds: number;
  watchSeconds: { least: number; most: number };
  // Below this a watch that brought nothing counts as a failure.
  shortWatchMilliseconds: number;
  // Failures in a row without any event, after which the list is read again.
  failuresToRelist: number;
  backoff: { firstMilliseconds: number; mostMilliseconds: number };
};

const defaults: ReflectorSettings = {
  relistMilliseconds: 30 * 60_000,
  idleMilliseconds: 100_000,
  watchSeconds: { least: 300, most: 600 },
  shortWatchMilliseconds: 1000,
  failuresToRelist: 5,
  backoff: { firstMilliseconds: 500, mostMilliseconds: 30_000 },
};

export type ReflectorOptions<T> = Selector & {
  client: KubeClient;
  resource: Resource;
  log: Log;
  // What to keep of an object; the rest is garbage at once.
  keep?: (object: T) => T;
  indexOf?: (object: T) => string[];
  settings?: Partial<ReflectorSettings>;
};

export type ReflectorCounts = { lists: number; watches: number; events: number; missed: number; failures: number };

export type Reflector<T extends KubeObject> = {
  readonly cache: Cache<T>;
  // Resolves after the first list.
  readonly synced: Promise<void>;
  readonly counts: Readonly<ReflectorCounts>;
  // Runs until the signal is aborted; no request is open after that.
  run(signal: AbortSignal): Promise<void>;
};

export const createReflector = <T extends KubeObject>(options: ReflectorOptions<T>): Reflector<T> => {
  const { client, resource, log, keep = (object: T) => object, indexOf, ...selector } = options;
  const settings = { ...defaults, ...options.settings };
  const cache = createCache<T>(indexOf);
  const counts: ReflectorCounts = { lists: 0, watches: 0, events: 0, missed: 0, failures: 0 };
  const { promise: synced, resolve: markSynced } = Promise.withResolvers<void>();

  const list = async (signal: AbortSignal): Promise<string> => {
    const objects: T[] = [];
    let resourceVersion = '';
    for await (const page of client.list<T>(resource, { ...selector, signal })) {
      objects.push(...page.items.map(keep));
      resourceVersion = page.resourceVersion;
    }
    const differences = cache.replace(objects, resourceVersion);
    if (counts.lists > 0 && differences > 0) {
      counts.missed += differences;
      log.warn('A list found what the watch had missed', { resource: resource.plural, objects: differences });
    }
    counts.lists += 1;
    markSynced();
    return resourceVersion;
  };

  // One watch from its opening to its end. Returns the version to go on from.
  const watchOnce = async (from: string, seconds: number, signal: AbortSignal): Promise<{ version: string; events: number }> => {
    let version = from;
    let events = 0;
    counts.watches += 1;
    const { idleMilliseconds } = settings;
    const changes = client.watch<T>(resource, { ...selector, resourceVersion: from, timeoutSeconds: seconds, idleMilliseconds, signal });
    for await (const { type, object } of changes) {
      version = object.metadata?.resourceVersion ?? version;
      events += 1;
      counts.events += 1;
      if (type === 'DELETED') {
        cache.remove(keep(object));
      } else if (type !== 'BOOKMARK') {
        cache.put(keep(object));
      }
    }
    return { version, events };
  };

  // Watches until the list is due again, or the version that we watch from is gone.
  const watchUntilRelist = async (from: string, signal: AbortSignal): Promise<void> => {
    const until = performance.now() + settings.relistMilliseconds * (0.9 + Math.random() / 5);
    let version = from;
    let failures = 0;
    while (!signal.aborted && performance.now() < until && failures < settings.failuresToRelist) {
      const start = performance.now();
      try {
        const seconds = Math.min(randomSeconds(settings.watchSeconds), Math.ceil((until - start) / 1000));
        const { version: reached, events } = await watchOnce(version, seconds, signal);
        version = reached;
        failures = events === 0 && performance.now() - start < settings.shortWatchMilliseconds ? failures + 1 : 0;
      } catch (error) {
        if (signal.aborted || hasReason(error, 'Expired')) {
          return;
        }
        failures += 1;
        counts.failures += 1;
        log.warn('Lost a watch', { resource: resource.plural, error });
      }
      if (failures > 0) {
        await pause(backoffMilliseconds(failures, settings.backoff), signal);
      }
    }
  };

  return {
    cache,
    synced,
    counts,
    async run(signal) {
      let failures = 0;
      while (!signal.aborted) {
        try {
          const version = await list(signal);
          failures = 0;
          await watchUntilRelist(version, signal);
        } catch (error) {
          if (signal.aborted) {
            return;
          }
          failures += 1;
          counts.failures += 1;
          log.warn('Could not list', { resource: resource.plural, error });
          await pause(backoffMilliseconds(failures, settings.backoff), signal);
        }
      }
    },
  };
};

const randomSeconds = ({ least, most }: { least: number; most: number }): number => Math.round(least + Math.random() * (most - least));

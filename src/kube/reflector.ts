// Keeps a cache equal to the API server: list, then watch. A watch is a hint, not a promise: it is cut when silent, and everything is
// listed again from time to time. What such a list finds and the watch should have brought is counted.
import type { Log } from '../telemetry/log.ts';
import { backoffMilliseconds, pause } from './backoff.ts';
import { createCache } from './cache.ts';
import type { Cache, CacheOptions } from './cache.ts';
import type { KubeClient, Selector } from './client.ts';
import { hasReason, isRefusal, retryAfterMilliseconds } from './errors.ts';
import type { ReflectorLife } from './liveness.ts';
import type { KubeObject } from './object.ts';
import type { Resource } from './resource.ts';

export type ReflectorSettings = {
  relistMilliseconds: number;
  // A watch brings a bookmark about once a minute.
  idleMilliseconds: number;
  watchSeconds: { least: number; most: number };
  // Below this a watch that brought nothing counts as a failure.
  shortWatchMilliseconds: number;
  // Watches in a row that brought nothing but an error, after which the list is read again. Not reached at all is no such error: the
  // version that we have is as good as before.
  failuresToRelist: number;
  backoff: { firstMilliseconds: number; mostMilliseconds: number };
};

// So often everything is listed again, and watched from there.
export const relistMilliseconds = 30 * 60_000;

const defaults: ReflectorSettings = {
  relistMilliseconds,
  idleMilliseconds: 100_000,
  // Until the next list: a watch that ends sooner only costs requests. What is silent is cut anyway.
  watchSeconds: { least: 1800, most: 2000 },
  shortWatchMilliseconds: 1000,
  failuresToRelist: 5,
  backoff: { firstMilliseconds: 500, mostMilliseconds: 30_000 },
};

export type ReflectorOptions<T> = Selector &
  CacheOptions<T> & {
    client: KubeClient;
    resource: Resource;
    log: Log;
    settings?: Partial<ReflectorSettings>;
  };

export type ReflectorCounts = { lists: number; watches: number; events: number; missed: number; failures: number };

export type Reflector<T extends KubeObject> = {
  // The plural name of what it reflects.
  readonly resource: string;
  readonly cache: Cache<T>;
  // Resolves after the first list.
  readonly synced: Promise<void>;
  readonly counts: Readonly<ReflectorCounts>;
  readonly life: () => ReflectorLife;
  // Runs until the signal is aborted; no request is open after that.
  run(signal: AbortSignal): Promise<void>;
};

export const createReflector = <T extends KubeObject>(options: ReflectorOptions<T>): Reflector<T> => {
  const { client, resource, log, keep, indexOf, settings: given, ...selector } = options;
  const settings = { ...defaults, ...given };
  const cache = createCache<T>({ ...(keep === undefined ? {} : { keep }), ...(indexOf === undefined ? {} : { indexOf }) });
  const counts: ReflectorCounts = { lists: 0, watches: 0, events: 0, missed: 0, failures: 0 };
  const { promise: synced, resolve: markSynced } = Promise.withResolvers<void>();
  let heardAt = performance.now();
  let refused = false;
  const heard = (): void => {
    heardAt = performance.now();
    refused = false;
  };

  const list = async (signal: AbortSignal): Promise<string> => {
    const objects: T[] = [];
    let resourceVersion = '';
    for await (const page of client.list<T>(resource, { ...selector, signal, keep: (object) => cache.keep(object) })) {
      objects.push(...page.items);
      resourceVersion = page.resourceVersion;
    }
    const missed = cache.replace(objects, resourceVersion);
    if (missed > 0) {
      counts.missed += missed;
      log.warn('A list found what the watch had missed', { resource: resource.plural, objects: missed });
    }
    counts.lists += 1;
    heard();
    markSynced();
    return resourceVersion;
  };

  // One watch from its opening to its end, however it ends: `at` tells how far it came.
  const watchOnce = async (at: Position, seconds: number, signal: AbortSignal): Promise<void> => {
    counts.watches += 1;
    const { idleMilliseconds } = settings;
    const wanted = { ...selector, resourceVersion: at.version, timeoutSeconds: seconds, idleMilliseconds, signal };
    for await (const { type, object } of client.watch<T>(resource, wanted)) {
      at.version = object.metadata?.resourceVersion ?? at.version;
      at.events += 1;
      counts.events += 1;
      heard();
      if (type === 'DELETED') {
        cache.remove(object);
      } else if (type === 'BOOKMARK') {
        cache.reach(at.version);
      } else {
        cache.put(object);
      }
    }
  };

  // Watches until the list is due again, or the version that we watch from is gone. True: at least one watch worked.
  const watchUntilRelist = async (from: string, signal: AbortSignal): Promise<boolean> => {
    const until = performance.now() + settings.relistMilliseconds * (0.9 + Math.random() / 5);
    const at: Position = { version: from, events: 0 };
    let worked = false;
    let failures = 0;
    let refusals = 0;
    while (!signal.aborted && performance.now() < until && refusals < settings.failuresToRelist) {
      const start = performance.now();
      let problem: unknown;
      at.events = 0;
      try {
        await watchOnce(at, Math.min(randomSeconds(settings.watchSeconds), Math.ceil((until - start) / 1000)), signal);
      } catch (error) {
        if (signal.aborted || hasReason(error, 'Expired')) {
          return worked;
        }
        problem = error;
        refused = isRefusal(error);
        counts.failures += 1;
        log.warn('Lost a watch', { resource: resource.plural, error });
      }
      const cut = hasReason(problem, 'Unreachable');
      const wasOpen = performance.now() - start >= settings.shortWatchMilliseconds && (problem === undefined || cut);
      if (at.events > 0 || wasOpen) {
        worked = true;
        if (problem === undefined) {
          heard();
        }
        failures = problem === undefined ? 0 : 1;
        refusals = 0;
      } else {
        failures += 1;
        refusals += cut ? 0 : 1;
      }
      await rest(failures, problem, signal);
    }
    return worked;
  };

  const rest = async (failures: number, problem: unknown, signal: AbortSignal): Promise<void> => {
    if (failures > 0) {
      await pause(Math.max(retryAfterMilliseconds(problem), backoffMilliseconds(failures, settings.backoff)), signal);
    }
  };

  return {
    resource: resource.plural,
    cache,
    synced,
    counts,
    life: () => ({ resource: resource.plural, silentMilliseconds: performance.now() - heardAt, refused }),
    async run(signal) {
      let failures = 0;
      while (!signal.aborted) {
        let problem: unknown;
        try {
          const version = await list(signal);
          // Lists that no watch can go on from must not follow one another at once.
          failures = (await watchUntilRelist(version, signal)) ? 0 : failures + 1;
        } catch (error) {
          if (signal.aborted) {
            return;
          }
          failures += 1;
          counts.failures += 1;
          problem = error;
          refused = isRefusal(error);
          log.warn('Could not list', { resource: resource.plural, error });
        }
        await rest(failures, problem, signal);
      }
    },
  };
};

// How far a watch came.
type Position = { version: string; events: number };

const randomSeconds = ({ least, most }: { least: number; most: number }): number => Math.round(least + Math.random() * (most - least));

// Tells people of what happened to an object, in `kubectl describe` and `kubectl get events`. Nobody waits for it, and nothing fails with it.
import { createHash } from 'node:crypto';
import type { Log } from '../telemetry/log.ts';
import { pause } from './backoff.ts';
import type { KubeClient } from './client.ts';
import { hasReason } from './errors.ts';
import { microTime } from './lease.ts';
import type { KubeObject } from './object.ts';
import { apiVersionOf } from './resource.ts';
import type { Resource } from './resource.ts';
import { createTokenBuckets } from './token-bucket.ts';
import type { BucketSettings } from './token-bucket.ts';

export const eventRecords: Resource = { group: 'events.k8s.io', version: 'v1', plural: 'events', kind: 'Event' };

export type Regarding = { apiVersion: string; kind: string; namespace: string; name: string; uid: string };
export type Happening = { regarding: Regarding; type: 'Normal' | 'Warning'; reason: string; action: string; message: string };

export type EventRecorder = {
  record(happening: Happening): void;
  // Sends what is recorded, until the signal is aborted; then what waits still, as far as that is quick.
  run(signal: AbortSignal): Promise<void>;
};

export type EventRecorderOptions = {
  client: KubeClient;
  log: Log;
  // Which program, and which process of it.
  controller: string;
  instance: string;
  settings?: Partial<EventSettings>;
  wall?: () => number;
};

export type EventSettings = {
  // Work comes first: what it writes right now goes before any event of it.
  lingerMilliseconds: number;
  betweenMilliseconds: number;
  bucket: BucketSettings;
};

const defaults: EventSettings = { lingerMilliseconds: 2000, betweenMilliseconds: 100, bucket: { burst: 25, refillMilliseconds: 300_000 } };
const mostWaiting = 1000;
const mostAtTheEnd = 20;
const mostRemembered = 5000;
// The API server counts bytes.
const longestNoteBytes = 1024;
const longestName = 253;

type Waiting = Happening & { time: number; due: number };

// The same thing said twice of an object is one event that is counted.
const hashOf = ({ regarding, type, reason, action, message }: Happening): string =>
  createHash('sha256').update([regarding.uid, type, reason, action, message].join('\n')).digest('hex').slice(0, 16);

const cutBytes = (text: string): string => {
  const bytes = Buffer.from(text, 'utf8');
  return bytes.length <= longestNoteBytes
    ? text
    : `${bytes
        .subarray(0, longestNoteBytes - 6)
        .toString('utf8')
        .replace(/\uFFFD+$/, '')}…`;
};

export const createEventRecorder = ({
  client,
  log,
  controller,
  instance,
  settings: given,
  wall = Date.now,
}: EventRecorderOptions): EventRecorder => {
  const settings = { ...defaults, ...given };
  const buckets = createTokenBuckets(settings.bucket);
  const waiting: Waiting[] = [];
  const counts = new Map<string, number>();
  let wake = Promise.withResolvers<void>();

  const remember = (hash: string, count: number): void => {
    counts.delete(hash);
    counts.set(hash, count);
    for (const oldest of counts.keys()) {
      if (counts.size <= mostRemembered) {
        break;
      }
      counts.delete(oldest);
    }
  };

  const create = async (event: Waiting, ref: { namespace: string; name: string }): Promise<void> => {
    const { regarding, type, reason, action, message, time } = event;
    await client.create<KubeObject & Record<string, unknown>>(eventRecords, {
      apiVersion: apiVersionOf(eventRecords),
      kind: eventRecords.kind,
      metadata: ref,
      eventTime: microTime(time),
      reportingController: controller,
      reportingInstance: instance.slice(0, 128),
      regarding,
      type,
      reason,
      action,
      note: cutBytes(message),
    });
  };

  const send = async (event: Waiting): Promise<void> => {
    const hash = hashOf(event);
    const { namespace, name } = event.regarding;
    const ref = { namespace, name: `${name.slice(0, longestName - 17)}.${hash}` };
    const count = (counts.get(hash) ?? 0) + 1;
    const repeat = (): Promise<unknown> =>
      client.patch(eventRecords, ref, { series: { count: Math.max(2, count), lastObservedTime: microTime(event.time) } });
    try {
      await (count === 1 ? create(event, ref) : repeat());
    } catch (error) {
      // Said by an earlier process; or said long ago, and forgotten by the cluster.
      if (hasReason(error, 'AlreadyExists')) {
        await repeat();
      } else if (count > 1 && hasReason(error, 'NotFound')) {
        await create(event, ref);
        remember(hash, 1);
        return;
      } else {
        throw error;
      }
    }
    remember(hash, count);
  };

  const trySend = (event: Waiting): Promise<void> =>
    send(event).catch((error: unknown) => log.debug('Could not write an event', { reason: event.reason, error }));

  return {
    record(happening) {
      if (waiting.length >= mostWaiting || !buckets.take(happening.regarding.uid)) {
        log.debug('Left out an event', { kind: happening.regarding.kind, name: happening.regarding.name, reason: happening.reason });
        return;
      }
      waiting.push({ ...happening, time: wall(), due: performance.now() + settings.lingerMilliseconds });
      wake.resolve();
    },
    async run(signal) {
      const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      while (!signal.aborted) {
        const next = waiting[0];
        if (next === undefined) {
          wake = Promise.withResolvers<void>();
          await Promise.race([wake.promise, stopped]);
          continue;
        }
        await pause(Math.max(settings.betweenMilliseconds, next.due - performance.now()), signal);
        waiting.shift();
        await trySend(next);
      }
      await Promise.all(waiting.splice(0, mostAtTheEnd).map(trySend));
    },
  };
};

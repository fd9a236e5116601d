// Follows one object: what it is now, then every change, by a watch. An API server that is away for a while is waited for.
import { KubeError, hasReason, retryAfterMilliseconds } from '../../kube/errors.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Resource } from '../../kube/resource.ts';
import type { Io } from './io.ts';

// The API server may be away for so long before we give up looking.
const patienceMilliseconds = 60_000;
const restMilliseconds = 1000;
const watchSeconds = 300;
// A watch brings a bookmark about once a minute.
const idleMilliseconds = 100_000;

export type Followed = { namespace: string; name: string };
export type FollowOptions = { io: Io; signal: AbortSignal; onAway: (error: KubeError) => void };

// Ends when the signal is aborted; throws what does not pass by itself. Undefined: there is no such object (any more).
export async function* follow<T extends KubeObject>(
  client: KubeClient,
  resource: Resource,
  followed: Followed,
  { io, signal, onAway }: FollowOptions,
): AsyncGenerator<T | undefined> {
  let awaySince: number | undefined;
  while (!signal.aborted) {
    try {
      for await (const object of listThenWatch<T>(client, resource, followed, signal)) {
        awaySince = undefined;
        yield object;
      }
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      if (!hasReason(error, 'Expired')) {
        if (awaySince === undefined && isPassing(error)) {
          onAway(error);
        }
        awaySince ??= io.now();
        if (!isPassing(error) || io.now() - awaySince > patienceMilliseconds) {
          throw error;
        }
      }
      await io.pause(Math.min(retryAfterMilliseconds(error), patienceMilliseconds), signal);
    }
    await io.pause(restMilliseconds, signal);
  }
}

async function* listThenWatch<T extends KubeObject>(
  client: KubeClient,
  resource: Resource,
  { namespace, name }: Followed,
  signal: AbortSignal,
): AsyncGenerator<T | undefined> {
  const selector = { namespace, fieldSelector: `metadata.name=${name}`, signal };
  let resourceVersion = '';
  let found: T | undefined;
  for await (const page of client.list<T>(resource, selector)) {
    found = page.items[0] ?? found;
    resourceVersion = page.resourceVersion;
  }
  yield found;
  for await (const { type, object } of client.watch<T>(resource, {
    ...selector,
    resourceVersion,
    timeoutSeconds: watchSeconds,
    idleMilliseconds,
  })) {
    if (type !== 'BOOKMARK') {
      yield type === 'DELETED' ? undefined : object;
    }
  }
}

// What may be over in a moment: no answer, too busy, a server that restarts.
const isPassing = (error: unknown): error is KubeError =>
  error instanceof KubeError && (error.status === 0 || error.status === 429 || error.status >= 500);

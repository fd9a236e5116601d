// What we ask of the Kubernetes API, in the words of the API: get, list, watch, create, patch, delete, logs.
import type { Connection } from './connection.ts';
import { errorOf, hasReason } from './errors.ts';
import { splitLines } from './lines.ts';
import type { KubeObject, Ref } from './object.ts';
import { describe, pathOf, pods } from './resource.ts';
import type { Resource } from './resource.ts';
import { exchangeJson, exchangeList, exchangeStream } from './transport.ts';
import type { Call, Hooks } from './transport.ts';

export type Selector = { namespace?: string; labelSelector?: string; fieldSelector?: string };
export type ListPage<T> = { items: T[]; resourceVersion: string };
// `keep`: what is kept of each object; the rest is garbage before the next one is read.
export type ListOptions<T = unknown> = Selector & { pageSize?: number; signal?: AbortSignal; keep?: (object: T) => T };
export type WatchOptions = Selector & { resourceVersion: string; timeoutSeconds: number; idleMilliseconds: number; signal?: AbortSignal };
export type WatchEvent<T> = { type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; object: T };
// `dryRun`: everything is checked, and nothing made.
export type CreateOptions = { dryRun?: boolean; signal?: AbortSignal };
export type PatchOptions = { subresource?: string; resourceVersion?: string; signal?: AbortSignal };
export type DeleteOptions = { uid?: string; propagation?: 'Background' | 'Foreground' };
export type LogOptions = { container?: string; follow?: boolean; signal?: AbortSignal; idleMilliseconds?: number; tailLines?: number };

const defaultPageSize = 1000;
const longestObjectCharacters = 16 * 1024 ** 2;
const longestLogLine = 1024 ** 2;
const logIdleMilliseconds = 30 * 60_000;

type AroundList = { metadata?: { resourceVersion?: string; continue?: string } };
type RawEvent<T> = { type: WatchEvent<T>['type'] | 'ERROR'; object: T };

export type KubeClient = ReturnType<typeof createClient>;

// Makes a client on one connection. Every failure is a KubeError, except an abort by the caller's signal.
export const createClient = (connection: Connection, hooks: Hooks = {}) => {
  const json = (call: Call): Promise<unknown> => exchangeJson(connection, call, hooks);

  return {
    namespace: connection.namespace,

    // Undefined where there is no such object.
    async get<T>(resource: Resource, ref: Ref, options: { signal?: AbortSignal } = {}): Promise<T | undefined> {
      try {
        const what = `get ${describe(resource, ref)}`;
        return (await json({ what, ...named('get', resource), method: 'GET', path: pathOf(resource, ref), ...options })) as T;
      } catch (error) {
        if (hasReason(error, 'NotFound')) {
          return undefined;
        }
        throw error;
      }
    },

    // All objects, page by page, without their managedFields. Pages of one list are one snapshot.
    async *list<T>(resource: Resource, { pageSize = defaultPageSize, signal, keep = same, ...options }: ListOptions<T> = {}) {
      let next: string | undefined;
      do {
        const items: T[] = [];
        const call: Call = {
          what: `list ${resource.plural}`,
          ...named('list', resource),
          method: 'GET',
          path: pathOf(resource, options),
          query: { ...selectors(options), limit: String(pageSize), continue: next },
          ...(signal === undefined ? {} : { signal }),
        };
        const { metadata } = (await exchangeList(connection, call, (item) => items.push(keep(item as T)), hooks)) as AroundList;
        next = metadata?.continue === '' ? undefined : metadata?.continue;
        yield { items, resourceVersion: metadata?.resourceVersion ?? '' } satisfies ListPage<T>;
      } while (next !== undefined);
    },

    // Changes since a resource version. Ends when the server ends it; throws Expired when that version is too old.
    async *watch<T>(resource: Resource, options: WatchOptions): AsyncGenerator<WatchEvent<T>> {
      const what = `watch ${resource.plural}`;
      const chunks = exchangeStream(
        connection,
        {
          what,
          ...named('watch', resource),
          method: 'GET',
          path: pathOf(resource, options),
          query: {
            ...selectors(options),
            watch: '1',
            allowWatchBookmarks: 'true',
            resourceVersion: options.resourceVersion,
            timeoutSeconds: String(options.timeoutSeconds),
          },
          ...(options.signal === undefined ? {} : { signal: options.signal }),
        },
        options,
        hooks,
      );
      for await (const line of splitLines(chunks, longestObjectCharacters)) {
        const event = JSON.parse(line) as RawEvent<T>;
        if (event.type === 'ERROR') {
          throw errorOf(what, 500, JSON.stringify(event.object));
        }
        yield { type: event.type, object: event.object };
      }
    },

    // Throws AlreadyExists where the name is taken.
    async create<T extends KubeObject>(resource: Resource, object: T, { dryRun = false, ...options }: CreateOptions = {}): Promise<T> {
      const { namespace, name } = object.metadata ?? {};
      const path = pathOf(resource, namespace === undefined ? {} : { namespace });
      const what = `create ${describe(resource, { namespace, name })}`;
      const query = dryRun ? { query: { dryRun: 'All' } } : {};
      return (await json({ what, ...named('create', resource), method: 'POST', path, ...query, body: object, ...options })) as T;
    },

    // A JSON merge patch. With `resourceVersion` it throws Conflict where the object has changed since.
    async patch<T>(resource: Resource, ref: Ref, change: object, options: PatchOptions = {}): Promise<T> {
      const body =
        options.resourceVersion === undefined
          ? change
          : {
              ...change,
              metadata: { ...('metadata' in change ? (change.metadata as object) : {}), resourceVersion: options.resourceVersion },
            };
      return (await json({
        what: `patch ${describe(resource, ref)}`,
        ...named('patch', resource, options.subresource),
        method: 'PATCH',
        path: pathOf(resource, ref, options.subresource),
        body,
        contentType: 'application/merge-patch+json',
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      })) as T;
    },

    // Resolves also where the object is gone already, or another one has its name by now.
    async delete(resource: Resource, ref: Ref, { uid, propagation = 'Background' }: DeleteOptions = {}): Promise<void> {
      const preconditions = uid === undefined ? {} : { preconditions: { uid } };
      try {
        await json({
          what: `delete ${describe(resource, ref)}`,
          ...named('delete', resource),
          method: 'DELETE',
          path: pathOf(resource, ref),
          body: { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: propagation, ...preconditions },
        });
      } catch (error) {
        if (!hasReason(error, 'NotFound') && !(uid !== undefined && hasReason(error, 'Conflict'))) {
          throw error;
        }
      }
    },

    // The lines of a pod's log, oldest first; with `follow` until the container ends; with `tailLines` only the newest of those there are.
    async *logs(ref: Ref, { container, follow = false, signal, tailLines, idleMilliseconds = logIdleMilliseconds }: LogOptions = {}) {
      const chunks = exchangeStream(
        connection,
        {
          what: `read the log of ${describe(pods, ref)}`,
          ...named('get', pods, 'log'),
          method: 'GET',
          path: pathOf(pods, ref, 'log'),
          query: { container, follow: follow ? 'true' : undefined, tailLines: tailLines?.toString() },
          ...(signal === undefined ? {} : { signal }),
        },
        { idleMilliseconds },
        hooks,
      );
      yield* splitLines(chunks, longestLogLine);
    },

    close: () => connection.close(),
  };
};

// What a request counts as.
const named = (verb: string, { plural }: Resource, subresource?: string) => ({
  verb,
  resource: subresource === undefined ? plural : `${plural}/${subresource}`,
});

const same = <T>(object: T): T => object;

const selectors = ({ labelSelector, fieldSelector }: Selector): Record<string, string | undefined> => ({ labelSelector, fieldSelector });

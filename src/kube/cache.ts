// What we know of one kind of objects. Filled by a reflector, and by our own writes, so that a reconcile sees what the last one did.
import { isNewer, keyOf, keyOfObject } from './object.ts';
import type { KubeObject, Ref } from './object.ts';

export type Change<T> = { type: 'added' | 'updated' | 'deleted'; object: T };
export type Listener<T> = (change: Change<T>) => void;

export type Cache<T extends KubeObject> = {
  get(ref: Ref): T | undefined;
  all(): T[];
  // Objects by what `indexOf` says of them.
  find(value: string): T[];
  // Takes an object as a watch brought it. An older one than we have changes nothing.
  put(object: T): void;
  remove(object: T): void;
  // Everything up to this version has been brought.
  reach(resourceVersion: string): void;
  // What is kept of an object; the rest is garbage at once.
  keep(object: T): T;
  // Takes a whole list, of objects that went through `keep`. Returns how many should have been known before: the watch had missed them.
  replace(objects: T[], resourceVersion: string): number;
  // Takes the answer to a write of our own. What a watch has brought since counts more: the object may be gone by now.
  remember(object: T): void;
  onChange(listener: Listener<T>): void;
};

export type CacheOptions<T> = {
  keep?: (object: T) => T;
  indexOf?: (object: T) => string[];
};

// Keeps objects by namespace and name; one deleted and made again under the same name counts as two objects.
export const createCache = <T extends KubeObject>({ keep = (object) => object, indexOf = () => [] }: CacheOptions<T> = {}): Cache<T> => {
  const objects = new Map<string, T>();
  const index = new Map<string, Map<string, T>>();
  const listeners: Listener<T>[] = [];
  // The version up to which the API server has told us everything.
  let reached: string | undefined;

  const tell = (type: Change<T>['type'], object: T): void => listeners.forEach((listener) => listener({ type, object }));

  const reach = (resourceVersion: string | undefined): void => {
    if (resourceVersion !== undefined && isNewer(resourceVersion, reached)) {
      reached = resourceVersion;
    }
  };

  const drop = (key: string, object: T): void => {
    objects.delete(key);
    for (const value of indexOf(object)) {
      const found = index.get(value);
      found?.delete(key);
      if (found?.size === 0) {
        index.delete(value);
      }
    }
  };
  const store = (key: string, object: T): void => {
    objects.set(key, object);
    for (const value of indexOf(object)) {
      index.set(value, (index.get(value) ?? new Map<string, T>()).set(key, object));
    }
  };

  // True where something changed.
  const put = (object: T): boolean => {
    const key = keyOfObject(object);
    const old = objects.get(key);
    const same = old?.metadata?.uid === object.metadata?.uid;
    if (old !== undefined && !isNewer(object.metadata?.resourceVersion, old.metadata?.resourceVersion)) {
      return false;
    }
    if (old !== undefined) {
      drop(key, old);
    }
    store(key, object);
    if (old !== undefined && !same) {
      tell('deleted', old);
    }
    tell(old !== undefined && same ? 'updated' : 'added', object);
    return true;
  };

  const remove = (object: T): boolean => {
    const key = keyOfObject(object);
    const old = objects.get(key);
    if (old === undefined || old.metadata?.uid !== object.metadata?.uid) {
      return false;
    }
    drop(key, old);
    tell('deleted', object);
    return true;
  };

  return {
    get: (ref) => objects.get(keyOf(ref)),
    all: () => [...objects.values()],
    find: (value) => [...(index.get(value)?.values() ?? [])],
    put(object) {
      reach(object.metadata?.resourceVersion);
      put(keep(object));
    },
    remove(object) {
      reach(object.metadata?.resourceVersion);
      remove(keep(object));
    },
    reach,
    keep,
    replace(list, resourceVersion) {
      const known = reached;
      reach(resourceVersion);
      const listed = new Set(list.map((object) => keyOfObject(object)));
      const changed = list.filter((object) => put(object) && known !== undefined && !isNewer(object.metadata?.resourceVersion, known));
      // What is newer than the list was made by ourselves after it.
      const gone = [...objects].filter(([key, object]) => !listed.has(key) && !isNewer(object.metadata?.resourceVersion, resourceVersion));
      return changed.length + gone.filter(([, object]) => remove(object)).length;
    },
    remember(object) {
      if (isNewer(object.metadata?.resourceVersion, reached)) {
        put(keep(object));
      }
    },
    onChange: (listener) => void listeners.push(listener),
  };
};

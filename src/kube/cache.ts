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
  // Takes an object as the API server handed it out. An older one than we have changes nothing.
  put(object: T): void;
  remove(object: T): void;
  // Takes a whole list and says how many objects differ from what we had.
  replace(objects: T[], resourceVersion: string): number;
  onChange(listener: Listener<T>): void;
};

// Keeps objects by namespace and name; one deleted and made again under the same name counts as two objects.
export const createCache = <T extends KubeObject>(indexOf: (object: T) => string[] = () => []): Cache<T> => {
  const objects = new Map<string, T>();
  const index = new Map<string, Map<string, T>>();
  const listeners: Listener<T>[] = [];
  const tell = (type: Change<T>['type'], object: T): void => listeners.forEach((listener) => listener({ type, object }));

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
    put: (object) => void put(object),
    remove: (object) => void remove(object),
    replace(list, resourceVersion) {
      const listed = new Set(list.map((object) => keyOfObject(object)));
      const changed = list.filter((object) => put(object)).length;
      // What is newer than the list was made by ourselves after it.
      const gone = [...objects].filter(([key, object]) => !listed.has(key) && !isNewer(object.metadata?.resourceVersion, resourceVersion));
      return changed + gone.filter(([, object]) => remove(object)).length;
    },
    onChange: (listener) => void listeners.push(listener),
  };
};

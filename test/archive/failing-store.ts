// A store that fails at one of its operations.
import { StoreError } from '../../src/stores/errors.ts';
import type { Store, Upload } from '../../src/stores/store.ts';

export type Trouble = {
  // The operation that fails, counted from 1 over all stores of a run.
  at: number;
  // Before: it does not happen. After: it happens, and the answer is lost.
  when: 'before' | 'after';
  // Default: the store is unavailable from then on, for ever. Else only once, and this is done instead of failing.
  instead?: () => void;
};

export type Counter = { operations: number; names: string[] };

const lost = (): StoreError => new StoreError('StoreUnavailable', 'The store went away. Look at it.', { retryable: true });

export const troubled = (trouble: Trouble | undefined, counter: Counter = { operations: 0, names: [] }): ((store: Store) => Store) => {
  const operation = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    counter.operations += 1;
    counter.names.push(name);
    const number = counter.operations;
    const isHit = trouble !== undefined && (trouble.instead === undefined ? number >= trouble.at : number === trouble.at);
    if (!isHit) {
      return work();
    }
    // Only the first answer is lost; later operations do not happen any more.
    if (trouble.when === 'after' && number === trouble.at) {
      const result = await work();
      if (trouble.instead !== undefined) {
        trouble.instead();
        return result;
      }
      throw lost();
    }
    if (trouble.instead !== undefined) {
      trouble.instead();
      return work();
    }
    throw lost();
  };

  const upload = (real: Upload): Upload => ({
    write: (chunk) => operation('write', () => real.write(chunk)),
    finish: () => operation('finish', () => real.finish()),
    // A store that went away does not take the abort either; the folder's temporary file stays.
    abort: () => real.abort(),
  });

  return (store) => ({
    ...store,
    put: (key, body) => operation(`put ${key}`, () => store.put(key, body)),
    upload: async (key, options) => {
      const real = await store.upload(key, options);
      try {
        return await operation(`upload ${key}`, () => Promise.resolve(upload(real)));
      } catch (error) {
        await real.abort();
        throw error;
      }
    },
    get: (key, most) => operation(`get ${key}`, () => store.get(key, most)),
    head: (key) => operation(`head ${key}`, () => store.head(key)),
    async *read(key, options) {
      for await (const chunk of store.read(key, options)) {
        yield await operation(`read ${key}`, () => Promise.resolve(chunk));
      }
    },
    async *list(prefix, options) {
      await operation(`list ${prefix}`, () => Promise.resolve());
      yield* store.list(prefix, options);
    },
  });
};

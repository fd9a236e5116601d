// The keys below a prefix, in their order.
import type { Store } from '../stores/store.ts';

export const keysUnder = async (store: Store, prefix: string, after?: string): Promise<string[]> => {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix, after === undefined ? {} : { after })) {
    keys.push(key);
  }
  return keys;
};

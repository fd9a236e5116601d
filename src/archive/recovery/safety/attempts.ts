// Copies of one component of one Restore: each attempt has a folder of its own, since nothing is ever written over.
import type { Store } from '../../../stores/store.ts';
import { keysUnder } from '../../keys-under.ts';
import { safetyPrefix } from '../../../api/safety-place.ts';
import type { CopyOf } from './description.ts';

// What an attempt that was killed has left is swept, as far as that is allowed; its objects go with the copy.
export const freeAttempt = async (store: Store, { uid, component }: CopyOf): Promise<number> => {
  const prefix = safetyPrefix(uid, component);
  await store.sweep(prefix);
  const used = (await keysUnder(store, prefix)).map((key) => Number(/^(\d+)\//.exec(key.slice(prefix.length))?.[1] ?? 0));
  return Math.max(0, ...used) + 1;
};

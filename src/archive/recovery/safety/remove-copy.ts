// Removes the copies of one component of one Restore from the store: the only objects that Holdfast ever removes.
import type { Store } from '../../../stores/store.ts';
import { keysUnder } from '../../keys-under.ts';
import { safetyPrefix } from '../../../api/safety-place.ts';
import type { CopyOf } from './description.ts';

// Descriptions first: without one nothing counts as a copy. Killed in between, the next one finds the rest by the list. Returns how many there were.
export const removeCopies = async (store: Store, { uid, component }: CopyOf): Promise<number> => {
  const prefix = safetyPrefix(uid, component);
  await store.sweep(prefix);
  // A store that lists more than it was asked for shall not cost a backup.
  const keys = (await keysUnder(store, prefix)).filter((key) => key.startsWith(prefix));
  for (const key of [...keys.filter(isDescription), ...keys.filter((each) => !isDescription(each))]) {
    await store.remove(key);
  }
  return keys.length;
};

const isDescription = (key: string): boolean => key.endsWith('/description.json');

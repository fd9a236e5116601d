// The age identity that WAL is sealed to: one for each process and day. The receiver forgets the identity as soon as it is wrapped: it only ever seals.
import type { StoredObject } from '../../api/stored/backup.ts';
import type { Store } from '../../stores/store.ts';
import { makeKey } from '../attempt-key.ts';
import { compactTime } from '../layout.ts';

export type WalKey = { readonly keyId: string; readonly recipient: string; readonly sidecar: StoredObject };

// The key of today. `unique`: what tells this process from others.
export const dayKeys = (
  store: Store,
  recipients: readonly string[],
  { component, unique, now }: { component: string; unique: string; now: () => Date },
): (() => Promise<WalKey>) => {
  let day = '';
  let current: Promise<WalKey> | undefined;
  const make = async (time: string): Promise<WalKey> => {
    const { keyId, recipient, sidecar } = await makeKey(store, recipients, `wal.${component}.${compactTime(time)}-${unique}`);
    return { keyId, recipient, sidecar };
  };
  return () => {
    const time = now().toISOString();
    if (current === undefined || !time.startsWith(day)) {
      day = time.slice(0, 10);
      const made = make(time);
      // A key that could not be stored is not kept: the next one tries again.
      made.catch(() => {
        current = current === made ? undefined : current;
      });
      current = made;
    }
    return current;
  };
};

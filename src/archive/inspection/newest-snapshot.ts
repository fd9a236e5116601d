// The newest snapshot that can be believed, and which manifests it may speak for.
import type { DamagedObject } from '../../api/agent.ts';
import { StoreError } from '../../stores/errors.ts';
import type { ObjectInfo, Store } from '../../stores/store.ts';
import type { AgentContext } from '../context.ts';
import type { Verifiers } from '../signing/keys.ts';
import { getCached } from './cached.ts';
import { damagedBy } from './epochs.ts';
import type { Known } from './record.ts';
import { openSnapshot } from './snapshot.ts';
import type { Snapshot } from './snapshot.ts';

// A store full of wrong ones shall not be read through.
const mostTried = 3;

export type Found = { snapshot?: Snapshot; damaged: DamagedObject[] };

// `snapshots` newest first. One that cannot be believed is named, and the next one is tried; without any the manifests are read.
export const newestSnapshot = async (
  store: Store,
  snapshots: readonly ObjectInfo[],
  repositoryId: string,
  verifiers: Verifiers,
  { cache, log }: Pick<AgentContext, 'cache' | 'log'>,
): Promise<Found> => {
  const damaged: DamagedObject[] = [];
  for (const object of snapshots.slice(0, mostTried)) {
    const { key } = object;
    try {
      const snapshot = openSnapshot(await getCached(store, object, repositoryId, cache), key, repositoryId, verifiers);
      return { snapshot, damaged };
    } catch (error) {
      if (error instanceof StoreError && error.code !== 'ObjectTooLarge') {
        log.warn('Could not read a snapshot; the manifests are read instead', { object: key, error });
        return { damaged };
      }
      damaged.push(damagedBy(error, key, 'The manifests were read instead. Find out who wrote or changed it, and delete it.'));
    }
  }
  return { damaged };
};

// What the snapshot says of a manifest, while the store lists the very version that it was made from.
export const recordFrom = (snapshot: Snapshot | undefined, id: string, { sizeBytes, tag }: ObjectInfo): Known | undefined => {
  const record = snapshot?.records.get(id);
  return record !== undefined && tag !== undefined && record.tag === tag && record.bytes === sizeBytes ? record : undefined;
};

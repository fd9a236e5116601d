// Where the volume has no room for both: the old data directory is copied into the store, or it is said why that cannot be.
import type { RecoverRestorePlan } from '../../../api/recover.ts';
import { refusal } from '../../../core/recovery/refusal.ts';
import type { Store } from '../../../stores/store.ts';
import type { RecoveryContext } from '../context.ts';
import { RecoveryRefused } from '../refused.ts';
import { storedBytes } from '../safety/description.ts';
import { removeCopies } from '../safety/remove-copy.ts';
import { storeCopy } from '../safety/store-copy.ts';
import { readState, writeState } from '../volume/marker.ts';
import type { CopyPlace } from '../volume/marker.ts';
import type { Place } from '../volume/place.ts';
import { lookAtTree } from '../volume/tree.ts';

export type CopyAside = {
  request: RecoverRestorePlan & { target: { claimName: string; path: string } };
  place: Place;
  store: Store;
  identities: readonly string[];
  context: RecoveryContext;
};

// What an earlier attempt has copied counts as long as nobody has written to the directory since.
export const copyAside = async (aside: CopyAside): Promise<void> => {
  const { place, context } = aside;
  const known = (await readState(place))?.copy;
  if (known !== undefined && (await lookAtTree(place.target, context.signal)).digest === known.tree) {
    return;
  }
  const copy = await context.step('safety', () => copyNow(aside));
  await writeState(place, { uid: place.uid, had: true, copying: copy.tier, copy });
};

const copyNow = async ({ request, place, store, identities, context }: CopyAside): Promise<CopyPlace> => {
  const { safety, restore, component, target, policy, clusterId, verificationKeys, tier } = request;
  if (safety === undefined) {
    throw new TypeError('The plan of this Job has nothing with which a copy could be made. Use agent and operator of one release.');
  }
  const of = { uid: restore.uid, component };
  await writeState(place, { uid: place.uid, had: true, copying: tier.name });
  await tidyStore(store, of, context);
  const plan = {
    ...safety,
    policy,
    clusterId,
    verificationKeys,
    of,
    restoreName: restore.name,
    claimName: target.claimName,
    path: target.path,
  };
  const { document, tree } = await storeCopy({ store, directory: place.target, plan, identities, context });
  return { tier: tier.name, attempt: document.attempt, bytes: storedBytes(document), tree: tree.digest };
};

// Nothing that an earlier attempt has copied is the only one of its kind: the directory is there.
const tidyStore = (store: Store, of: { uid: string; component: string }, { log }: RecoveryContext): Promise<unknown> =>
  removeCopies(store, of).catch((error: unknown) => log.warn('Could not remove what an earlier attempt has copied', { error }));

// Required: neither way works.
export const impossible = (why: string, error: unknown): RecoveryRefused =>
  new RecoveryRefused(refusal('SafetyBackupImpossible', `${why} A copy of the old data could not be stored either: ${wordsOf(error)}`, {}));

export const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

// One backup, judged by its manifest and by what the tier holds. A store that fails in between is Inconclusive, never Failed: nothing was seen.
import type { InspectPlan } from '../../api/agent.ts';
import type { CatalogueRecord } from '../../api/stored/catalogue.ts';
import { StoreError } from '../../stores/errors.ts';
import type { ObjectInfo, Store } from '../../stores/store.ts';
import type { ObjectCache } from '../context.ts';
import { openManifest } from '../documents.ts';
import { ArchiveError } from '../errors.ts';
import { checkPresence } from '../manifest-objects.ts';
import { manifestKey } from '../layout.ts';
import type { Verifiers } from '../signing/keys.ts';
import { getCached } from './cached.ts';
import { checkEpoch, isInherited, isSamePolicy } from './epochs.ts';
import type { Epochs } from './epochs.ts';
import { recordOf } from './record.ts';
import type { Known } from './record.ts';

export type Judged = {
  id: string;
  // What its manifest says, where that could be believed.
  record?: Known;
  // From a snapshot: the manifest was not read now.
  fromSnapshot?: boolean;
  verdict: 'Passed' | 'Failed' | 'Inconclusive';
  code?: string;
  message?: string;
};

export type Repository = {
  store: Store;
  repositoryId: string;
  policy: InspectPlan['policy'];
  // Another one whose backups are taken like its own.
  reads?: InspectPlan['policy'];
  verifiers: Verifiers;
  epochs: Epochs;
};

// Reads a manifest, and takes nothing from it unless it is signed, in its place, of this policy, and by who was the writer then.
export const judgeManifest = async (repository: Repository, id: string, object?: ObjectInfo, cache?: ObjectCache): Promise<Judged> => {
  const { store, repositoryId, verifiers } = repository;
  let record: Known | undefined;
  try {
    const bytes = await getCached(store, object ?? { key: manifestKey(id), sizeBytes: 0 }, repositoryId, cache);
    record = recordOf(openManifest(bytes, id, repositoryId, verifiers), bytes);
    checkRecord(repository, record);
    return { id, record, verdict: 'Passed' };
  } catch (error) {
    return { id, ...(record === undefined ? {} : { record }), ...refusal(error) };
  }
};

// The same by a record of a snapshot: that was signed, but policies and writers may have come since.
export const judgeRecord = (repository: Repository, record: Known): Judged => {
  const judged = { id: record.id, record, fromSnapshot: true };
  try {
    checkRecord(repository, record);
    return { ...judged, verdict: 'Passed' };
  } catch (error) {
    return { ...judged, ...refusal(error) };
  }
};

const checkRecord = ({ store, policy, reads, epochs }: Repository, record: CatalogueRecord): void => {
  checkPolicy([policy, ...(reads === undefined ? [] : [reads])], epochs, record, store);
  checkEpoch(epochs, record, store);
};

// Where two policies share their keys, only this tells the backups of one from those of the other. Who reads without a policy takes all;
// who has taken the repository over has taken its backups, too.
const checkPolicy = (
  readers: readonly InspectPlan['policy'][],
  epochs: Epochs,
  { policy, id, epoch }: CatalogueRecord,
  store: Store,
): void => {
  if (readers.some((self) => self.name === '' || isSamePolicy(policy, self) || isInherited(self, epochs, policy, epoch))) {
    return;
  }
  throw new ArchiveError(
    'RepositoryMismatch',
    `${id} in ${store.description} is a backup of the policy ${policy.namespace}/${policy.name}. One prefix belongs to one policy: mend the tier's prefix.`,
  );
};

// Level L0 by the list of all objects. What the list lacks is looked for once more: it may have come while the list was read.
export const judgePresence = async (store: Store, judged: Judged, objects: ReadonlyMap<string, number>): Promise<Judged> => {
  const { record, verdict } = judged;
  if (record === undefined || verdict !== 'Passed') {
    return judged;
  }
  const wrong = record
    .objects()
    .filter(([key, bytes]) => objects.get(key) !== bytes)
    .map(([key, bytes]) => ({ key, bytes }));
  return wrong.length === 0 ? judged : lookFor(store, judged, wrong, 1);
};

const lookFor = async (store: Store, judged: Judged, objects: { key: string; bytes: number }[], atOnce: number): Promise<Judged> => {
  try {
    await checkPresence(store, objects, atOnce);
    return judged;
  } catch (error) {
    return { ...judged, ...refusal(error, adviceOn(judged.id)) };
  }
};

// The same for one backup, where a list of everything would be too much. At most so many requests at a time.
export const judgeOne = async (repository: Repository, id: string, atOnce: number): Promise<Judged> => {
  const judged = await judgeManifest(repository, id);
  if (judged.record === undefined || judged.verdict !== 'Passed') {
    return judged;
  }
  const objects = judged.record.objects().map(([key, bytes]) => ({ key, bytes }));
  return lookFor(repository.store, judged, objects, atOnce);
};

export const adviceOn = (id: string): string =>
  ` The backup ${id} cannot be restored whole from here: use another tier or another backup, take a new one, and find out who or what changed the store.`;

// A manifest too large to be one was seen.
export const refusal = (
  error: unknown,
  advice = '',
): Pick<Judged, 'verdict' | 'code' | 'message'> & { verdict: 'Failed' | 'Inconclusive' } => {
  if (!(error instanceof ArchiveError) && !(error instanceof StoreError)) {
    throw error;
  }
  const seen = error instanceof ArchiveError || error.code === 'ObjectTooLarge';
  return { verdict: seen ? 'Failed' : 'Inconclusive', code: error.code, message: `${error.message}${seen ? advice : ''}` };
};

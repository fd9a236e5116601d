// Who was the writer when: all of writers/, each believed only when its signature is right.
import type { DamagedObject, InspectPlan, WriterFacts } from '../../api/agent.ts';
import type { CatalogueRecord } from '../../api/stored/catalogue.ts';
import type { WriterDocument } from '../../api/stored/repository.ts';
import { StoreError } from '../../stores/errors.ts';
import type { Store } from '../../stores/store.ts';
import { ArchiveError } from '../errors.ts';
import type { Verifiers } from '../signing/keys.ts';
import { largestDocumentBytes } from '../small-objects.ts';
import { repositoryKey } from '../layout.ts';
import { isSelf, openWriter } from '../writers.ts';
import { inOrder } from '../in-order.ts';

export type Epochs = { documents: WriterDocument[]; damaged: DamagedObject[] };

const atOnce = 4;

// One that cannot be believed is named; the others count. A store that fails fails the reading.
export const readEpochs = async (store: Store, keys: readonly string[], repositoryId: string, verifiers: Verifiers): Promise<Epochs> => {
  const epochs: Epochs = { documents: [], damaged: [] };
  const read = async (key: string): Promise<WriterDocument | DamagedObject> => {
    const bytes = await store.get(key, largestDocumentBytes);
    try {
      return openWriter(bytes, key, repositoryId, verifiers);
    } catch (error) {
      return damagedBy(
        error,
        key,
        'Nothing is written to the repository while this is its newest writer. Find out who wrote or changed it.',
      );
    }
  };
  for await (const found of inOrder(keys, atOnce, read)) {
    if ('epoch' in found) {
      epochs.documents.push(found);
    } else {
      epochs.damaged.push(found);
    }
  }
  return epochs;
};

// holdfast.json is not signed, so the newest writer that names its digest vouches for it.
export const damagedRepository = ({ documents }: Epochs, sha256: string): DamagedObject[] => {
  const vouched = documents.findLast(({ repositorySha256 }) => repositorySha256 !== undefined);
  return vouched === undefined || vouched.repositorySha256 === sha256
    ? []
    : [
        {
          key: repositoryKey,
          code: 'DigestMismatch',
          message: `${repositoryKey} is not what ${vouched.key} says it was. Find out who or what changed it, and copy it back from another tier.`,
        },
      ];
};

export const damagedBy = (error: unknown, key: string, advice: string): DamagedObject => {
  if (error instanceof ArchiveError || (error instanceof StoreError && error.code === 'ObjectTooLarge')) {
    return { key, code: error.code, message: `${error.message} ${advice}` };
  }
  throw error;
};

// Throws WriterSuperseded for a manifest that was written after another writer had taken the repository over.
export const checkEpoch = ({ documents }: Epochs, { id, epoch, createdTime }: CatalogueRecord, store: Store): void => {
  const successor = documents.find((each) => each.epoch > epoch && Date.parse(each.startTime) < Date.parse(createdTime));
  if (successor !== undefined) {
    throw new ArchiveError(
      'WriterSuperseded',
      `${id} in ${store.description} was written in epoch ${epoch} at ${createdTime}, after ${nameOf(successor)} had taken over at ${successor.startTime}. ` +
        'It is not believed: two clusters wrote at once. Stop the older one, and take a new backup.',
    );
  }
};

type PolicyName = { namespace: string; name: string };

export const isSamePolicy = (a: PolicyName, b: PolicyName): boolean => a.namespace === b.namespace && a.name === b.name;

// Written by the policy that was the writer then, in a repository whose writer is `self` now.
export const isInherited = (self: PolicyName, { documents }: Epochs, author: PolicyName, epoch: number): boolean => {
  const newest = documents.at(-1);
  const then = documents.find((each) => each.epoch === epoch);
  return newest !== undefined && then !== undefined && isSamePolicy(newest, self) && isSamePolicy(then, author);
};

export const nameOf = ({ namespace, name, clusterId, epoch }: WriterDocument): string =>
  `the policy ${namespace}/${name} of the cluster ${clusterId} (epoch ${epoch})`;

// The newest writer, as far as it can be believed. A newer one that cannot leaves it open who writes.
export const currentWriter = (
  { documents, damaged }: Epochs,
  { clusterId, policy }: Pick<InspectPlan, 'clusterId' | 'policy'>,
): WriterFacts | undefined => {
  const newest = documents.at(-1);
  if (newest === undefined || damaged.some(({ key }) => key > newest.key)) {
    return undefined;
  }
  const { epoch, namespace, name, startTime } = newest;
  return { epoch, clusterId: newest.clusterId, namespace, name, startTime, ours: isSelf(newest, { clusterId, ...policy }) };
};

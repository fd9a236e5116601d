// Small objects: written once, and read whole.
import { createHash } from 'node:crypto';
import type { StoredObject } from '../api/stored/backup.ts';
import type { Store } from '../stores/store.ts';
import { ArchiveError } from './errors.ts';

// No signed document, key or list of ours comes near this; a larger object is not ours.
export const largestDocumentBytes = 64 * 1024 ** 2;

export const describeObject = (key: string, content: Uint8Array): StoredObject => ({
  key,
  bytes: content.length,
  sha256: createHash('sha256').update(content).digest('hex'),
});

export const alreadyStored = (key: string, { description }: Pick<Store, 'description'>): ArchiveError =>
  new ArchiveError(
    'AlreadyStored',
    `${key} exists already with other content. Nothing is overwritten. Look who else writes to ${description}.`,
  );

// Stores a small object. The same bytes under the same key are fine (an answer was lost); other bytes are refused.
export const putOnce = async (store: Store, key: string, content: Buffer): Promise<StoredObject> => {
  const { created } = await store.put(key, content);
  if (!created && !content.equals(await store.get(key, largestDocumentBytes))) {
    throw alreadyStored(key, store);
  }
  return describeObject(key, content);
};

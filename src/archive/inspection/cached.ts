// Objects that never change are read from the store once, where somebody keeps them.
import type { ObjectInfo, Store } from '../../stores/store.ts';
import type { ObjectCache } from '../context.ts';
import { largestDocumentBytes } from '../small-objects.ts';

// Kept under what the store's list says of it: another version is another object. Whoever asks checks the signature, whoever hands it out.
export const getCached = async (
  store: Store,
  { key, sizeBytes, tag }: ObjectInfo,
  repositoryId: string,
  cache?: ObjectCache,
): Promise<Buffer> => {
  if (cache === undefined || tag === undefined) {
    return store.get(key, largestDocumentBytes);
  }
  const name = JSON.stringify([store.description, repositoryId, key, sizeBytes, tag]);
  const kept = await cache.get(name);
  if (kept?.length === sizeBytes) {
    return kept;
  }
  const content = await store.get(key, largestDocumentBytes);
  await cache.put(name, content);
  return content;
};

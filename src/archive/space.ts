// Whether there is room, asked before anything is written.
import type { Store } from '../stores/store.ts';
import { ArchiveError } from './errors.ts';

const margin = 1.2;
const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 1024 ** 2)} MiB`;

// Throws InsufficientSpace where the store has less than 1.2 times the predicted bytes free. A bucket has no limit that we could ask for.
export const checkSpace = async (store: Store, predictedBytes: number, what = 'the backup'): Promise<void> => {
  const free = (await store.space())?.freeBytes;
  const needed = predictedBytes * margin;
  if (free !== undefined && free < needed) {
    throw new ArchiveError(
      'InsufficientSpace',
      `${store.description} has ${mebibytes(free)} free, and ${what} may need ${mebibytes(needed)} (1.2 times what is predicted). Make the volume larger.`,
    );
  }
};

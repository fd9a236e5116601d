// Temporary files of uploads that were never finished. Their writer was killed; they only fill the volume.
import { readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from './directory-errors.ts';
import { temporaryPrefix } from './keys.ts';

// Removes every temporary file below a folder.
export const removeTemporaryFiles = async (folder: string): Promise<void> => {
  for (const entry of await entriesBelow(folder)) {
    if (entry.isFile() && entry.name.startsWith(temporaryPrefix)) {
      await unlink(join(entry.parentPath, entry.name)).catch((error: unknown) => {
        if (!isMissing(error)) {
          throw error;
        }
      });
    }
  }
};

// How many temporary files below a folder nobody has written to since an instant.
export const countTemporaryFiles = async (folder: string, before: Date): Promise<number> => {
  let count = 0;
  for (const entry of await entriesBelow(folder)) {
    if (
      entry.isFile() &&
      entry.name.startsWith(temporaryPrefix) &&
      (await changedTime(join(entry.parentPath, entry.name))) < before.getTime()
    ) {
      count += 1;
    }
  }
  return count;
};

// One that has just been finished is not old.
const changedTime = async (path: string): Promise<number> => {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if (isMissing(error)) {
      return Number.POSITIVE_INFINITY;
    }
    throw error;
  }
};

const entriesBelow = async (folder: string) => {
  try {
    return await readdir(folder, { withFileTypes: true, recursive: true });
  } catch (error) {
    if (isMissing(error)) {
      return [];
    }
    throw error;
  }
};

// Temporary files of uploads that were never finished. Their writer was killed; they only fill the volume.
import { readdir, unlink } from 'node:fs/promises';
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

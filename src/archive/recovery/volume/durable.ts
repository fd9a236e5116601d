// Changes of a folder that are there after a power cut.
import { open, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

export const syncPath = async (path: string): Promise<void> => {
  const file = await open(path);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
};

// Whole or not at all.
export const writeDurably = async (path: string, text: string): Promise<void> => {
  await writeFile(`${path}.part`, text, { mode: 0o600, flush: true });
  await rename(`${path}.part`, path);
  await syncPath(dirname(path));
};

// Gives a folder another name, on the same file system.
export const moveDurably = async (from: string, to: string): Promise<void> => {
  await rename(from, to);
  await syncPath(dirname(to));
  if (dirname(from) !== dirname(to)) {
    await syncPath(dirname(from));
  }
};

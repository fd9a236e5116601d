// Files of this machine: what is there, and whether it is the same as before.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';

// Paths of all regular files below a folder, relative to it. A folder that is not there has none.
export const filesBelow = (folder: string): string[] => {
  let entries;
  try {
    entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  } catch {
    return [];
  }
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .toSorted();
};

// SHA-256 of every file below a folder.
export const digestsBelow = (folder: string): Record<string, string> =>
  Object.fromEntries(
    filesBelow(folder).map((path) => [
      path,
      createHash('sha256')
        .update(readFileSync(join(folder, path)))
        .digest('hex'),
    ]),
  );

export const removeTree = (path: string): void => rmSync(path, { recursive: true, force: true });

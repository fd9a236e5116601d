// The server's volume, as this machine sees it: which directory stands where.
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

export type Volume = {
  root: string;
  // The new directory is whole and marked.
  isBuilt: () => boolean;
  // It stands in the place of the old one.
  isReplaced: () => boolean;
  // It was taken away again.
  isTakenAway: () => boolean;
};

const folderOf = (uid: string): string => `.holdfast-${uid.replaceAll('-', '').slice(0, 8)}`;

// Directories that come from a restored server bring its marker along.
const isMarked = (directory: string, uid: string): boolean => {
  try {
    return readFileSync(join(directory, 'holdfast-restore.json'), 'utf8').includes(uid);
  } catch {
    return false;
  }
};

export const volumeOf = (root: string, uid: string): Volume => {
  const work = join(root, folderOf(uid));
  return {
    root,
    isBuilt: () => existsSync(join(work, 'data/holdfast-restore.json')) || isMarked(join(root, 'pgdata'), uid),
    isReplaced: () => isMarked(join(root, 'pgdata'), uid),
    isTakenAway: () => existsSync(join(work, 'undone')) || existsSync(`${work}.gone`),
  };
};

const foldersOn = (root: string): string[] => readdirSync(root).filter((name) => name.startsWith('.holdfast'));

// Folders of Restores that nobody can undo any more. `kept`: uid of the one that can be.
export const strangeFolders = (root: string, kept: string | undefined): string[] =>
  foldersOn(root).filter((name) => kept === undefined || name !== folderOf(kept));

export const removeFolders = (root: string): void =>
  foldersOn(root).forEach((name) => rmSync(join(root, name), { recursive: true, force: true }));

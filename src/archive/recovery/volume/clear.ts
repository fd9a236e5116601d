// Takes away what a Restore has left on the volume.
import { chown, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Owner } from '../request.ts';
import { moveDurably, syncPath } from './durable.ts';
import { isState } from './marker.ts';
import type { Place } from './place.ts';
import { isThere } from './standing.ts';

// The folder with all that is in it. It is renamed first: a part of it never looks like the whole.
export const removeWork = async ({ work, gone, volume }: Place): Promise<void> => {
  await removeAll(gone);
  if (await isThere(work)) {
    await rename(work, gone);
    await syncPath(volume);
    await removeAll(gone);
  }
};

// An attempt that was killed has left something half done: it is begun anew. What was there before, and the note of it, stay.
export const clearAttempt = async ({ work, gone, before }: Place): Promise<void> => {
  await removeAll(gone);
  const names = await readdir(work).catch((): string[] => []);
  for (const name of names.filter((one) => one !== basename(before) && !isState(one))) {
    await removeAll(join(work, name));
  }
};

export const makeWork = async ({ work, volume }: Place, owner: Owner | undefined): Promise<void> => {
  await mkdir(work, { mode: 0o700, recursive: true });
  if (owner !== undefined) {
    await chown(work, owner.uid, owner.gid);
  }
  await syncPath(volume);
};

// The data directory, out of its place. It goes with the folder.
export const takeAway = async ({ target, undone, work }: Place): Promise<void> => {
  if (await isThere(target)) {
    await mkdir(work, { recursive: true, mode: 0o700 });
    await removeAll(undone);
    await moveDurably(target, undone);
  }
};

const removeAll = (path: string): Promise<void> => rm(path, { recursive: true, force: true });

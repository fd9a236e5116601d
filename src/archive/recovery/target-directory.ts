// Where a data directory is restored to: looked at before anything is read, and filled only when all of it is right.
import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Target } from '../../core/recovery/plan.ts';
import { refusal } from '../../core/recovery/refusal.ts';
import { RecoveryRefused } from './refused.ts';

// What a folder looks like to the plan. It need not be there yet; its parent must.
export const lookAtDirectory = async (path: string): Promise<Target> => {
  const occupied = await occupation(path);
  const place = await statfs(dirname(path)).catch(() => undefined);
  return {
    kind: 'directory',
    path,
    ...(occupied === undefined ? {} : { occupied }),
    ...(place === undefined ? {} : { freeBytes: place.bavail * place.bsize }),
  };
};

const occupation = async (path: string): Promise<string | undefined> => {
  const found = await stat(path).catch(() => undefined);
  const parent = await stat(dirname(path)).catch(() => undefined);
  if (parent?.isDirectory() !== true) {
    return 'cannot be made: the folder above it is not there';
  }
  if (found === undefined) {
    return undefined;
  }
  if (!found.isDirectory()) {
    return 'is there already, and no folder';
  }
  if (found.dev !== parent.dev) {
    return 'is the root of a volume, which nothing can be moved onto; name a folder inside of it';
  }
  const names = await readdir(path);
  return names.length === 0 ? undefined : `is not empty (it holds ${names[0]}${names.length > 1 ? ` and ${names.length - 1} more` : ''})`;
};

// Works in a folder beside the target, and gives its `data` the target's name at the end. Whatever fails before that leaves the target as it was, and nothing beside it.
export const intoDirectory = async <T>(target: string, work: (data: string, beside: string) => Promise<T>): Promise<T> => {
  const folder = join(dirname(target), `.${basename(target)}.holdfast-${randomBytes(4).toString('hex')}`);
  const data = join(folder, 'data');
  await mkdir(data, { mode: 0o700, recursive: true });
  try {
    const result = await work(data, folder);
    await moveTo(data, target);
    return result;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const moveTo = async (directory: string, target: string): Promise<void> => {
  try {
    // Onto an empty folder this works, onto any other it fails.
    await rename(directory, target);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOTEMPTY' || cause.code === 'EEXIST')) {
      throw new RecoveryRefused(
        refusal('TargetNotEmpty', `${target} was filled by somebody else meanwhile.`, { options: { to: `${target}.restored` } }),
      );
    }
    throw cause;
  }
  const parent = await open(dirname(target));
  try {
    await parent.sync();
  } finally {
    await parent.close();
  }
};

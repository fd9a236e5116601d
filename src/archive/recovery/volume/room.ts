// Whether there is room for the new data beside the old, and what is done where there is not.
import { execFile } from 'node:child_process';
import { statfs } from 'node:fs/promises';
import { promisify } from 'node:util';
import { refusal } from '../../../core/recovery/refusal.ts';
import { RecoveryRefused } from '../refused.ts';
import type { Place } from './place.ts';
import { isThere } from './standing.ts';

const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 1024 ** 2)} MiB`;

export const freeBytes = async ({ volume }: Place): Promise<number> => {
  const place = await statfs(volume);
  return place.bavail * place.bsize;
};

// Why the old data must go first, where it must. Throws RecoveryRefused where that would not help. `neededBytes` undefined: it is not known, and found out.
export const mustRemoveFirst = async (place: Place, neededBytes: number | undefined): Promise<string | undefined> => {
  const free = await freeBytes(place);
  if (neededBytes === undefined || neededBytes <= free) {
    return undefined;
  }
  const why = `The volume has ${mebibytes(free)} free, and the new data needs ${mebibytes(neededBytes)} beside the old.`;
  const old = await usedBytes(place.target);
  if (neededBytes > free + old) {
    throw new RecoveryRefused(refusal('InsufficientSpace', `${why} Without the old there would be ${mebibytes(free + old)}.`, {}));
  }
  return why;
};

// Whether what a copy holds fits once the new data is gone. Throws RecoveryRefused.
export const mustTakeBack = async (place: Place, neededBytes: number): Promise<void> => {
  const free = await freeBytes(place);
  const ours = (await usedBytes(place.target)) + (await usedBytes(place.work));
  if (neededBytes > free + ours) {
    const why = `The old data needs ${mebibytes(neededBytes)}, and without the new data the volume would have ${mebibytes(free + ours)}.`;
    throw new RecoveryRefused(
      refusal('RollbackFailed', `${why} It stays in the store.`, { act: 'Make the claim larger: it is tried again.' }),
    );
  }
};

// 0 where there is nothing.
const usedBytes = async (path: string): Promise<number> => {
  if (!(await isThere(path))) {
    return 0;
  }
  const { stdout } = await promisify(execFile)('du', ['--summarize', '--block-size=1', '--one-file-system', '--', path]);
  return Number.parseInt(stdout, 10);
};

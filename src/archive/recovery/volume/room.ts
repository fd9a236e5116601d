// Whether there is room for the new data beside the old, and what is done where there is not.
import { execFile } from 'node:child_process';
import { statfs } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { SafetyBackup } from '../../../api/restore.ts';
import { refusal } from '../../../core/recovery/refusal.ts';
import { RecoveryRefused } from '../refused.ts';
import type { Place } from './place.ts';

const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 1024 ** 2)} MiB`;

export const freeBytes = async ({ volume }: Place): Promise<number> => {
  const place = await statfs(volume);
  return place.bavail * place.bsize;
};

// Whether the old data must go first. Throws RecoveryRefused. `neededBytes` undefined: it is not known, and found out.
export const mustRemoveFirst = async (place: Place, neededBytes: number | undefined, keep: SafetyBackup): Promise<boolean> => {
  const free = await freeBytes(place);
  if (neededBytes === undefined || neededBytes <= free) {
    return false;
  }
  const why = `The volume has ${mebibytes(free)} free, and the new data needs ${mebibytes(neededBytes)} beside the old.`;
  if (keep === 'Required') {
    throw new RecoveryRefused(refusal('SafetyBackupImpossible', why, {}));
  }
  const old = await usedBytes(place.target);
  if (neededBytes > free + old) {
    throw new RecoveryRefused(refusal('InsufficientSpace', `${why} Without the old there would be ${mebibytes(free + old)}.`, {}));
  }
  return true;
};

const usedBytes = async (path: string): Promise<number> => {
  const { stdout } = await promisify(execFile)('du', ['--summarize', '--block-size=1', '--one-file-system', '--', path]);
  return Number.parseInt(stdout, 10);
};

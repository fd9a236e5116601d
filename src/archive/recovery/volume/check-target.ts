// Whether the data directory may be replaced by this backup. Throws RecoveryRefused; nothing was changed.
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { refusal } from '../../../core/recovery/refusal.ts';
import type { Refusal } from '../../../core/recovery/refusal.ts';
import { RecoveryRefused } from '../refused.ts';
import type { Place } from './place.ts';

// Whether there is one. In place, one that is gone altogether is no obstacle.
export const checkTarget = async (place: Place, major: number): Promise<boolean> => {
  const found = await lstat(place.target).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') {
      return undefined;
    }
    throw error.code === 'ENOTDIR' ? refused('TargetNotEmpty', `${place.target} lies below something that is no folder.`) : error;
  });
  if (found === undefined) {
    return false;
  }
  if (!found.isDirectory()) {
    throw refused('TargetNotEmpty', `${place.target} is there already, and no folder.`);
  }
  if (found.dev !== (await lstat(place.volume)).dev) {
    throw refused('TargetNotEmpty', `${place.target} is the root of another volume, which cannot be replaced at once.`);
  }
  const names = await readdir(place.target);
  if (names.length > 0) {
    await checkContents(place, names, major);
  }
  return true;
};

const checkContents = async (place: Place, names: string[], major: number): Promise<void> => {
  const what = `it holds ${names[0]}${names.length > 1 ? ` and ${names.length - 1} more` : ''}`;
  if (place.kind === 'volume') {
    throw refused('TargetNotEmpty', `${place.target} is not empty (${what}). A restore never writes over anything.`);
  }
  const version = await readFile(join(place.target, 'PG_VERSION'), 'utf8').catch(() => undefined);
  if (version === undefined) {
    throw refused(
      'TargetNotEmpty',
      `${place.target} is no data directory of PostgreSQL: it has no PG_VERSION (${what}). Name the data directory in target.inPlace.path.`,
    );
  }
  if (Number.parseInt(version, 10) !== major) {
    throw refused(
      'VersionMismatch',
      `${place.target} is a data directory of PostgreSQL ${version.trim()}, and the backup is of PostgreSQL ${major}.`,
    );
  }
};

const refused = (code: Refusal['code'], message: string): RecoveryRefused => new RecoveryRefused(refusal(code, message, {}));

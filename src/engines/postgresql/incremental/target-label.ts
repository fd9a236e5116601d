// The backup_label of the directory. While increments are applied it is the newest increment's own: with that one no server starts.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '../../engine.ts';
import { asStandingAlone, placeText, readBackupLabel, samePlace } from './backup-label.ts';
import type { BackupLabel, Place } from './backup-label.ts';
import { replaceFile } from './sync.ts';
import { markFinished, markUnfinished } from './unfinished.ts';

export const labelName = 'backup_label';

const broken = (message: string, cause?: unknown): EngineError => new EngineError('ChainBroken', message, { cause });

// Where the copy begins that the directory holds. Throws ChainBroken where it holds none.
export const readTargetLabel = (directory: string): BackupLabel => {
  try {
    return readBackupLabel(readFileSync(join(directory, labelName)));
  } catch (cause) {
    if (cause instanceof EngineError) {
      throw cause;
    }
    throw broken(`${directory} has no ${labelName}: it is no fresh copy, or a server has run on it. Begin with the whole copy.`, cause);
  }
};

// The whole copy that increments are applied to.
export const wholeCopyAt = (directory: string): Place => {
  const { start, parentStart } = readTargetLabel(directory);
  if (parentStart !== undefined) {
    throw broken(`${directory} holds an increment alone, not the copy that it builds on. Begin with the whole copy.`);
  }
  return start;
};

// Throws ChainBroken where the increment with this label does not build on the copy at `parent`.
export const checkBuildsOn = (directory: string, parent: Place, label: Buffer): void => {
  const { parentStart } = readBackupLabel(label);
  if (parentStart === undefined) {
    throw broken('A whole copy was to be applied as an increment. Extract it into an empty directory instead.');
  }
  if (!samePlace(parent, parentStart)) {
    throw broken(
      `The increment builds on a copy that begins at ${placeText(parentStart)}; ${directory} holds one that begins at ${placeText(parent)}. Apply the increments of one chain in their order.`,
    );
  }
};

// From here on the directory is unusable, and says so.
export const forbidStart = (directory: string, label: Buffer, durable: boolean): void => {
  markUnfinished(directory, durable);
  replaceFile(join(directory, labelName), label, durable);
};

export const allowStart = (directory: string, label: Buffer, durable: boolean): void => {
  replaceFile(join(directory, labelName), asStandingAlone(label), durable);
  markFinished(directory, durable);
};

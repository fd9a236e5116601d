// A data directory on which an increment is being applied is no data directory. It says so in a file, and no server starts on it.
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '../../engine.ts';
import { replaceFile, syncDirectory } from './sync.ts';

export const unfinishedName = 'HOLDFAST_UNFINISHED';

const words = `Increments were being applied to this directory. As long as this file is here it is not whole, and no server may use it.
Delete the directory and restore it again from the beginning.
`;

// Throws TargetUnfinished where an earlier run broke off.
export const refuseUnfinished = (directory: string): void => {
  if (existsSync(join(directory, unfinishedName))) {
    throw new EngineError(
      'TargetUnfinished',
      `${directory} was left half restored by a run that broke off. Delete it and restore it again from the beginning.`,
    );
  }
};

// Before anything else is changed.
export const markUnfinished = (directory: string, durable: boolean): void => {
  const path = join(directory, unfinishedName);
  if (!existsSync(path)) {
    replaceFile(path, Buffer.from(words), durable);
  }
};

// Only after all that was changed is on the disk.
export const markFinished = (directory: string, durable: boolean): void => {
  rmSync(join(directory, unfinishedName));
  if (durable) {
    syncDirectory(directory);
  }
};

// What the newest backup does not have goes: files of dropped tables, of the parent's own WAL, and whole directories.
import { lstatSync, readdirSync, rmSync } from 'node:fs';
import { EngineError } from '../../engine.ts';
import { onDisk, readable } from './names.ts';

export type Wanted = {
  // Bytes of each file.
  files: ReadonlyMap<string, number>;
  directories: ReadonlySet<string>;
};

// Removes everything else, and returns how many entries that were. Throws VerificationFailed where a wanted file is missing or has another size.
export const removeOthers = (directory: string, wanted: Wanted): number => {
  const found = { files: 0, removed: 0 };
  walk(directory, '', wanted, found);
  if (found.files !== wanted.files.size) {
    const missing = [...wanted.files.keys()].find((path) => lstatSync(onDisk(directory, path), { throwIfNoEntry: false }) === undefined);
    throw new EngineError('VerificationFailed', `${directory} lacks ${readable(missing ?? 'a file')} after the increment was applied.`);
  }
  return found.removed;
};

const walk = (directory: string, below: string, wanted: Wanted, found: { files: number; removed: number }): void => {
  for (const entry of readdirSync(onDisk(directory, below), { withFileTypes: true, encoding: 'latin1' })) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory() && wanted.directories.has(path)) {
      walk(directory, path, wanted, found);
    } else if (entry.isFile() && wanted.files.has(path)) {
      found.files += 1;
      checkSize(directory, path, wanted.files.get(path));
    } else {
      found.removed += 1;
      rmSync(onDisk(directory, path), { recursive: true });
    }
  }
};

const checkSize = (directory: string, path: string, bytes: number | undefined): void => {
  const { size } = lstatSync(onDisk(directory, path));
  if (size !== bytes) {
    throw new EngineError(
      'VerificationFailed',
      `${directory}/${readable(path)} has ${size} bytes after the increment was applied, and should have ${bytes}.`,
    );
  }
};

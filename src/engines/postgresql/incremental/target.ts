// The data directory that is changed in place. Links are never followed, neither the last part of a path nor one before it.
import { closeSync, constants, lstatSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { EngineError } from '../../engine.ts';
import { onDisk, readable } from './names.ts';
import { patchFile, writeAll } from './patch-file.ts';
import type { MemberSink } from './tar-reader.ts';

export type Target = {
  // Replaces a file as a whole, or makes it.
  replace(path: string, mode: number): MemberSink;
  // Writes the blocks of an increment into the file that it is for; told how long that is afterwards.
  patch(path: string, increment: { name: string; bytes: number }, onSize: (bytes: number) => void): MemberSink;
  makeDirectory(path: string, mode: number): void;
};

const newFile = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

export const openTarget = (directory: string): Target => {
  const known = new Set<string>(['']);

  // A folder of the path that is a link would lead out of the directory.
  const checkParents = (path: string): void => {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    if (known.has(parent)) {
      return;
    }
    checkParents(parent);
    checkDirectory(directory, parent);
    known.add(parent);
  };

  return {
    replace(path, mode) {
      checkParents(path);
      // A new file: one that has other names elsewhere keeps its content there.
      rmSync(onDisk(directory, path), { force: true });
      const file = openSync(onDisk(directory, path), newFile, mode);
      return { write: (part) => writeAll(file, part), end: () => undefined, close: () => closeSync(file) };
    },
    patch(path, increment, onSize) {
      checkParents(path);
      return patchFile(directory, path, increment, onSize);
    },
    makeDirectory(path, mode) {
      checkParents(path);
      try {
        mkdirSync(onDisk(directory, path), { mode });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
          throw error;
        }
        checkDirectory(directory, path);
      }
    },
  };
};

const checkDirectory = (directory: string, path: string): void => {
  if (!lstatSync(onDisk(directory, path)).isDirectory()) {
    throw new EngineError(
      'TargetMisfit',
      `${directory}/${readable(path)} is a link, or no directory. Restore into a directory without links.`,
    );
  }
};

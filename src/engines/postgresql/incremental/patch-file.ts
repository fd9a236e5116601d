// One file of the data directory, and the increment that is written into it: cut where it was truncated, then block by block.
import { closeSync, constants, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { EngineError } from '../../engine.ts';
import type { IncrementHeader } from './increment-header.ts';
import { blockBytes, headerLength, leastHeaderBytes, readIncrementHeader } from './increment-header.ts';
import { onDisk, readable } from './names.ts';
import type { MemberSink } from './tar-reader.ts';

const readWrite = constants.O_RDWR | constants.O_NOFOLLOW;

// `increment` is the member of the archive, `path` the file that it is for. Tells how long that is afterwards.
export const patchFile = (
  directory: string,
  path: string,
  { name, bytes }: { name: string; bytes: number },
  onSize: (bytes: number) => void,
): MemberSink => {
  const file = openOlder(directory, path, name);
  const shown = readable(name);
  let start = Buffer.alloc(0);
  let writeBlocks: ((part: Buffer) => void) | undefined;

  // The header may come in several parts.
  const collect = (part: Buffer): void => {
    start = Buffer.concat([start, part]);
    if (start.length < Math.min(bytes, leastHeaderBytes) || start.length < headerLength(shown, start)) {
      return;
    }
    const header = readIncrementHeader(shown, start, bytes);
    cut(file, header);
    onSize(header.resultBlocks * blockBytes);
    writeBlocks = blockWriter(file, header.blocks);
    writeBlocks(start.subarray(header.headerBytes));
    start = Buffer.alloc(0);
  };

  return {
    write: (part) => (writeBlocks ?? collect)(part),
    end() {
      if (writeBlocks === undefined) {
        throw new EngineError('IncrementFormatUnknown', `${shown} ends before its header does. It is damaged.`);
      }
    },
    close: () => closeSync(file),
  };
};

const openOlder = (directory: string, path: string, name: string): number => {
  let file: number;
  try {
    file = openSync(onDisk(directory, path), readWrite);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ELOOP') {
      throw new EngineError('TargetMisfit', `${directory}/${readable(path)} is a link. Restore into a directory without links.`, { cause });
    }
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw cause;
    }
    throw new EngineError(
      'ChainBroken',
      `${readable(name)} changes a file that the older backups of its chain do not have: ${readable(path)}. The chain is not whole.`,
      { cause },
    );
  }
  const { nlink } = fstatSync(file);
  if (nlink > 1) {
    closeSync(file);
    throw new EngineError(
      'TargetMisfit',
      `${directory}/${readable(path)} has ${nlink} names (hard links): what is changed here would change there. Restore into a directory of its own.`,
    );
  }
  return file;
};

// What was cut off and came back since is zeros where no block follows.
const cut = (file: number, { truncationBlocks, resultBlocks }: IncrementHeader): void => {
  if (fstatSync(file).size > truncationBlocks * blockBytes) {
    ftruncateSync(file, truncationBlocks * blockBytes);
  }
  ftruncateSync(file, resultBlocks * blockBytes);
};

// Takes the blocks as they come, in parts of any length, and writes those that lie side by side in one go.
const blockWriter = (file: number, blocks: Uint32Array): ((part: Buffer) => void) => {
  let done = 0;
  return (part) => {
    for (let at = 0; at < part.length;) {
      const index = Math.floor(done / blockBytes);
      const within = done % blockBytes;
      const first = blocks[index] ?? 0;
      const left = part.length - at;
      let run = 1;
      while (run * blockBytes - within < left && blocks[index + run] === first + run) {
        run += 1;
      }
      const length = Math.min(run * blockBytes - within, left);
      writeAll(file, part.subarray(at, at + length), first * blockBytes + within);
      at += length;
      done += length;
    }
  };
};

// One call may write less than it was given. Without a position it goes on where it was.
export const writeAll = (file: number, part: Buffer, position?: number): void => {
  for (let at = 0; at < part.length;) {
    at += writeSync(file, part, at, part.length - at, position === undefined ? null : position + at);
  }
};

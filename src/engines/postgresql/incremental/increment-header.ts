// The beginning of a file INCREMENTAL.<name> (PostgreSQL 17 and 18): which blocks follow, and from where on nothing older counts. Pure.
import { EngineError } from '../../engine.ts';

export const incrementPrefix = 'INCREMENTAL.';

// What servers are built with. One with other blocks is left to its own pg_combinebackup.
export const blockBytes = 8192;

const magic = 0xd3_ae_1f_0d;
export const leastHeaderBytes = 12;
const numberBytes = 4;
// Of 1 GiB: a relation is cut into files of this size.
const mostBlocks = 1024 ** 3 / blockBytes;

export type IncrementHeader = {
  // Numbers of the blocks that follow, in the order in which they follow.
  blocks: Uint32Array;
  // Blocks of the older file below this number stay; from it on only the blocks that follow count.
  truncationBlocks: number;
  // Where the first block begins.
  headerBytes: number;
  // How long the file is afterwards, in blocks.
  resultBlocks: number;
};

const unknown = (path: string, why: string): EngineError =>
  new EngineError(
    'IncrementFormatUnknown',
    `${path} ${why}: this release cannot apply it in place. Extract the whole chain and join it with pg_combinebackup of the server's major version.`,
  );

// How many bytes must be at hand before the header can be read. `start` holds at least the first 12, or the whole file.
export const headerLength = (path: string, start: Buffer): number => {
  if (start.length < leastHeaderBytes) {
    throw unknown(path, 'is too short for an increment');
  }
  if (start.readUInt32LE(0) !== magic) {
    throw unknown(path, 'does not begin as an increment does');
  }
  const count = start.readUInt32LE(4);
  if (count > mostBlocks || start.readUInt32LE(8) > mostBlocks) {
    throw unknown(path, 'names more blocks than a file has');
  }
  const bytes = leastHeaderBytes + count * numberBytes;
  // With blocks after it the header is filled up to a whole block.
  return count === 0 ? bytes : Math.ceil(bytes / blockBytes) * blockBytes;
};

// `start` holds the whole header; `fileBytes` is the size of the file INCREMENTAL.<name>.
export const readIncrementHeader = (path: string, start: Buffer, fileBytes: number): IncrementHeader => {
  const headerBytes = headerLength(path, start);
  const count = start.readUInt32LE(4);
  if (fileBytes !== headerBytes + count * blockBytes) {
    throw unknown(path, `has ${fileBytes} bytes where its header makes ${headerBytes + count * blockBytes}`);
  }
  const truncationBlocks = start.readUInt32LE(8);
  const blocks = new Uint32Array(count);
  let resultBlocks = truncationBlocks;
  for (let index = 0; index < count; index += 1) {
    const block = start.readUInt32LE(leastHeaderBytes + index * numberBytes);
    if (block >= mostBlocks) {
      throw unknown(path, `names the block ${block}, which no file has`);
    }
    blocks[index] = block;
    resultBlocks = Math.max(resultBlocks, block + 1);
  }
  return { blocks, truncationBlocks, headerBytes, resultBlocks };
};

// Only below these folders does a name INCREMENTAL.… mean an increment; elsewhere a user may have a file of that name.
export const isIncrement = (path: string): boolean => {
  const slash = path.lastIndexOf('/');
  return path.startsWith(incrementPrefix, slash + 1) && (path.startsWith('base/') || path.startsWith('global/'));
};

// The file that an increment is for.
export const targetOf = (path: string): string => {
  const slash = path.lastIndexOf('/');
  return `${path.slice(0, slash + 1)}${path.slice(slash + 1 + incrementPrefix.length)}`;
};

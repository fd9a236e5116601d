// A compressed stretch of WAL becomes a file, by the program zstd: its megabytes do not pass through this process.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { ArchiveError } from '../errors.ts';

const headerBytes = 64;
const mostSaid = 500;

type Expected = { length: number; key: string; signal: AbortSignal | undefined };

// Makes the file, and gives its first bytes. Throws SizeMismatch where the object holds more or less than its name says.
export const unpackInto = async (path: string, packed: Buffer, { length, key, signal }: Expected): Promise<Buffer> => {
  const file = await open(path, 'w+', 0o600);
  try {
    await decompress(packed, file, key, signal);
    checkLength((await file.stat()).size, length, key);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headerBytes), 0, headerBytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
};

export const checkLength = (found: number, length: number, key: string): void => {
  if (found !== length) {
    throw new ArchiveError('SizeMismatch', `${key} holds ${found} bytes of WAL, its name says ${length}. Do not trust this archive.`);
  }
};

const decompress = async (packed: Buffer, file: FileHandle, key: string, signal: AbortSignal | undefined): Promise<void> => {
  const child = spawn('zstd', ['--decompress', '--quiet', '--stdout'], { stdio: ['pipe', file.fd, 'pipe'], signal });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-mostSaid);
  });
  // It may end before it has read all: its exit code says why.
  child.stdin?.on('error', () => undefined).end(packed);
  const [exitCode] = (await once(child, 'close')) as [number | null];
  if (said.includes('No space left')) {
    throw new ArchiveError('InsufficientSpace', 'There is no room for a WAL segment that the replay needs. Make room, and try again.');
  }
  if (exitCode !== 0) {
    throw new ArchiveError('DocumentInvalid', `${key} cannot be decompressed: ${said.trim()}. Do not trust this archive.`);
  }
};

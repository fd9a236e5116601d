// Makes what was written durable.
import { execFile } from 'node:child_process';
import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

const syncPath = (path: string): void => {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
};

export const syncDirectory = syncPath;

// Everything on the file system of a directory, in one go: thousands of files would be asked one by one otherwise.
export const syncFileSystem = async (directory: string): Promise<void> => {
  await promisify(execFile)('sync', ['--file-system', directory]);
};

// Replaces a small file. Where it is `durable`, a crash leaves the old one or the new one.
export const replaceFile = (path: string, content: Buffer, durable: boolean): void => {
  writeFileSync(`${path}.new`, content, { mode: 0o600 });
  if (durable) {
    syncPath(`${path}.new`);
  }
  renameSync(`${path}.new`, path);
  if (durable) {
    syncPath(dirname(path));
  }
};

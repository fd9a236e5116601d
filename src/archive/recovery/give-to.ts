// Gives files to the user that the server runs as.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Owner } from './request.ts';

export const giveTo = async (owner: Owner | undefined, ...paths: string[]): Promise<void> => {
  if (owner !== undefined) {
    await promisify(execFile)('chown', ['--recursive', '--no-dereference', `${owner.uid}:${owner.gid}`, '--', ...paths]);
  }
};

// What was read from a store, kept for the next time in the user's cache folder: signed objects that never change, so that who meddles with them is found out.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from '../common/cache-folder.ts';

export type ObjectCache = {
  get: (name: string) => Promise<Buffer | undefined>;
  put: (name: string, content: Buffer) => Promise<void>;
};

// Enough for a few large repositories.
const mostBytes = 256 * 1024 ** 2;

// Never fails: what cannot be kept is read again.
export const objectCache = (environment: NodeJS.ProcessEnv): ObjectCache => {
  const cache = cacheFolder(environment);
  if (cache === undefined) {
    return { get: async () => undefined, put: async () => undefined };
  }
  const folder = join(cache, 'objects');
  const pathOf = (name: string): string => join(folder, createHash('sha256').update(name).digest('hex'));
  return {
    get: (name) => readFile(pathOf(name)).catch(() => undefined),
    async put(name, content) {
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await makeRoom(folder, content.length);
        const temporary = `${pathOf(name)}.${process.pid}`;
        await writeFile(temporary, content, { mode: 0o600 });
        await rename(temporary, pathOf(name));
      } catch {
        // A home that cannot be written to makes the next look slower, no more.
      }
    },
  };
};

// Drops everything when it grew too large: that is rare, and it all can be had again.
const makeRoom = async (folder: string, bytes: number): Promise<void> => {
  const paths = (await readdir(folder)).map((name) => join(folder, name));
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
  if (sizes.reduce((sum, size) => sum + size, bytes) > mostBytes) {
    await Promise.all(paths.map((path) => unlink(path)));
  }
};

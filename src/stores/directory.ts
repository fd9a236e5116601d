// A folder as a store: for volumes of the cluster.
//
// An object is written under a temporary name, synced, and linked to its own name: it is there whole or not at all, and never replaced.
import { constants } from 'node:fs';
import { access, stat, statfs, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { directoryError, isMissing } from './directory-errors.ts';
import { listFolder, readFile } from './directory-read.ts';
import { countTemporaryFiles, removeTemporaryFiles } from './directory-sweep.ts';
import { makeFolders, startUpload } from './directory-upload.ts';
import { StoreError } from './errors.ts';
import { checkKey } from './keys.ts';
import type { Store, StoreLocation, Upload } from './store.ts';

// Opens a folder. It is made by the first write: who only reads changes nothing.
export const openDirectory = (location: Extract<StoreLocation, { kind: 'directory' }>): Store => {
  const root = location.directory;
  const guard = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw directoryError(error, root);
    }
  };
  const pathOf = (key: string): string => {
    checkKey(key);
    return join(root, key);
  };
  const missing = (key: string): StoreError => new StoreError('ObjectMissing', `${key} is not in ${root}.`);

  const upload = (key: string, onDurable?: (bytes: number) => void): Promise<Upload> =>
    guard(async () => {
      const path = pathOf(key);
      await makeFolders(dirname(path));
      return startUpload(path, guard, onDurable);
    });

  return {
    kind: 'directory',
    description: root,
    async put(key, body) {
      const writing = await upload(key);
      try {
        await writing.write(body);
        return await writing.finish();
      } catch (error) {
        await writing.abort().catch(() => undefined);
        throw error;
      }
    },
    upload: (key, options = {}) => upload(key, options.onDurable),
    async get(key, maxBytes) {
      const info = await this.head(key);
      if (info === undefined) {
        throw missing(key);
      }
      if (info.sizeBytes > maxBytes) {
        throw new StoreError(
          'ObjectTooLarge',
          `${key} in ${root} has ${info.sizeBytes} bytes; at most ${maxBytes} were expected. It is not what Holdfast wrote.`,
        );
      }
      const parts: Buffer[] = [];
      for await (const part of this.read(key)) {
        parts.push(part);
      }
      return Buffer.concat(parts);
    },
    read: (key, options = {}) => readFile(pathOf(key), () => missing(key), root, options),
    head: (key) =>
      guard(async () => {
        try {
          const found = await stat(pathOf(key));
          return found.isFile() ? { key, sizeBytes: found.size } : undefined;
        } catch (error) {
          if (isMissing(error)) {
            return undefined;
          }
          throw error;
        }
      }),
    list: (prefix, options = {}) => listFolder(root, prefix, options.after ?? ''),
    sweep: (prefix) => guard(() => removeTemporaryFiles(pathOf(prefix.replace(/\/$/, '')))),
    unfinished: (folder, before) => guard(() => countTemporaryFiles(join(root, folder), before)),
    remove: (key) =>
      guard(() =>
        unlink(pathOf(key)).catch((error: unknown) => {
          if (!isMissing(error)) {
            throw error;
          }
        }),
      ),
    space: () =>
      guard(async () => {
        const { bavail, bfree, blocks, bsize } = await statfs(await nearestFolder(root));
        // As `df` counts: what only root may use belongs to nobody's capacity.
        return { capacityBytes: (blocks - bfree + bavail) * bsize, freeBytes: bavail * bsize };
      }),
    close: () => Promise.resolve(),
  };
};

// The folder itself, or the nearest one above it that exists: they share a volume.
const nearestFolder = async (path: string): Promise<string> => {
  try {
    await access(path, constants.F_OK);
    return path;
  } catch (error) {
    if (!isMissing(error) || dirname(path) === path) {
      throw error;
    }
    return nearestFolder(dirname(path));
  }
};

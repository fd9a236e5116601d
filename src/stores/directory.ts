// A folder as a store: for volumes of the cluster.
//
// An object is written under a temporary name, synced, and linked to its own name: it is there whole or not at all, and never replaced.
import { constants } from 'node:fs';
import { access, link, mkdir, open, readdir, stat, statfs, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { directoryError } from './directory-errors.ts';
import { StoreError } from './errors.ts';
import { checkKey } from './keys.ts';
import type { ObjectInfo, PutResult, Store, StoreLocation, Upload } from './store.ts';

const fileMode = 0o640;
// Group-writable with setgid: Jobs of different users share one group and read one another's objects.
const directoryMode = 0o2770;
const readBytes = 1024 * 1024;

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
const isTaken = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EEXIST';

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
        await writing.abort();
        throw error;
      }
    },
    upload: (key, options = {}) => upload(key, options.onDurable),
    async get(key, maxBytes) {
      const info = await this.head(key);
      if (info === undefined) {
        throw missing(key, root);
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
    read: (key, options = {}) => readFile(pathOf(key), key, root, options),
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
    freeBytes: () =>
      guard(async () => {
        const { bavail, bsize } = await statfs(await nearestFolder(root));
        return bavail * bsize;
      }),
    close: () => Promise.resolve(),
  };
};

const missing = (key: string, root: string): StoreError => new StoreError('ObjectMissing', `${key} is not in ${root}.`);

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

// Makes folders one by one: `mkdir -p` would leave their modes to the umask.
const makeFolders = async (path: string): Promise<void> => {
  try {
    await access(path, constants.F_OK);
    return;
  } catch (error) {
    if (!isMissing(error)) {
      throw error;
    }
  }
  await makeFolders(dirname(path));
  try {
    await mkdir(path);
  } catch (error) {
    if (isTaken(error)) {
      return;
    }
    throw error;
  }
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await folder.chmod(directoryMode);
  } finally {
    await folder.close();
  }
  await syncFolder(dirname(path));
};

// A new name in a folder survives a power cut only when the folder itself was synced. Some file systems cannot; then nothing more can be done.
const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await folder.sync();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'EINVAL' && code !== 'ENOTSUP') {
      throw error;
    }
  } finally {
    await folder.close();
  }
};

type Guard = <T>(work: () => Promise<T>) => Promise<T>;

const startUpload = async (path: string, guard: Guard, onDurable?: (bytes: number) => void): Promise<Upload> => {
  const temporary = join(dirname(path), `.tmp-${randomBytes(8).toString('hex')}`);
  let file: FileHandle | undefined = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, fileMode);
  let bytes = 0;

  const release = async (): Promise<void> => {
    const opened = file;
    file = undefined;
    await opened?.close();
    await unlink(temporary).catch((error: unknown) => {
      if (!isMissing(error)) {
        throw error;
      }
    });
  };

  return {
    write: (chunk) =>
      guard(async () => {
        if (file === undefined) {
          throw new TypeError('write after the end of an upload');
        }
        await writeAll(file, chunk);
        bytes += chunk.length;
        onDurable?.(bytes);
      }),
    finish: () =>
      guard(async (): Promise<PutResult> => {
        if (file === undefined) {
          throw new TypeError('finish after the end of an upload');
        }
        await file.chmod(fileMode);
        await file.sync();
        let created = true;
        try {
          await link(temporary, path);
        } catch (error) {
          if (!isTaken(error)) {
            throw error;
          }
          created = false;
        }
        await release();
        await syncFolder(dirname(path));
        return { created };
      }),
    abort: () => guard(release),
  };
};

const writeAll = async (file: FileHandle, chunk: Uint8Array): Promise<void> => {
  for (let offset = 0; offset < chunk.length;) {
    const { bytesWritten } = await file.write(chunk, offset, chunk.length - offset);
    offset += bytesWritten;
  }
};

async function* readFile(
  path: string,
  key: string,
  root: string,
  options: { range?: { start: number; end: number }; signal?: AbortSignal },
): AsyncGenerator<Buffer> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY);
  } catch (error) {
    throw isMissing(error) ? missing(key, root) : directoryError(error, root);
  }
  try {
    let position = options.range?.start ?? 0;
    const end = options.range?.end ?? Number.POSITIVE_INFINITY;
    while (position < end) {
      options.signal?.throwIfAborted();
      const buffer = Buffer.allocUnsafe(Math.min(readBytes, end - position));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
      if (bytesRead === 0) {
        return;
      }
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throw directoryError(error, root);
  } finally {
    await file.close();
  }
}

// Walks the tree in the order of whole keys: a folder `a/` sorts as its name with the slash, so `a.b` comes before `a/c`.
async function* listFolder(root: string, prefix: string, after: string): AsyncGenerator<ObjectInfo> {
  const lastSlash = prefix.lastIndexOf('/');
  yield* walk(root, prefix.slice(0, lastSlash + 1), prefix, after);
}

async function* walk(root: string, folder: string, prefix: string, after: string): AsyncGenerator<ObjectInfo> {
  let entries;
  try {
    entries = await readdir(join(root, folder), { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) {
      return;
    }
    throw directoryError(error, root);
  }
  const names = entries
    .filter((entry) => !entry.name.startsWith('.tmp-') && (entry.isDirectory() || entry.isFile()))
    .map((entry) => (entry.isDirectory() ? `${folder}${entry.name}/` : `${folder}${entry.name}`))
    .toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  for (const name of names) {
    if (name.endsWith('/')) {
      const mayHold = (name.startsWith(prefix) || prefix.startsWith(name)) && (name > after || after.startsWith(name));
      if (mayHold) {
        yield* walk(root, name, prefix, after);
      }
    } else if (name.startsWith(prefix) && name > after) {
      const found = await stat(join(root, name)).catch(() => undefined);
      if (found !== undefined) {
        yield { key: name, sizeBytes: found.size };
      }
    }
  }
}

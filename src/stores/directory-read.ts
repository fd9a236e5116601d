// Reading a folder that is a store: one object as a stream, and the list of all.
import { constants } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { directoryError, isMissing } from './directory-errors.ts';
import type { StoreError } from './errors.ts';
import { temporaryPrefix } from './keys.ts';
import type { ObjectInfo, Range } from './store.ts';

// Most objects are small: the first pieces are, too.
const firstReadBytes = 16 * 1024;
const readBytes = 1024 * 1024;

// Streams a file, or a range of it, in pieces of up to 1 MiB.
export async function* readFile(
  path: string,
  missing: () => StoreError,
  root: string,
  options: { range?: Range; signal?: AbortSignal },
): AsyncGenerator<Buffer> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY);
  } catch (error) {
    throw isMissing(error) ? missing() : directoryError(error, root);
  }
  try {
    let position = options.range?.start ?? 0;
    let pieceBytes = firstReadBytes;
    const end = options.range?.end ?? Number.POSITIVE_INFINITY;
    while (position < end) {
      options.signal?.throwIfAborted();
      const buffer = Buffer.allocUnsafe(Math.min(pieceBytes, end - position));
      pieceBytes = readBytes;
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

// Every object under a prefix, in the order of whole keys. Where nothing has been written yet the list is empty.
export async function* listFolder(root: string, prefix: string, after: string): AsyncGenerator<ObjectInfo> {
  yield* walk(root, prefix.slice(0, prefix.lastIndexOf('/') + 1), prefix, after);
}

const compare = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

// A folder `a/` sorts as its name with the slash, so `a.b` comes before `a/c`. What vanishes in between is left out; what cannot be read is an error.
async function* walk(root: string, folder: string, prefix: string, after: string): AsyncGenerator<ObjectInfo> {
  for (const name of await namesIn(root, folder)) {
    if (name.endsWith('/')) {
      const mayHold = (name.startsWith(prefix) || prefix.startsWith(name)) && (compare(name, after) > 0 || after.startsWith(name));
      if (mayHold) {
        yield* walk(root, name, prefix, after);
      }
    } else if (name.startsWith(prefix) && compare(name, after) > 0) {
      const found = await look(root, name);
      if (found !== undefined) {
        yield found;
      }
    }
  }
}

const namesIn = async (root: string, folder: string): Promise<string[]> => {
  try {
    const entries = await readdir(join(root, folder), { withFileTypes: true });
    return entries
      .filter((entry) => !entry.name.startsWith(temporaryPrefix) && (entry.isDirectory() || entry.isFile()))
      .map((entry) => (entry.isDirectory() ? `${folder}${entry.name}/` : `${folder}${entry.name}`))
      .toSorted(compare);
  } catch (error) {
    if (isMissing(error)) {
      return [];
    }
    throw directoryError(error, root);
  }
};

const look = async (root: string, name: string): Promise<ObjectInfo | undefined> => {
  try {
    const { size, mtimeMs } = await stat(join(root, name));
    return { key: name, sizeBytes: size, tag: String(Math.trunc(mtimeMs)) };
  } catch (error) {
    if (isMissing(error)) {
      return undefined;
    }
    throw directoryError(error, root);
  }
};

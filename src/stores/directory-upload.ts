// Writing to a folder that is a store: a temporary file, synced, then linked to its own name.
import { constants } from 'node:fs';
import { access, link, mkdir, open, stat, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { codeOf, isMissing, isTaken } from './directory-errors.ts';
import { temporaryPrefix } from './keys.ts';
import type { PutResult, Upload } from './store.ts';

const fileMode = 0o640;
// Group-writable with setgid: Jobs of different users share one group and read one another's objects.
const directoryMode = 0o2770;
const flushBytes = 16 * 1024 ** 2;
// Another agent may have made the folder an instant ago and not set its mode yet.
const foreignFolderTries = 5;
const foreignFolderPauseMilliseconds = 100;

// Makes folders one by one: `mkdir -p` would leave their modes to the umask.
export const makeFolders = async (path: string): Promise<void> => {
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
    await whileForeign(() => mkdir(path));
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

const whileForeign = async <T>(work: () => Promise<T>): Promise<T> => {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (codeOf(error) !== 'EACCES' || tries === foreignFolderTries) {
        throw error;
      }
      await pause(foreignFolderPauseMilliseconds);
    }
  }
};

// A new name in a folder survives a power cut only when the folder itself was synced. Some file systems cannot; then nothing more can be done.
const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await folder.sync();
  } catch (error) {
    if (codeOf(error) !== 'EINVAL' && codeOf(error) !== 'ENOTSUP') {
      throw error;
    }
  } finally {
    await folder.close();
  }
};

type Guard = <T>(work: () => Promise<T>) => Promise<T>;

// Starts writing the file at `path`, whose folder is there.
export const startUpload = async (path: string, guard: Guard, onDurable?: (bytes: number) => void): Promise<Upload> => {
  const temporary = join(dirname(path), `${temporaryPrefix}${randomBytes(8).toString('hex')}`);
  let file: FileHandle | undefined = await whileForeign(() =>
    open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, fileMode),
  );
  let bytes = 0;
  let handedOver = 0;
  let flushing: Promise<void> | undefined;
  let flushFailure: unknown;

  // The disk works while the next bytes are made, so that little is left for the sync at the end. A failure is told once only: it is kept.
  const flush = async (opened: FileHandle): Promise<void> => {
    try {
      await opened.datasync();
    } catch (error) {
      flushFailure = error;
    } finally {
      flushing = undefined;
    }
  };
  const flushBehind = (opened: FileHandle): void => {
    if (flushing === undefined && bytes - handedOver >= flushBytes) {
      handedOver = bytes;
      flushing = flush(opened);
    }
  };
  const throwIfFailed = (): void => {
    if (flushFailure !== undefined) {
      throw flushFailure;
    }
  };

  const release = async (): Promise<void> => {
    const opened = file;
    file = undefined;
    await flushing;
    try {
      await unlink(temporary);
    } catch (error) {
      if (!isMissing(error)) {
        throw error;
      }
    } finally {
      await opened?.close();
    }
  };

  return {
    write: (chunk) =>
      guard(async () => {
        if (file === undefined) {
          throw new TypeError('write after the end of an upload');
        }
        throwIfFailed();
        await writeAll(file, chunk);
        bytes += chunk.length;
        flushBehind(file);
        onDurable?.(bytes);
      }),
    finish: () =>
      guard(async (): Promise<PutResult> => {
        if (file === undefined) {
          throw new TypeError('finish after the end of an upload');
        }
        await flushing;
        throwIfFailed();
        await file.chmod(fileMode);
        await file.sync();
        const created = await linkOnce(temporary, path);
        await release();
        await syncFolder(dirname(path));
        return { created };
      }),
    abort: () => guard(release),
  };
};

// Gives the file its name. False: the name was taken. Over NFS the answer may be lost and the call repeated: then the name is taken by ourselves.
const linkOnce = async (temporary: string, path: string): Promise<boolean> => {
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    if (!isTaken(error)) {
      throw error;
    }
  }
  const [ours, theirs] = await Promise.all([stat(temporary, { bigint: true }), stat(path, { bigint: true })]);
  return ours.dev === theirs.dev && ours.ino === theirs.ino;
};

const writeAll = async (file: FileHandle, chunk: Uint8Array): Promise<void> => {
  for (let offset = 0; offset < chunk.length;) {
    const { bytesWritten } = await file.write(chunk, offset, chunk.length - offset);
    offset += bytesWritten;
  }
};

// A data directory as it lies there: every name, kind, size and time. Two looks that say the same have nobody's writing between them.
import { createHash } from 'node:crypto';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { BigIntStats } from 'node:fs';
import { ArchiveError } from '../../errors.ts';

// `entries`: with the directory itself. `bytes`: of the files.
export type Tree = { entries: number; bytes: number; digest: string };

// Throws DirectoryStrange for what a copy could not hold. Sockets are left out: a server makes its own.
export const lookAtTree = async (directory: string, signal: AbortSignal): Promise<Tree> => {
  const hash = createHash('sha256');
  const root = await lstat(directory, { bigint: true });
  const tree = { entries: 0, bytes: 0 };
  const walk = async (path: string, name: string): Promise<void> => {
    signal.throwIfAborted();
    const found = await lstat(path, { bigint: true });
    if (found.isSocket()) {
      return;
    }
    if (found.dev !== root.dev) {
      throw strange(`${name} is another volume.`);
    }
    hash.update(`${JSON.stringify(name)} ${await factsOf(path, name, found)}\n`);
    tree.entries += 1;
    tree.bytes += found.isFile() ? Number(found.size) : 0;
    if (found.isDirectory()) {
      for (const each of (await readdir(path)).toSorted()) {
        await walk(join(path, each), `${name}/${each}`);
      }
    }
  };
  await walk(directory, '.');
  return { ...tree, digest: hash.digest('hex') };
};

// Owners and modes are not in it: the kubelet may change them, and who extracts a copy owns the files.
const factsOf = async (path: string, name: string, found: BigIntStats): Promise<string> => {
  if (found.isFile()) {
    return `file ${found.size} ${found.mtimeNs}`;
  }
  if (found.isDirectory()) {
    return 'folder';
  }
  if (found.isSymbolicLink()) {
    return `link ${JSON.stringify(await readlink(path))}`;
  }
  throw strange(`${name} is neither a file, a folder nor a link.`);
};

const strange = (what: string): ArchiveError =>
  new ArchiveError('DirectoryStrange', `In the data directory ${what} No copy could hold that.`);

// Takes a whole copy and increments of a real server, and brings them back in both ways: in place, and by pg_combinebackup.
import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { joinInto } from '../../src/engines/postgresql/incremental/join-increments.ts';
import type { AppliedIncrement } from '../../src/engines/postgresql/incremental/join-increments.ts';
import { combineBackups } from '../../src/engines/postgresql/incremental/combine.ts';
import type { PostgresServer } from './postgres-server.ts';
import { program } from './toolbox.ts';

const run = promisify(execFile);

export const walSegmentBytes = 1024 ** 2;

// A copy of the server: its archive, and the directory that it was extracted to.
export type Copy = { archive: string; directory: string };

// Takes a copy: a whole one, or an increment on the `parent`.
export const takeCopy = async (server: PostgresServer, folder: string, name: string, parent?: Copy): Promise<Copy> => {
  const copy = { archive: join(folder, `${name}.tar`), directory: join(folder, name) };
  await run('bash', [
    '-c',
    'archive=$1; shift; exec "$@" >"$archive"',
    'copy',
    copy.archive,
    program('pg_basebackup'),
    `--dbname=host=${server.socketDirectory} port=${server.port} user=postgres`,
    '--pgdata=-',
    '--format=tar',
    '--wal-method=fetch',
    '--checkpoint=fast',
    '--no-sync',
    '--manifest-checksums=CRC32C',
    ...(parent === undefined ? [] : [`--incremental=${join(parent.directory, 'backup_manifest')}`]),
  ]);
  await extract(copy.archive, copy.directory);
  return copy;
};

export const extract = async (archive: string, directory: string): Promise<void> => {
  await mkdir(directory, { mode: 0o700 });
  await run('tar', ['--extract', '--file', archive, '--directory', directory]);
};

// Applies the increments of a chain to the whole copy in `directory`, and says what each of them did.
export const applyTo = async (directory: string, archives: readonly string[], durable = false): Promise<AppliedIncrement[]> => {
  const joining = joinInto(directory, { walSegmentBytes, durable });
  const applied: AppliedIncrement[] = [];
  for (const archive of archives) {
    applied.push(await joining.apply(createReadStream(archive) as AsyncIterable<Buffer>));
  }
  await joining.finish();
  return applied;
};

export const combine = (directories: readonly string[], output: string): Promise<void> =>
  combineBackups(directories, output, { durable: false, signal: AbortSignal.timeout(60_000) });

// Files that differ, or that only one of both has. The manifests are compared by pg_verifybackup.
export const differences = async (one: string, other: string): Promise<string[]> => {
  const [left, right] = await Promise.all([filesOf(one), filesOf(other)]);
  const found: string[] = [];
  for (const path of new Set([...left, ...right])) {
    if (!left.has(path) || !right.has(path)) {
      found.push(`${path}: only in ${left.has(path) ? one : other}`);
    } else if (path !== 'backup_manifest') {
      const [a, b] = await Promise.all([readFile(join(one, path)), readFile(join(other, path))]);
      if (!a.equals(b)) {
        found.push(`${path}: ${a.length} and ${b.length} bytes, first difference in block ${firstDifference(a, b)}`);
      }
    }
  }
  return found;
};

const filesOf = async (directory: string): Promise<Set<string>> => {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return new Set(
    entries
      .map((entry) => `${entry.parentPath.slice(directory.length + 1)}/${entry.name}${entry.isDirectory() ? '/' : ''}`.replace(/^\//, ''))
      .filter((path) => !path.endsWith('/')),
  );
};

const firstDifference = (a: Buffer, b: Buffer): number => {
  const at = a.findIndex((byte, index) => byte !== b[index]);
  return Math.floor((at < 0 ? Math.min(a.length, b.length) : at) / 8192);
};

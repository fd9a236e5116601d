// Whether a data directory is what its backup_manifest says: every file with its size, the WAL that it needs, and (where PostgreSQL is here) every checksum.
import type { Dirent } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readBackupManifest } from '../physical/backup-manifest.ts';
import type { BackupManifest } from '../physical/backup-manifest.ts';
import { checkBase } from '../physical/check-base.ts';
import { startTool } from '../tool.ts';
import type { Programs } from './programs.ts';

export const manifestFile = 'backup_manifest';

// Throws VerificationFailed.
export const checkDirectory = async (directory: string, walSegmentBytes: number, signal: AbortSignal): Promise<BackupManifest> => {
  const manifest = readBackupManifest(await readFile(join(directory, manifestFile)));
  checkBase(await sizesBelow(directory, signal), manifest, walSegmentBytes);
  return manifest;
};

// Every checksum of the manifest, and the WAL itself, by PostgreSQL's own tool.
export const verifyBackup = async (programs: Programs, directory: string, signal: AbortSignal): Promise<void> => {
  const tool = startTool({
    script: 'exec "$1" --quiet --exit-on-error "$2" </dev/null >&2',
    parameters: [join(programs.directory, 'pg_verifybackup'), directory],
    signal,
    failure: { code: 'VerificationFailed', what: 'pg_verifybackup', retryable: false },
  });
  tool.stdin.end();
  tool.stdout.resume();
  await tool.ended;
};

// A name that is no UTF-8 becomes one character a byte, as in the manifest.
const nameOf = (bytes: Buffer): string => {
  const text = bytes.toString('utf8');
  return text.includes('\uFFFD') ? bytes.toString('latin1') : text;
};

const sizesBelow = async (root: string, signal: AbortSignal): Promise<Map<string, number>> => {
  const sizes = new Map<string, number>();
  const walk = async (folder: Buffer, path: string): Promise<void> => {
    signal.throwIfAborted();
    for (const entry of (await readdir(folder, { withFileTypes: true, encoding: 'buffer' })) as Dirent<Buffer>[]) {
      const below = Buffer.concat([folder, Buffer.from('/'), entry.name]);
      const name = `${path}${nameOf(entry.name)}`;
      if (entry.isDirectory()) {
        await walk(below, `${name}/`);
      } else if (entry.isFile()) {
        sizes.set(name, (await stat(below)).size);
      }
    }
  };
  await walk(Buffer.from(root), '');
  return sizes;
};

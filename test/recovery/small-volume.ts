// A file system of a few MiB, and an old data directory on it with all that one may hold.
import { execFileSync } from 'node:child_process';
import { chmodSync, linkSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { temporaryFolder } from '../temporary-folder.ts';

const mounts: string[] = [];
export const unmountSmall = (): void => mounts.splice(0).forEach((mount) => void execFileSync('umount', ['--lazy', mount]));
process.once('exit', unmountSmall);

export const mountSmall = (path: string, bytes: number): string => {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', path]);
  mounts.push(path);
  return path;
};

export const smallVolume = (mebibytes: number): string => mountSmall(temporaryFolder('small'), mebibytes * 1024 ** 2);

// About so many MiB that nothing compresses.
export const oldDirectory = (directory: string, mebibytes: number): void => {
  mkdirSync(join(directory, 'pg_wal'), { recursive: true });
  mkdirSync(join(directory, 'base/empty'), { recursive: true });
  mkdirSync(join(directory, 'pg_tblspc'));
  for (let index = 0; index < mebibytes; index += 1) {
    const file = join(directory, index % 4 === 0 ? 'pg_wal' : 'base', String(index));
    writeFileSync(file, randomBytes(1024 ** 2), { mode: 0o600 });
    utimesSync(file, 1_700_000_000 + index, 1_700_000_000.123 + index);
  }
  writeFileSync(join(directory, 'PG_VERSION'), '17\n', { mode: 0o600 });
  writeFileSync(join(directory, 'empty'), '');
  writeFileSync(join(directory, `${'long'.repeat(50)} and "strange" \\ ü`), 'named', { mode: 0o640 });
  linkSync(join(directory, 'empty'), join(directory, 'hard'));
  symlinkSync('/somewhere/else', join(directory, 'pg_tblspc/16400'));
  symlinkSync('postgresql.conf', join(directory, 'link'));
  chmodSync(join(directory, 'base'), 0o700);
  chmodSync(directory, 0o700);
};

// PostgreSQL's own programs on this machine, of the major version that a backup needs.
import { execFile } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

// `version`: such as 17.11.
export type Programs = { directory: string; major: number; version: string };

// Where Debian and the packages of the PostgreSQL project put them, besides PATH.
const usualFolders = (major: number): string[] => [
  `/usr/lib/postgresql/${major}/bin`,
  `/usr/pgsql-${major}/bin`,
  `/opt/homebrew/opt/postgresql@${major}/bin`,
];

// The first folder that has the program in this major. `wanted`: the only folder to look into.
export const findPrograms = async (major: number, program: string, wanted?: string): Promise<Programs | undefined> => {
  const folders = wanted === undefined ? [...(process.env['PATH'] ?? '').split(delimiter), ...usualFolders(major)] : [wanted];
  for (const directory of folders.filter((folder) => folder !== '')) {
    const version = await versionOf(join(directory, program));
    if (version !== undefined && Number.parseInt(version, 10) === major) {
      return { directory, major, version };
    }
  }
  return undefined;
};

// `pg_verifybackup (PostgreSQL) 17.11 (Debian 17.11-1)`
// A plain name is looked for on PATH.
export const versionOf = async (path: string): Promise<string | undefined> => {
  try {
    const { stdout } = await promisify(execFile)(path, ['--version'], { timeout: 15_000 });
    return /\(PostgreSQL\) (\d+(?:\.\d+)?)/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
};

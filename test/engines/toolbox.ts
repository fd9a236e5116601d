// Programs of the toolbox (hack/toolbox): PostgreSQL 17 and its tools, whatever Debian this machine runs.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '../..');
export const toolboxDirectory = join(root, '.cluster/toolbox');

// Whose files a server works on: it refuses to be root.
export const serverUid = 65_532;

// The path of a program. A missing one fails what asked for it: what was not tried did not pass.
export const program = (name: string): string => {
  const path = join(toolboxDirectory, name);
  if (!existsSync(path)) {
    throw new Error(`${path} is missing. Run hack/toolbox make (as root; it takes a minute).`);
  }
  return path;
};

// PATH with the programs of the toolbox first, as an agent's image has them.
export const toolboxPath = (): string => {
  program('pg_basebackup');
  return `${toolboxDirectory}:${process.env['PATH'] ?? '/usr/bin:/bin'}`;
};

// Runs a program to its end. Rejects with what it said.
export const runProgram = async (name: string, parameters: string[], environment: Record<string, string> = {}): Promise<string> => {
  const { stdout } = await promisify(execFile)(program(name), parameters, {
    env: { ...process.env, ...environment },
    maxBuffer: 64 * 1024 ** 2,
  });
  return stdout;
};

export const giveToServer = (path: string): Promise<void> => chown(path, serverUid, serverUid);

// Brings back what was stored, by stock tools, and counts what is in it.
import { execFile } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openByHand } from './agent-run.ts';
import type { Repository } from './agent-run.ts';
import { startServer } from './postgres-server.ts';
import type { PostgresServer } from './postgres-server.ts';
import { giveToServer, runProgram } from './toolbox.ts';

const run = promisify(execFile);

// Extracts base.tar, has pg_verifybackup check every file, and starts a server on it. There is no archive.
export const restorePhysical = async (repository: Repository, directory: string): Promise<PostgresServer> => {
  const data = join(directory, 'restored-physical');
  const archive = join(directory, 'base.tar');
  await openByHand(repository, 'base.tar', archive);
  await mkdir(data, { mode: 0o700 });
  await run('tar', ['--extract', '--file', archive, '--directory', data]);
  await run('chown', ['--recursive', '65532:65532', data]);
  await runProgram('pg_verifybackup', ['--quiet', data]);
  return startServer({
    dataDirectory: data,
    socketDirectory: join(directory, 'sp'),
    settings: { ssl: 'off', restore_command: '/bin/false', fsync: 'off' },
    hba: [],
  });
};

// The globals first, as roles own what follows; then each dump into a database that pg_restore makes.
export const restoreLogical = async (repository: Repository, server: PostgresServer, directory: string, dumps: string[]): Promise<void> => {
  const connection = [`--host=${server.socketDirectory}`, `--port=${server.port}`, '--username=postgres'];
  const globals = join(directory, 'globals.sql');
  await openByHand(repository, 'globals.sql', globals);
  // One role is there before anything is restored: the superuser.
  await runProgram('psql', [...connection, '--no-psqlrc', '--quiet', `--file=${globals}`, 'postgres']);
  for (const [index, dump] of dumps.entries()) {
    const file = join(directory, `${index}.dump`);
    await openByHand(repository, dump, file);
    await giveToServer(file);
    await runProgram('pg_restore', [...connection, '--exit-on-error', '--create', '--dbname=postgres', file]);
  }
};

export type Facts = {
  databases: {
    database: string;
    artifact: string;
    tables: { schema: string; table: string; rows: number; counted: string; digest?: string }[];
  }[];
};

export const readFacts = async (repository: Repository, directory: string): Promise<Facts> => {
  const file = join(directory, 'facts.json');
  await openByHand(repository, 'facts.json', file);
  return JSON.parse(await readFile(file, 'utf8')) as Facts;
};

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

const sameText = `SET timezone = 'UTC'; SET datestyle = 'ISO, YMD'; SET intervalstyle = 'postgres'; SET extra_float_digits = 1; SET bytea_output = 'hex'; SET search_path = pg_catalog;`;

// Rows and digest of one table, as docs say of facts.json.
export const countTable = async (server: PostgresServer, database: string, schema: string, table: string) => {
  const [answer] = await server.query<{ rows: number; digest: string }>(
    `${sameText} SELECT count(*)::float8 AS rows, coalesce(sum(('x' || substr(md5(t::text), 1, 15))::bit(60)::bigint), 0)::text AS digest FROM ONLY ${quoted(schema)}.${quoted(table)} AS t`,
    database,
  );
  return answer;
};

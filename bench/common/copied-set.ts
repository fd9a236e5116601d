// A copy of the database of bench/full that may be changed, on a server that knows which blocks change.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startServer } from '../../test/engines/postgres-server.ts';
import type { PostgresServer } from '../../test/engines/postgres-server.ts';
import { giveToServer, runProgram } from '../../test/engines/toolbox.ts';
import { database, folder, makeSets } from '../full/data.ts';
import { runQuietly } from './measure.ts';
import type { ProcessGroup } from './process-group.ts';
import { say } from './say.ts';
import { benchDirectory } from './settings.ts';

export { database };

const copy = join(benchDirectory, 'copy');

const settings = {
  fsync: 'on',
  shared_buffers: '256MB',
  max_wal_size: '8GB',
  max_slot_wal_keep_size: '32GB',
  autovacuum: 'off',
  checkpoint_timeout: '1h',
  summarize_wal: 'on',
};

export const startCopy = async (scale: number, group: ProcessGroup): Promise<PostgresServer> => {
  await makeSets(scale);
  say('Copying the database');
  await rm(copy, { recursive: true, force: true });
  await mkdir(copy, { recursive: true });
  await giveToServer(copy);
  await runQuietly(['cp', '--archive', '--reflink=auto', join(folder(scale), 'compressible'), join(copy, 'data')]);
  return startServer({
    dataDirectory: join(copy, 'data'),
    socketDirectory: '/tmp/holdfast-bench-copy',
    settings,
    hba: ['host all all 127.0.0.1/32 trust', 'host replication all 127.0.0.1/32 trust'],
    wrap: group.enter,
  });
};

export const stopCopy = async (server: PostgresServer): Promise<void> => {
  await server.stop();
  await rm(server.socketDirectory, { recursive: true, force: true });
  await rm(copy, { recursive: true, force: true });
};

const update = String.raw`\set aid random(1, 100000 * :scale)
UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = :aid;
`;
const clients = 4;

// Updates random rows, one a transaction, and has them written to their files.
export const updateRows = async (server: PostgresServer, scale: number, rows: number): Promise<void> => {
  const script = join(copy, 'update.sql');
  await writeFile(script, update);
  await pgbench(server, [`--file=${script}`, `--scale=${scale}`, `--client=${clients}`, `--transactions=${Math.ceil(rows / clients)}`]);
  await server.query('CHECKPOINT');
};

export const pgbench = (server: PostgresServer, parameters: string[]): Promise<string> =>
  runProgram(
    'pgbench',
    ['--host', server.socketDirectory, '--port', String(server.port), '--username=postgres', '--no-vacuum', ...parameters, database],
    { PGOPTIONS: '-c synchronous_commit=off' },
  );

// A server under the load of pgbench: made once and kept.
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeCluster, startServer } from '../../test/engines/postgres-server.ts';
import type { PostgresServer } from '../../test/engines/postgres-server.ts';
import { giveToServer, program, runProgram } from '../../test/engines/toolbox.ts';
import { measure } from '../common/measure.ts';
import type { ProcessGroup } from '../common/process-group.ts';
import { say } from '../common/say.ts';
import { benchDirectory } from '../common/settings.ts';
import { database } from './backlog.ts';

const scale = 20;
const clients = 4;

const settings = { fsync: 'on', shared_buffers: '256MB', max_wal_size: '4GB', max_slot_wal_keep_size: '8GB' };

const folder = join(benchDirectory, 'wal/load');

export const startLoaded = (group?: ProcessGroup): Promise<PostgresServer> =>
  startServer({
    dataDirectory: join(folder, 'data'),
    socketDirectory: '/tmp/holdfast-bench-load',
    settings,
    hba: ['host all all 127.0.0.1/32 trust', 'host replication all 127.0.0.1/32 trust'],
    ...(group === undefined ? {} : { wrap: group.enter }),
  });

const connection = ({ socketDirectory, port }: PostgresServer): string[] => [
  '--host',
  socketDirectory,
  '--port',
  String(port),
  '--username=postgres',
];

// Makes it unless it is there.
export const makeLoaded = async (): Promise<void> => {
  const made = join(folder, 'made');
  if (existsSync(made)) {
    return;
  }
  say('Making a database for pgbench (half a minute, once)');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await giveToServer(folder);
  await makeCluster(join(folder, 'data'));
  const server = await startLoaded();
  try {
    await server.query(`CREATE DATABASE ${database}`);
    await runProgram('pgbench', [...connection(server), '--initialize', `--scale=${scale}`, '--quiet', database]);
    await server.query('CREATE TABLE probe (id bigserial PRIMARY KEY)', database);
  } finally {
    await server.stop();
  }
  await writeFile(made, '');
};

// Runs pgbench as fast as it goes. Gives its transactions per second.
export const load = async (server: PostgresServer, seconds: number): Promise<number> => {
  let perSecond = Number.NaN;
  await measure(
    {
      words: [program('pgbench'), ...connection(server), `--client=${clients}`, `--time=${seconds}`, '--no-vacuum', database],
      onLine(line) {
        perSecond = Number(/^tps = ([\d.]+)/.exec(line)?.[1] ?? perSecond);
      },
    },
    'load',
  );
  return perSecond;
};

// A server with many segments of WAL that nobody has archived yet: made once and kept. A slot holds them. It archives nothing itself: with archive_mode it
// would end a segment at each stop; the files that wait for an archiver are made here.
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lsnBytes, segmentName } from '../../src/api/lsn.ts';
import { makeCluster, startServer } from '../../test/engines/postgres-server.ts';
import type { PostgresServer } from '../../test/engines/postgres-server.ts';
import { giveToServer, runProgram } from '../../test/engines/toolbox.ts';
import type { ProcessGroup } from '../common/process-group.ts';
import { say } from '../common/say.ts';
import { benchDirectory } from '../common/settings.ts';

export const database = 'bench';
export const segmentBytes = 16 * 1024 ** 2;

const keptSlot = 'kept';
const pgbenchScale = 20;
const transactionsAtOnce = 2000;
// One of five transactions stores what no compressor makes smaller: pgbench alone would flatter every compressor.
const noise = `INSERT INTO noise SELECT decode(string_agg(md5(random()::text), ''), 'hex') FROM generate_series(1, 128);\n`;

const settings = {
  fsync: 'on',
  shared_buffers: '256MB',
  autovacuum: 'off',
  checkpoint_timeout: '1h',
  max_wal_size: '32GB',
  max_slot_wal_keep_size: '32GB',
};

const folder = (segments: number): string => join(benchDirectory, 'wal', `segments-${segments}`);

export const startBacklog = (segments: number, group?: ProcessGroup, changes = {}): Promise<PostgresServer> =>
  startServer({
    dataDirectory: join(folder(segments), 'data'),
    socketDirectory: '/tmp/holdfast-bench-wal',
    settings: { ...settings, ...changes },
    hba: ['host all all 127.0.0.1/32 trust', 'host replication all 127.0.0.1/32 trust'],
    ...(group === undefined ? {} : { wrap: group.enter }),
  });

// Makes it, with at least so many segments, unless it is there.
export const makeBacklog = async (segments: number): Promise<void> => {
  const made = join(folder(segments), 'made');
  if (existsSync(made)) {
    return;
  }
  say(`Making a server with ${segments} segments of WAL (a minute or two, once)`);
  await rm(folder(segments), { recursive: true, force: true });
  await mkdir(folder(segments), { recursive: true });
  await giveToServer(folder(segments));
  await makeCluster(join(folder(segments), 'data'));
  const server = await startBacklog(segments, undefined, { fsync: 'off', synchronous_commit: 'off' });
  try {
    await server.query(`CREATE DATABASE ${database}`);
    await pgbench(server, ['--initialize', `--scale=${pgbenchScale}`, '--quiet']);
    await server.query('CREATE TABLE noise (body bytea NOT NULL)', database);
    await server.query('CHECKPOINT');
    await server.query('SELECT pg_switch_wal()');
    await server.query('CHECKPOINT');
    await server.query(`SELECT pg_create_physical_replication_slot('${keptSlot}', true)`);
    const script = join(folder(segments), 'noise.sql');
    await writeFile(script, noise);
    while ((await readSegments(server)).length < segments) {
      // Behind a checkpoint the first change of each page is written whole, as it is in the first minutes after each one of a busy server.
      await server.query('CHECKPOINT');
      await pgbench(server, [
        '--builtin=tpcb-like@4',
        `--file=${script}@1`,
        '--client=4',
        `--transactions=${transactionsAtOnce}`,
        '--no-vacuum',
      ]);
    }
    await server.query('SELECT pg_switch_wal()');
    await server.query('CHECKPOINT');
  } finally {
    await server.stop();
  }
  await writeFile(made, '');
};

const pgbench = (server: PostgresServer, parameters: string[]): Promise<string> =>
  runProgram('pgbench', ['--host', server.socketDirectory, '--port', String(server.port), '--username=postgres', ...parameters, database]);

// The whole segments that wait, oldest first.
export const readSegments = async (server: PostgresServer): Promise<string[]> => {
  const [row] = await server.query<{ from: string; to: string }>(
    `SELECT restart_lsn::text AS from, pg_current_wal_lsn()::text AS to FROM pg_replication_slots WHERE slot_name = '${keptSlot}'`,
  );
  if (row === undefined) {
    throw new Error('The slot of the backlog is gone. Remove it by `make clean`, and it is made again.');
  }
  const [first, current] = [row.from, row.to].map((lsn) => segmentName(1, lsnBytes(lsn), segmentBytes)) as [string, string];
  return (await readdir(join(server.dataDirectory, 'pg_wal')))
    .filter((name) => /^[0-9A-F]{24}$/.test(name) && name >= first && name < current)
    .toSorted();
};

// A slot of one turn that begins where the backlog does.
export const withSlot = async <T>(server: PostgresServer, slot: string, work: () => Promise<T>): Promise<T> => {
  await server.query(`SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '${slot}'`);
  await server.query(`SELECT pg_copy_physical_replication_slot('${keptSlot}', '${slot}')`);
  try {
    return await work();
  } finally {
    await server.query(`SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '${slot}'`);
  }
};

// As the server marks what its archiver shall take.
export const makeReady = async ({ dataDirectory }: PostgresServer, segments: readonly string[]): Promise<void> => {
  const status = join(dataDirectory, 'pg_wal/archive_status');
  await rm(status, { recursive: true });
  await mkdir(status);
  await giveToServer(status);
  for (const segment of segments) {
    const file = join(status, `${segment}.ready`);
    await writeFile(file, '');
    await giveToServer(file);
  }
};

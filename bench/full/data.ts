// The databases that are backed up: made once and kept, one with a part that no compressor makes smaller, one without.
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { giveToServer, runProgram } from '../../test/engines/toolbox.ts';
import { makeCluster, startServer } from '../../test/engines/postgres-server.ts';
import type { PostgresServer } from '../../test/engines/postgres-server.ts';
import { runQuietly } from '../common/measure.ts';
import type { ProcessGroup } from '../common/process-group.ts';
import { say } from '../common/say.ts';
import { benchDirectory } from '../common/settings.ts';

export const setNames = ['mixed', 'compressible'] as const;
export type SetName = (typeof setNames)[number];

export const database = 'bench';

// For the full size: scale 100 of pgbench, 2 million rows of jsonb, 500 MB of random bytes.
const documentsPerScale = 20_000;
const noiseRowsPerScale = 80;
const noiseRowBytes = 64 * 1024;

const settings = {
  fsync: 'on',
  shared_buffers: '256MB',
  max_wal_size: '2GB',
  // WAL that is no longer needed goes: it would lie in the cache as gigabytes.
  wal_recycle: 'off',
  autovacuum: 'off',
  // Nothing but the backup happens: no checkpoint by time.
  checkpoint_timeout: '1h',
};

const documentsSql = (rows: number): string => `
  CREATE TABLE documents (id bigint PRIMARY KEY, owner int NOT NULL, body jsonb NOT NULL);
  INSERT INTO documents
    SELECT n, hashint4(n) % 50000,
           jsonb_build_object('kind', (ARRAY['order', 'return', 'invoice', 'parcel'])[1 + n % 4], 'number', n, 'customer', md5((n % 50000)::text),
                              'total', round((n % 100000) / 100.0, 2), 'paid', n % 3 = 0, 'created', timestamptz '2026-01-01 00:00Z' + n * interval '7 seconds',
                              'lines', jsonb_build_array(jsonb_build_object('sku', md5(n::text), 'count', n % 7)))
    FROM generate_series(1, ${rows}) AS n;
  CREATE INDEX ON documents (owner);`;

const noiseSql = (rows: number): string => `
  CREATE EXTENSION pgcrypto;
  CREATE TABLE noise (id bigint PRIMARY KEY, body bytea NOT NULL);
  ALTER TABLE noise ALTER body SET STORAGE EXTERNAL;
  INSERT INTO noise
    SELECT n, (SELECT string_agg(gen_random_bytes(1024), '') FROM generate_series(1, ${noiseRowBytes / 1024}) AS k WHERE k > 0 OR n > 0)
    FROM generate_series(1, ${rows}) AS n;`;

export const folder = (scale: number): string => join(benchDirectory, 'full', `scale-${scale}`);

export const startSet = (name: SetName, scale: number, group?: ProcessGroup): Promise<PostgresServer> =>
  startServer({
    dataDirectory: join(folder(scale), name),
    socketDirectory: `/tmp/holdfast-bench-${name}`,
    settings,
    hba: ['host all all 127.0.0.1/32 trust', 'host replication all 127.0.0.1/32 trust'],
    ...(group === undefined ? {} : { wrap: group.enter }),
  });

// Makes both databases unless they are there.
export const makeSets = async (scale: number): Promise<void> => {
  const made = join(folder(scale), 'made');
  if (existsSync(made)) {
    return;
  }
  say(`Making the databases (scale ${scale}; a few minutes for 100, once)`);
  await rm(folder(scale), { recursive: true, force: true });
  await mkdir(folder(scale), { recursive: true });
  await giveToServer(folder(scale));
  await makeCompressible(scale);
  await makeMixed(scale);
  await writeFile(made, '');
};

const makeCompressible = async (scale: number): Promise<void> => {
  await makeCluster(join(folder(scale), 'compressible'));
  const server = await startSet('compressible', scale);
  try {
    await server.query(`CREATE DATABASE ${database}`);
    const connection = ['--host', server.socketDirectory, '--port', String(server.port), '--username=postgres'];
    await runProgram('pgbench', [...connection, '--initialize', `--scale=${scale}`, '--quiet', database]);
    await server.query(documentsSql(documentsPerScale * scale), database);
    await settle(server);
  } finally {
    await server.stop();
  }
};

// The same files, and one table more.
const makeMixed = async (scale: number): Promise<void> => {
  const part = join(folder(scale), 'mixed.part');
  await runQuietly(['cp', '--archive', '--reflink=auto', join(folder(scale), 'compressible'), part]);
  await rename(part, join(folder(scale), 'mixed'));
  const server = await startSet('mixed', scale);
  try {
    await server.query(noiseSql(noiseRowsPerScale * scale), database);
    await settle(server);
  } finally {
    await server.stop();
  }
};

// Nothing is left to do for the server in the background, and old WAL is gone.
const settle = async (server: PostgresServer): Promise<void> => {
  await server.query('VACUUM (FREEZE, ANALYZE)', database);
  await server.query('CHECKPOINT');
  await server.query('SELECT pg_switch_wal()');
  await server.query('CHECKPOINT');
};

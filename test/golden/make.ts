// Makes a small real repository and keeps it: `node test/golden/make.ts v1`. Each format gets one, and no release may fail to read an old one.
// Never run it again for a version that is committed.
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DumpPlan } from '../../src/api/agent.ts';
import { seal } from '../../src/archive/seal.ts';
import { dump } from '../../src/archive/dump.ts';
import { storeLog } from '../../src/archive/kept-log.ts';
import { postgresqlEngine } from '../../src/engines/postgresql/engine.ts';
import { openStore } from '../../src/stores/open.ts';
import { backupId, makePolicy, watched } from '../archive/repository.ts';
import { makeCluster, startServer } from '../engines/postgres-server.ts';
import { toolboxPath } from '../engines/toolbox.ts';

const version = process.argv[2] ?? '';
const folder = join(import.meta.dirname, version);
if (!/^v\d+$/.test(version) || existsSync(folder)) {
  throw new Error(`usage: node test/golden/make.ts vN, with a version that is not there yet`);
}

const work = await mkdtemp(join(tmpdir(), 'golden-'));
// The server runs as another user.
await chmod(work, 0o711);
await makeCluster(join(work, 'data'), ['--wal-segsize=1']);
const server = await startServer({
  dataDirectory: join(work, 'data'),
  socketDirectory: join(work, 'socket'),
  settings: { min_wal_size: '2MB' },
  hba: ['host all all 127.0.0.1/32 trust', 'host replication all 127.0.0.1/32 trust'],
});
try {
  await server.query('CREATE DATABASE shop');
  await server.query('CREATE TABLE orders (id int PRIMARY KEY, note text NOT NULL)', 'shop');
  await server.query(`INSERT INTO orders SELECT n, 'order ' || n FROM generate_series(1, 1000) AS n`, 'shop');
  await server.query('CREATE TABLE "Odd ""names""" (id int)', 'shop');

  process.env['PATH'] = toolboxPath();
  const policy = await makePolicy();
  const credentialsDirectory = join(work, 'login');
  await mkdir(credentialsDirectory);
  await writeFile(join(credentialsDirectory, 'username'), 'postgres');
  await writeFile(join(credentialsDirectory, 'password'), 'unused-by-trust');
  const postgresql: NonNullable<DumpPlan['postgresql']> = {
    version: 17,
    host: '127.0.0.1',
    port: server.port,
    database: 'shop',
    sslMode: 'disable',
    credentialsDirectory,
    physical: true,
    logical: { enabled: true, databases: ['shop'], globals: true, credentialsDirectory },
  };
  const id = backupId(0);
  const context = watched();
  await dump(policy.dumpPlan(id, { postgresql }), postgresqlEngine(postgresql, { log: context.log }), context);
  await seal(policy.sealPlan(id), context);
  const run = { backupId: id, time: '2026-11-22T02:00:00Z', what: 'dump-db-1' };
  await storeLog(openStore, policy.tier('local').location, policy.inspectPlan(), run, '{"kind":"log","message":"Ended well"}\n');

  await cp(join(policy.directory, 'local'), join(folder, 'repository'), { recursive: true });
  await writeFile(join(folder, 'identity.txt'), `${policy.identity.identity}\n`);
  await writeFile(join(folder, 'state-identity.txt'), `${policy.stateIdentity.identity}\n`);
  await writeFile(join(folder, 'verification-key.json'), `${JSON.stringify(policy.verificationKey, undefined, 2)}\n`);
  console.log(`wrote ${folder}`);
} finally {
  await server.stop();
  await rm(work, { recursive: true, force: true });
}

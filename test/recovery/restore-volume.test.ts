// Restores onto volumes, as the Jobs of a Restore do them: into a new one, and in place, with a server that runs in another process.
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import type { PostgresServer } from '../engines/postgres-server.ts';
import { until } from '../wal/receiver-run.ts';
import type { RunningReceiver } from '../wal/receiver-run.ts';
import { commitFor, makeLedger, whenStored } from './commits.ts';
import { makeVolume, recoverPlan, run, runBeside, treeHash, uid } from './volume-restores.ts';
import type { Volume } from './volume-restores.ts';
import { makeWorld } from './world.ts';
import type { World } from './world.ts';

const physicalOnly = { logical: { enabled: false, databases: [], globals: false, credentialsDirectory: '' } };
const work = `.holdfast-${uid.slice(0, 8)}`;

let world: World;
let server: PostgresServer;
let receiver: RunningReceiver;
let backup: string;
let rows: number;

test.before(async () => {
  world = await makeWorld();
  server = await world.fixture.start('main', { track_commit_timestamp: 'on', max_slot_wal_keep_size: '1GB' });
  await makeLedger(server);
  await server.query('CREATE DATABASE "second one"');
  receiver = await world.receive(server);
  await until('the receiver stores something', () => receiver.newest() !== undefined, 30, receiver);
  await commitFor(server, 200);
  backup = await world.backUp(server, new Date().toISOString().replace(/\.\d+/, ''), physicalOnly);
  await commitFor(server, 500);
  rows = (await server.query<{ n: number }>('SELECT count(*)::int AS n FROM ledger'))[0]?.n ?? 0;
  await whenStored(server, receiver);
});

test.after.always(async () => {
  await receiver?.kill();
  await world?.stop();
});

const dataOf = ({ mountPath, target }: Volume): string => join(mountPath, target.path);

// What an ordinary server finds on it.
const rowsIn = async (directory: string): Promise<number> => {
  const copy = `${directory}-started`;
  await promisify(execFile)('cp', ['--archive', directory, copy]);
  const started = await world.startOn(copy);
  try {
    return (await started.query<{ n: number }>('SELECT count(*)::int AS n FROM ledger'))[0]?.n ?? 0;
  } finally {
    await started.stop('immediate');
  }
};

// A volume that holds the live server's data as of a crash, somewhat later than all backups.
const liveVolume = async (path = 'pgdata'): Promise<Volume> => {
  const volume = makeVolume(world, 'inPlace', path);
  await promisify(execFile)('mkdir', ['--parents', dirname(join(volume.mountPath, path))]);
  await promisify(execFile)('cp', ['--archive', world.fixture.template, join(volume.mountPath, path)]);
  return volume;
};

test.serial('a new volume: planned first, recovered to the end, cleanly shut down, and every row is there', async (t) => {
  const volume = makeVolume(world, 'volume');
  const { result, planned } = await runBeside(volume, recoverPlan(world, { target: volume.target }));
  t.is(result.outcome, 'Succeeded', result.message);
  t.is(planned.length, 1);
  t.like(result, { replaced: true, kept: false, timeline: 2, planned: { hash: planned[0]?.planned.hash } });
  t.regex(result.planned?.hash ?? '', /^[0-9a-f]{16}$/);
  t.like(planned[0]?.planned, { name: 'db', backupId: backup, timeline: 1 });
  t.regex(result.systemId ?? '', /^\d+$/);
  t.deepEqual(
    result.phases?.map(({ name }) => name),
    ['plan', 'fetch', 'restore', 'replay', 'verify'],
  );
  t.false(existsSync(join(dataOf(volume), 'postmaster.pid')));
  t.deepEqual(readdirSync(volume.mountPath), ['pgdata']);
  t.true(existsSync(join(dataOf(volume), 'holdfast.conf')));
  t.is(await rowsIn(dataOf(volume)), rows);
  const again = await run(recoverPlan(world, { target: volume.target, attempt: 2 }));
  t.deepEqual({ ...again.result, time: '', phases: [], attempt: 1 }, { ...result, time: '', phases: [] });
});

test.serial(
  'in place from a backup alone: nothing is defused, the old data lies beside, and undo brings it back byte for byte',
  async (t) => {
    const volume = await liveVolume('a/b');
    const before = treeHash(volume.mountPath);
    const plan = recoverPlan(world, { target: volume.target, point: { kind: 'backup', id: backup }, keep: 'Required' });
    const { result } = await runBeside(volume, plan);
    t.is(result.outcome, 'Succeeded', result.message);
    t.like(result, { replaced: true, kept: true, timeline: 1 });
    t.deepEqual(readdirSync(join(volume.mountPath, work)).toSorted(), ['before', 'state.json']);
    t.false(existsSync(join(dataOf(volume), 'holdfast.conf')));
    t.true(readFileSync(join(dataOf(volume), 'holdfast-restore.json'), 'utf8').includes(uid));
    t.true((await rowsIn(dataOf(volume))) < rows);
    await promisify(execFile)('rm', ['-r', `${dataOf(volume)}-started`]);
    for (const attempt of [1, 2]) {
      const undone = await run({ ...plan, mode: 'Undo', attempt, target: volume.target });
      t.like(undone.result, { outcome: 'Succeeded', replaced: false, kept: false }, undone.result.message);
      t.is(treeHash(volume.mountPath), before);
    }
  },
);

// Recovery to a point on either side of a failover, and at both edges of a hole in the archive, of real servers.
import { appendFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { lsnBytes } from '../../src/api/lsn.ts';
import { RecoveryRefused } from '../../src/archive/recovery/refused.ts';
import type { Point } from '../../src/core/recovery/wish.ts';
import type { PostgresServer } from '../engines/postgres-server.ts';
import { giveToServer } from '../engines/toolbox.ts';
import { slot, until } from '../wal/receiver-run.ts';
import type { RunningReceiver } from '../wal/receiver-run.ts';
import { atTime, commitFor, makeLedger, readCommits, whenStored } from './commits.ts';
import type { Commit } from './commits.ts';
import { makeWorld } from './world.ts';
import type { World } from './world.ts';

const kept = { track_commit_timestamp: 'on', max_slot_wal_keep_size: '1GB' };
const hba = [
  'local replication postgres trust',
  'hostssl all all 127.0.0.0/8 scram-sha-256',
  'hostssl replication holdfast_physical 127.0.0.0/8 scram-sha-256',
];
const physicalOnly = { logical: { enabled: false, databases: [], globals: false, credentialsDirectory: '' } };

const worlds: World[] = [];
const receivers: RunningReceiver[] = [];

test.after.always(async () => {
  await Promise.all(receivers.map((receiver) => receiver.kill()));
  await Promise.all(worlds.map((world) => world.stop()));
});

const open = async (): Promise<World> => {
  const world = await makeWorld();
  worlds.push(world);
  return world;
};

const receive = async (world: World, server: PostgresServer): Promise<RunningReceiver> => {
  const receiver = await world.receive(server);
  receivers.push(receiver);
  await until('it receives', () => receiver.newest() !== undefined, 60, receiver);
  return receiver;
};

const backUp = (world: World, server: PostgresServer): Promise<string> =>
  world.backUp(server, new Date().toISOString().replace(/\.\d+/, ''), physicalOnly);

let restores = 0;
const rowsAt = async (
  world: World,
  point: Point,
  more: { timeline?: number } = {},
): Promise<{ ids: number[]; timeline: number | undefined }> => {
  restores += 1;
  const to = join(world.fixture.directory, `at-${restores}`);
  const { directory } = await world.recover({ point, ...more }, to);
  const restored = await world.startOn(to, { settings: { ssl: 'off', fsync: 'off', track_commit_timestamp: 'on' } });
  try {
    const ids = (await restored.query<{ id: number }>('SELECT id FROM ledger ORDER BY id')).map(({ id }) => id);
    return { ids, timeline: directory?.replayed?.timeline };
  } finally {
    await restored.stop('immediate');
    await rm(to, { recursive: true });
  }
};

const idsUpTo = (commits: readonly Commit[], id: number): number[] =>
  commits.filter((commit) => commit.id <= id).map((commit) => commit.id);
const someOf = (commits: readonly Commit[]): Commit => commits[Math.floor(Math.random() * (commits.length - 1))] as Commit;

test('across a failover: exact before it and behind it, along the timeline that lived', async (t) => {
  const world = await open();
  const primary = await world.fixture.start('primary', { ...kept, hot_standby: 'on' }, { hba });
  await makeLedger(primary);
  const first = await receive(world, primary);
  await backUp(world, primary);
  const replica = await world.fixture.start(
    'replica',
    { ...kept, hot_standby: 'on' },
    {
      hba,
      async prepare(directory) {
        await writeFile(join(directory, 'standby.signal'), '');
        await appendFile(
          join(directory, 'postgresql.auto.conf'),
          `primary_conninfo = 'host=${primary.socketDirectory} port=${primary.port} user=postgres'\n`,
        );
        await giveToServer(join(directory, 'standby.signal'));
      },
    },
  );
  await commitFor(primary, 1500);
  await whenStored(primary, first);
  const before = await readCommits(primary);
  await until('the replica has it', async () => (await replica.query('SELECT FROM ledger')).length === before.length);
  await first.stop();
  const second = await receive(world, replica);
  await primary.stop('fast');
  await replica.query('SELECT pg_promote()');
  await until('it is promoted', async () => (await replica.query<{ r: boolean }>('SELECT pg_is_in_recovery() AS r'))[0]?.r === false);
  await commitFor(replica, 1500);
  await whenStored(replica, second);
  const all = await readCommits(replica);
  const after = all.slice(before.length);
  t.true(before.length > 20 && after.length > 20, `${before.length} and ${after.length} commits`);

  const early = someOf(before.slice(before.length >> 1));
  t.deepEqual(await rowsAt(world, atTime(early.micros)), { ids: idsUpTo(all, early.id), timeline: 1 });
  const late = someOf(after);
  t.deepEqual(await rowsAt(world, atTime(late.micros)), { ids: idsUpTo(all, late.id), timeline: 2 });
  t.deepEqual(await rowsAt(world, atTime(late.micros, false)), { ids: idsUpTo(all, late.id - 1), timeline: 2 });
  // The first commit of the new timeline, and the last one of the old.
  const edge = after[0] as Commit;
  t.deepEqual((await rowsAt(world, atTime(edge.micros, false))).ids, idsUpTo(all, edge.id - 1));
  t.deepEqual(
    (await rowsAt(world, { kind: 'latest' })).ids,
    all.map(({ id }) => id),
  );
  t.deepEqual(await rowsAt(world, atTime(early.micros), { timeline: 2 }), { ids: idsUpTo(all, early.id), timeline: 2 });
});

test('at a hole: what lies before it and behind it is reached, and nothing in it', async (t) => {
  const world = await open();
  const server = await world.fixture.start('holed', { ...kept, min_wal_size: '32MB', max_wal_size: '32MB', wal_keep_size: '0' }, { hba });
  await makeLedger(server);
  const first = await receive(world, server);
  await backUp(world, server);
  await commitFor(server, 800);
  await whenStored(server, first);
  const before = await readCommits(server);
  await first.stop();
  await server.query(`SELECT pg_drop_replication_slot('${slot}')`);
  for (let round = 0; round < 5; round += 1) {
    await commitFor(server, 100);
    await server.query('SELECT pg_switch_wal()');
    await server.query('CHECKPOINT');
  }
  const lost = (await readCommits(server)).slice(before.length);
  const second = await receive(world, server);
  await commitFor(server, 300);
  await backUp(world, server);
  await commitFor(server, 800);
  await whenStored(server, second);
  const all = await readCommits(server);

  const early = someOf(before.slice(before.length >> 1));
  t.deepEqual((await rowsAt(world, atTime(early.micros))).ids, idsUpTo(all, early.id));
  const lastBefore = before.at(-1) as Commit;
  t.deepEqual((await rowsAt(world, { kind: 'lsn', lsn: lsnBytes(lastBefore.lsn), inclusive: false })).ids, idsUpTo(all, lastBefore.id - 1));
  const late = someOf(all.slice(-20));
  t.deepEqual((await rowsAt(world, atTime(late.micros))).ids, idsUpTo(all, late.id));
  t.deepEqual(
    (await rowsAt(world, { kind: 'latest' })).ids,
    all.map(({ id }) => id),
  );
  t.true(lost.length > 20, `${lost.length} commits were lost`);
  const inside = someOf(lost.slice(5, -5));
  for (const point of [atTime(inside.micros), { kind: 'lsn' as const, lsn: lsnBytes(inside.lsn), inclusive: true }]) {
    const error = await t.throwsAsync<RecoveryRefused>(world.recover({ point }, join(world.fixture.directory, 'no')), {
      instanceOf: RecoveryRefused,
    });
    t.is(error?.code, 'WALGap', error?.message);
    t.regex(error?.message ?? '', /What can be reached: .*; /);
  }
});

// Restores into a running server by their Jobs, and the question whether a live server is the restored one.
import { setTimeout as pause } from 'node:timers/promises';
import test from 'ava';
import { Client } from 'pg';
import type { DumpsPlan } from '../../src/api/recover.ts';
import type { PostgresServer } from '../engines/postgres-server.ts';
import { recoverPlan, run } from './volume-restores.ts';
import { makeWorld } from './world.ts';
import type { World } from './world.ts';

let world: World;
let target: PostgresServer;

test.before(async () => {
  world = await makeWorld();
  const source = await world.fixture.start('main');
  await source.query('CREATE ROLE shop_owner');
  await source.query('CREATE DATABASE shop OWNER shop_owner');
  await source.query('CREATE TABLE orders AS SELECT n FROM generate_series(1, 300) AS n', 'shop');
  await source.query('CREATE TABLE items AS SELECT n FROM generate_series(1, 70) AS n', 'shop');
  await world.backUp(source, '2026-11-22T02:00:00Z', { physical: false });
  target = await world.fixture.start('target');
});

test.after.always(() => world?.stop());

// As the Job of a Restore reaches it: over TCP, with a login out of a Secret.
const password = String.raw`canary:three\'of "restorer" %41`;

const byJob = async () => {
  await target.query(
    `DO $$ BEGIN CREATE ROLE restorer SUPERUSER LOGIN PASSWORD '${password.replaceAll("'", "''")}'; EXCEPTION WHEN duplicate_object THEN NULL; END $$`,
  );
  const credentialsDirectory = await world.fixture.login('restorer', password);
  const { port } = target;
  const { caFile } = world.fixture.certificates;
  return { version: 17, host: '127.0.0.1', port, database: 'postgres', sslMode: 'verify-full', caFile, credentialsDirectory } as const;
};

test.serial('a Restore into a running server: planned by the same hash, with its roles, and no password where others see it', async (t) => {
  const dumps = { kind: 'server' as const, server: await byJob(), databases: ['shop'], add: false, roles: true } satisfies DumpsPlan;
  const plan = recoverPlan(world, { target: dumps });
  const planning = await run({ ...plan, mode: 'Plan', target: dumps, verifySource: true });
  t.is(planning.result.outcome, 'Succeeded', planning.result.message);
  t.regex(planning.result.planned?.target ?? '', /^the server 127\.0\.0\.1:\d+$/);
  const { result, lines } = await run({ ...plan, planHash: planning.result.planned?.hash ?? '' });
  t.is(result.outcome, 'Succeeded', result.message);
  t.regex(result.note ?? '', /"shop" is the new database "shop"; rows of 2 tables were compared\./);
  t.false(JSON.stringify(lines).includes('canary'));
  t.deepEqual(await target.query('SELECT count(*)::int AS n FROM orders', 'shop'), [{ n: 300 }]);
  const again = await run(plan);
  t.like(again.result, { outcome: 'Failed', category: 'Configuration', code: 'TargetNotEmpty' });
  t.regex(again.result.message ?? '', /write target\.server\.add: true/);
  const other = await run({ ...plan, target: { ...dumps, databases: ['no such'] } });
  t.like(other.result, { code: 'DatabaseNotFound' });
});

test.serial('a database that somebody else uses is not restored into', async (t) => {
  await target.query('CREATE DATABASE busy TEMPLATE template0');
  const client = new Client({
    host: target.socketDirectory,
    port: target.port,
    user: 'postgres',
    database: 'busy',
    application_name: 'the shop',
  });
  await client.connect();
  const dumps = {
    kind: 'server' as const,
    server: await byJob(),
    databases: ['shop'],
    into: 'busy',
    add: false,
    roles: false,
  } satisfies DumpsPlan;
  const plan = recoverPlan(world, { target: dumps });
  try {
    const { result } = await run(plan);
    t.like(result, { outcome: 'Failed', category: 'Configuration', code: 'ConnectionsActive' }, result.message);
    t.regex(result.message ?? '', /"busy" has other connections: the shop \(postgres\)/);
    t.deepEqual(await target.query(`SELECT count(*)::int AS n FROM pg_class WHERE relname = 'orders'`, 'busy'), [{ n: 0 }]);
  } finally {
    await client.end();
  }
  t.is((await run(plan)).result.outcome, 'Succeeded');
  t.deepEqual(await target.query('SELECT count(*)::int AS n FROM orders', 'busy'), [{ n: 300 }]);
});

test.serial('Check asks the live server until it is the restored one, and says what is different', async (t) => {
  const [facts] = await target.query<{ id: string }>('SELECT system_identifier::text AS id FROM pg_control_system()');
  const {
    policy,
    clusterId,
    verificationKeys,
    restore: of,
    component,
    attempt,
  } = recoverPlan(world, {
    target: { kind: 'server', server: await byJob(), databases: [], add: false, roles: false },
  });
  const common = {
    policy,
    clusterId,
    verificationKeys,
    restore: of,
    component,
    attempt,
    verb: 'recover',
    mode: 'Check',
    deadlineSeconds: 3,
  } as const;
  const server = await byJob();
  const check = async (expect: object) => (await run({ ...common, server, expect })).result;
  const good = await check({ systemId: facts?.id, timeline: 1, lsn: '0/1' });
  t.like(good, { outcome: 'Succeeded', mode: 'Check', systemId: facts?.id, timeline: 1 }, good.message);
  t.is((await run({ ...common, server })).result.outcome, 'Succeeded');
  const table: [object, RegExp][] = [
    [{ systemId: '123' }, /another one: its system identifier is \d+, that of the restored one 123/],
    [{ timeline: 2 }, /on timeline 1, and the restored one on 2/],
    [{ lsn: 'FF/0' }, /came to FF\/0/],
  ];
  for (const [expect, words] of table) {
    const result = await check(expect);
    t.like(result, { outcome: 'Failed', category: 'Verification', code: 'RestoreVerificationFailed' });
    t.regex(result.message ?? '', words);
  }
  // It comes up while it is asked.
  await target.stop();
  const asking = run({ ...common, deadlineSeconds: 60, server, expect: { systemId: facts?.id ?? '' } });
  await pause(1500);
  target = await world.fixture.restart(target);
  t.is((await asking).result.outcome, 'Succeeded');
  await target.stop();
  t.like((await run({ ...common, server })).result, { outcome: 'Failed', category: 'Deadline', code: 'DeadlineExceeded' });
});

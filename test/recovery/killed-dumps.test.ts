// Restores into a running server whose agent is killed at each step: the next attempt goes on, and nobody ever meets a half-filled database.
import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';
import { Client } from 'pg';
import type { DumpsPlan, RecoverRestorePlan } from '../../src/api/recover.ts';
import type { PostgresServer } from '../engines/postgres-server.ts';
import { until } from '../wal/receiver-run.ts';
import { recoverPlan, run, spawnAgent } from './volume-restores.ts';
import { makeWorld } from './world.ts';
import type { World } from './world.ts';

let world: World;
let target: PostgresServer;
let dumps: DumpsPlan;
let into: string;

// An index whose making takes a while: a restore can be met while it works.
const contents = `
  CREATE FUNCTION slowly(n int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN PERFORM pg_catalog.pg_sleep(0.02); RETURN n; END';
  CREATE TABLE orders AS SELECT n FROM generate_series(1, 300) AS n;
  CREATE TABLE items AS SELECT n FROM generate_series(1, 40) AS n;
  CREATE INDEX items_slowly ON items (slowly(n))`;
const shopSettings = `
  ALTER DATABASE shop SET work_mem = '7MB'; ALTER ROLE shop_owner IN DATABASE shop SET work_mem = '8MB';
  COMMENT ON DATABASE shop IS 'It''s; the shop'; REVOKE TEMPORARY ON DATABASE shop FROM PUBLIC`;

test.before(async () => {
  world = await makeWorld();
  const source = await world.fixture.start('main');
  await source.query('CREATE ROLE shop_owner');
  for (const name of ['shop', 'xtra']) {
    await source.query(`CREATE DATABASE ${name} OWNER shop_owner`);
    await source.query(contents, name);
  }
  await source.query(shopSettings);
  await world.backUp(source, '2026-11-22T02:00:00Z', { physical: false });
  target = await world.fixture.start('target');
  await target.query(`CREATE ROLE restorer SUPERUSER LOGIN PASSWORD 'secret'`);
  into = `host=${target.socketDirectory} port=${target.port} user=postgres dbname=postgres`;
  const server = {
    version: 17,
    host: '127.0.0.1',
    port: target.port,
    database: 'postgres',
    sslMode: 'verify-full',
    caFile: world.fixture.certificates.caFile,
    credentialsDirectory: await world.fixture.login('restorer', 'secret'),
  } as const;
  dumps = { kind: 'server', server, databases: ['shop', 'xtra'], add: false, roles: true };
});

test.after.always(() => world?.stop());

const names = async (): Promise<string[]> =>
  (
    await target.query<{ name: string }>(
      `SELECT datname AS name FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres' ORDER BY 1`,
    )
  ).map(({ name }) => name);

const openTo = async (database: string): Promise<Client> => {
  const client = new Client({ host: target.socketDirectory, port: target.port, user: 'postgres', database, application_name: 'somebody' });
  await client.connect();
  return client;
};

// Another session: what it locks holds up the restore until it is closed.
const holding = async (lock: string): Promise<() => Promise<void>> => {
  const client = await openTo('postgres');
  await client.query(`BEGIN; LOCK TABLE ${lock} IN SHARE MODE`);
  return () => client.end();
};

const isAsking = async (what: string): Promise<boolean> =>
  (await target.query(`SELECT FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND state = 'active' AND query ~ '${what}'`)).length > 0;

// SIGKILL for it and all that it has started, as where a container goes.
const killAll = (pid: number): void => {
  const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && parentOf(name) === pid);
  process.kill(pid, 'SIGKILL');
  children.forEach((child) => killAll(Number(child)));
};

const parentOf = (pid: string): number | undefined => {
  try {
    return Number(/\) \w (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]);
  } catch {
    return undefined;
  }
};

const look = (name: string) =>
  target.query(
    `SELECT pg_get_userbyid(datdba) AS owner, shobj_description(oid, 'pg_database') AS comment, (SELECT array_agg(each::text ORDER BY each::text) FROM unnest(datacl) AS each) AS rights, (SELECT count(*)::int FROM pg_db_role_setting WHERE setdatabase = d.oid) AS settings FROM pg_database d WHERE datname = '${name}'`,
  );

const shopAsItWas = [
  { owner: 'shop_owner', comment: "It's; the shop", rights: ['=c/shop_owner', 'shop_owner=CTc/shop_owner'], settings: 2 },
];

const clear = async (): Promise<void> => {
  for (const name of await names()) {
    await target.query(`DROP DATABASE "${name}" WITH (FORCE)`);
  }
};

// The moment, what holds the restore there, and what is seen of it in the end of the first attempt.
const moments: [title: string, lock: string | undefined, asks: string, inPlace: boolean][] = [
  ['while its indexes are made', undefined, 'CREATE INDEX', false],
  ['just before it gets its name', 'pg_database', 'RENAME TO', false],
  ['when it has its name, and nobody was told', 'pg_shdescription', '^COMMENT ON DATABASE .shop', true],
];

for (const [title, lock, asks, inPlace] of moments) {
  test.serial(`killed ${title}: nobody sees half of it, and the next attempt brings all of it`, async (t) => {
    await clear();
    const plan = recoverPlan(world, { target: dumps });
    const agent = spawnAgent(plan);
    t.teardown(() => agent.child.kill('SIGKILL'));
    let release: (() => Promise<void>) | undefined;
    if (lock !== undefined) {
      await until('the last index is being made', async () => (await names()).length === 2 && (await isAsking('CREATE INDEX')));
      release = await holding(lock);
      t.teardown(release);
    }
    await until(`it is there: ${asks}`, () => isAsking(asks));
    killAll(agent.child.pid ?? 0);
    await agent.ended;
    await release?.();
    await until('the server has noticed', async () => !(await isAsking('INDEX|DATABASE|RENAME')));
    const left = await names();
    t.deepEqual(
      left.filter((name) => !name.startsWith('holdfast_')),
      inPlace ? ['shop', 'xtra'] : [],
    );
    t.true(inPlace || left.length > 0);
    const { result } = await run({ ...plan, attempt: 2 });
    t.is(result.outcome, 'Succeeded', result.message);
    t.regex(result.note ?? '', inPlace ? /"shop".*earlier attempt/ : /"shop" is the new database "shop"; rows of 2 tables were compared\./);
    t.deepEqual(await names(), ['shop', 'xtra']);
    t.deepEqual(await look('shop'), shopAsItWas);
    t.like(await look('xtra'), { 0: { comment: null, rights: null } });
    t.deepEqual(await target.query('SELECT count(*)::int AS n FROM orders', 'xtra'), [{ n: 300 }]);
    // It was reported by now: the same Restore once more finds what others may work with.
    t.like((await run({ ...plan, attempt: 3 })).result, { outcome: 'Failed', code: 'TargetNotEmpty' });
  });
}

for (const [title, create] of [
  ['new databases', true],
  ['a database that was there', false],
] as const) {
  test.serial(`the server crashes while it fills ${title}: another attempt may help, and does`, async (t) => {
    await clear();
    if (!create) {
      await target.query('CREATE DATABASE prepared');
    }
    const plan = recoverPlan(world, { target: create ? dumps : { ...dumps, databases: ['shop'], into: 'prepared' } });
    const first = run(plan);
    await until('an index is made', () => isAsking('CREATE INDEX'));
    await target.stop('immediate');
    const { result } = await first;
    const { result: second } = await run({ ...plan, attempt: 2 });
    target = await world.fixture.restart(target);
    t.like(result, { outcome: 'Failed', code: 'RestoreFailed', retryable: true }, result.message);
    t.like(second, { outcome: 'Failed', retryable: true }, `it is still away: ${second.message}`);
    const { result: last } = await run({ ...plan, attempt: 3 });
    t.is(last.outcome, 'Succeeded', last.message);
    t.deepEqual(await names(), create ? ['shop', 'xtra'] : ['prepared']);
  });
}

test.serial("a name that nobody knows and a password that is wrong are a person's to mend", async (t) => {
  const server = dumps.server;
  for (const wrong of [{ host: 'nobody.invalid' }, { credentialsDirectory: await world.fixture.login('restorer', 'wrong') }]) {
    const { result } = await run(recoverPlan(world, { target: { ...dumps, server: { ...server, ...wrong } } }));
    t.like(result, { outcome: 'Failed', retryable: false }, result.message);
  }
});

test.serial('what is not its own stays: leftovers of another Restore, and databases that only look like one', async (t) => {
  await clear();
  const plan = recoverPlan(world, { target: dumps });
  const agent = spawnAgent({ ...plan, restore: { name: 'other', uid: '00000000-9a75-4c44-8f6f-0f2f6a1d7c11' } });
  await until('an index is made', () => isAsking('CREATE INDEX'));
  killAll(agent.child.pid ?? 0);
  await agent.ended;
  await until('the server has noticed', async () => !(await isAsking('INDEX')));
  await target.query('CREATE DATABASE holdfast_shop');
  const before = await names();
  t.is(before.length, 2);
  t.is((await run(plan)).result.outcome, 'Succeeded');
  t.deepEqual(await names(), [...before, 'shop', 'xtra'].toSorted());
});

test.serial('refused: somebody is in the leftover, or a database of that name appeared meanwhile; nothing of it stays', async (t) => {
  await clear();
  const plan = recoverPlan(world, { target: { ...dumps, databases: ['shop'] } });
  const meanwhile = run(plan);
  await until('the index is being made', () => isAsking('CREATE INDEX'));
  await target.query('CREATE DATABASE shop');
  const { result } = await meanwhile;
  t.like(result, { outcome: 'Failed', code: 'TargetNotEmpty' });
  t.regex(result.message ?? '', /"shop" .*meanwhile/);
  t.deepEqual(await names(), ['shop']);
  await target.query('DROP DATABASE shop');

  const building = run(plan);
  await until('the index is being made', () => isAsking('CREATE INDEX'));
  const [built = ''] = await names();
  const client = await openTo(built);
  const refusedToo = (await building).result;
  t.like(refusedToo, { outcome: 'Failed', code: 'ConnectionsActive' });
  t.regex(refusedToo.message ?? '', /somebody \(postgres\)/);
  t.deepEqual(await names(), [built]);
  await client.end();
  t.is((await run(plan)).result.outcome, 'Succeeded');
  t.deepEqual(await names(), ['shop']);
});

test.serial('the offline command, killed, and run again', async (t) => {
  await clear();
  const { spawn } = await import('node:child_process');
  const { root } = await import('../commands/capture.ts');
  const args = ['restore', '--from', world.directory, '--identity', world.identityFile, '--latest', '--into', into];
  const child = spawn(process.execPath, [`${root}/src/cli.ts`, ...args], { stdio: 'ignore', env: { PATH: process.env['PATH'] } });
  const ended = new Promise((resolve) => child.once('close', resolve));
  await until('an index is made', () => isAsking('CREATE INDEX'));
  killAll(child.pid ?? 0);
  await ended;
  await until('the server has noticed', async () => !(await isAsking('INDEX')));
  t.true((await names()).every((name) => name.startsWith('holdfast_')));
  const { code, stdout, stderr } = await world.run('restore', '--latest', '--into', into);
  t.is(code, 0, stderr);
  t.regex(stdout, /shop as a new database: 2 tables/);
  t.deepEqual(await names(), ['shop', 'xtra']);
});

test.serial('into a database that was there: one transaction, of which a killed attempt leaves nothing', async (t) => {
  await clear();
  await target.query('CREATE DATABASE prepared');
  const plan: RecoverRestorePlan = recoverPlan(world, { target: { ...dumps, databases: ['shop'], into: 'prepared' } });
  const agent = spawnAgent(plan);
  await until('the index is being made', () => isAsking('CREATE INDEX'));
  killAll(agent.child.pid ?? 0);
  await agent.ended;
  await until('the server has noticed', async () => !(await isAsking('INDEX')));
  const { result } = await run({ ...plan, attempt: 2 });
  t.is(result.outcome, 'Succeeded', result.message);
  t.deepEqual(await target.query('SELECT count(*)::int AS n FROM orders', 'prepared'), [{ n: 300 }]);
});

// One dump of a real server under load, physical and logical, with odd names and kinds of tables; and what stock tools make of it.
import { join } from 'node:path';
import test from 'ava';
import type { DumpResult } from '../../src/api/agent.ts';
import { dumpName } from '../../src/engines/postgresql/logical/database-dump.ts';
import { makeRepository, runDump } from './agent-run.ts';
import type { Repository } from './agent-run.ts';
import { startLoad } from './load.ts';
import type { Load } from './load.ts';
import { emptyName, makeOddDatabases, oddNames } from './odd-databases.ts';
import type { PostgresServer } from './postgres-server.ts';
import { countTable, readFacts, restoreLogical, restorePhysical } from './restored.ts';
import type { Facts } from './restored.ts';
import { makeFixture, passwords } from './server-fixture.ts';
import type { Fixture } from './server-fixture.ts';
import { spyOnChildren } from './spy.ts';
import type { Spy } from './spy.ts';
import { runProgram } from './toolbox.ts';

let fixture: Fixture;
let server: PostgresServer;
let repository: Repository;
let load: Load;
let result: DumpResult;
let spy: Spy;
let facts: Facts;
let startedAt = 0;
let slotsWhileCopying: unknown[] = [];

const slots = () => server.query('SELECT temporary, slot_type, active, restart_lsn IS NOT NULL AS reserved FROM pg_replication_slots');

// Enough that a copy takes some time and several writes.
const bulk = `CREATE TABLE bulk AS SELECT n AS id, (SELECT string_agg(md5(n::text || k), '') FROM generate_series(1, 60) AS k) AS body FROM generate_series(1, 20000) AS n`;

test.before(async () => {
  fixture = await makeFixture();
  server = await fixture.start('main');
  await makeOddDatabases(server);
  await server.query('CREATE DATABASE load');
  await server.query(bulk, 'load');
  load = await startLoad(server, 'load');
  repository = await makeRepository(join(fixture.directory, 'repository'));
  spy = spyOnChildren(Object.values(passwords));
  startedAt = Date.now();
  let asked: Promise<void> | undefined;
  result = await runDump(repository.plan(await fixture.source(server)), {
    onLine: (line) => {
      if (line.kind === 'progress' && line.phase === 'dump base.tar') {
        asked ??= slots().then((found) => void (slotsWhileCopying = found));
      }
    },
  });
  await asked;
  spy.stop();
  await load.stop();
  facts = await readFacts(repository, fixture.directory);
});

test.after.always(async () => {
  spy?.stop();
  await fixture.stop();
});

test('the dump ends well, and says up to when everything is in it', (t) => {
  t.is(result.outcome, 'Succeeded', result.message);
  t.deepEqual(result.verification, { level: 'L2', verdict: 'Passed' });
  t.true(Date.parse(result.restorableTo ?? '') >= startedAt, `${result.restorableTo} lies before the dump began`);
  t.deepEqual(
    result.phases?.map(({ name }) => name).filter((name) => name.startsWith('dump ')),
    ['base.tar', ...[...oddNames, emptyName, 'load', 'postgres'].toSorted().map(dumpName), 'globals.sql'].map((name) => `dump ${name}`),
  );
});

test('a slot keeps the WAL while the copy runs, and is gone afterwards', async (t) => {
  t.deepEqual(slotsWhileCopying, [{ temporary: true, slot_type: 'physical', active: true, reserved: true }]);
  t.deepEqual(await slots(), []);
  t.deepEqual(await server.query(`SELECT pid FROM pg_stat_activity WHERE application_name = 'holdfast'`), []);
});

test('no password stands in the arguments or the environment of any process', (t) => {
  for (const program of ['pg_basebackup', 'pg_dump', 'pg_dumpall', 'zstd', 'pg_restore']) {
    t.true(spy.programs.has(program), `${program} was never seen: ${[...spy.programs].join(', ')}`);
  }
  t.deepEqual([...spy.found], []);
});

const expectedRows: Record<string, number> = {
  'public.select': 50,
  'public.quo"te': 5,
  'public.dot.ted': 2,
  'sch.ema "x".Täble (with) stuff': 30,
  'public.new\nline;\tCOPY\\x\r': 3,
  'public.empty': 0,
  'public.no_columns': 2,
  'public.generated': 40,
  'public.measured_2025': 11,
  'public.measured_rest': 19,
  'public.parent': 1,
  'public.child': 2,
  'public.unlogged': 20,
  'public.kinds': 3,
  'public.hidden': 10,
  'public.toasted': 20,
};

test('the facts count every table, whatever its name', (t) => {
  t.deepEqual(facts.databases.map(({ database }) => database).toSorted(), [...oddNames, emptyName, 'load', 'postgres'].toSorted());
  const [odd] = oddNames;
  const tables = facts.databases.find(({ database }) => database === odd)?.tables ?? [];
  t.deepEqual(Object.fromEntries(tables.map(({ schema, table, rows }) => [`${schema}.${table}`, rows])), expectedRows);
  t.true(tables.every(({ counted, digest }) => counted === 'Snapshot' && digest !== undefined));
  t.deepEqual(facts.databases.find(({ database }) => database === emptyName)?.tables, []);
});

test('pg_restore brings every row of every database back, with its roles', async (t) => {
  const target = await fixture.start('logical');
  // The template has the roles already: a server that has nothing is what a disaster leaves.
  await target.query('DROP ROLE holdfast_dump, holdfast_physical');
  const dumps = facts.databases.filter(({ database }) => database !== 'postgres');
  await restoreLogical(
    repository,
    target,
    fixture.directory,
    dumps.map(({ artifact }) => artifact),
  );
  for (const { database, tables } of dumps) {
    for (const { schema, table, rows, digest } of tables) {
      const found = await countTable(target, database, schema, table);
      t.is(found?.rows, rows, `${database}: ${schema}.${table}`);
      if (digest !== undefined) {
        t.is(found?.digest, digest, `${database}: ${schema}.${table}`);
      }
    }
  }
  const [summary] = await target.query<{ rows: string }>('SELECT rows FROM summary', oddNames[0]);
  t.is(summary?.rows, '40');
  const [large] = await target.query<{ text: string }>(
    `SELECT convert_from(lo_get(oid), 'UTF8') AS text FROM pg_largeobject_metadata`,
    oddNames[0],
  );
  t.is(large?.text, 'a large object');
  const hashes = `SELECT rolname, rolpassword FROM pg_authid WHERE rolname LIKE 'holdfast%' ORDER BY 1`;
  t.deepEqual(await target.query(hashes), await server.query(hashes));
  const [invariant] = await target.query<{ holds: boolean }>(
    'SELECT (SELECT sum(amount) FROM ledger) = (SELECT amount FROM total) AS holds',
    'load',
  );
  t.true(invariant?.holds);
});

test('the copy starts without any archive, is sound, and holds every commit up to the instant that was promised', async (t) => {
  const restored = await restorePhysical(repository, fixture.directory);
  try {
    for (const { database, tables } of facts.databases.filter(({ database: name }) => name !== 'load')) {
      for (const { schema, table, rows, digest } of tables) {
        const found = await countTable(restored, database, schema, table);
        // Unlogged tables come back empty: that is what they are.
        t.is(found?.rows, table === 'unlogged' ? 0 : rows, `${database}: ${schema}.${table}`);
        t.true(table === 'unlogged' || found?.digest === digest, `${database}: ${schema}.${table}`);
      }
    }
    const ids = new Set((await restored.query<{ id: number }>('SELECT id FROM ledger', 'load')).map(({ id }) => id));
    const promised = Date.parse(result.restorableTo ?? '');
    const due = [...load.answered].filter(([, answeredAt]) => answeredAt < promised);
    t.true(due.length > 0, 'the load wrote nothing before that instant');
    t.deepEqual(
      due.filter(([id]) => !ids.has(id)),
      [],
    );
    t.true(ids.size < load.answered.size, 'the load wrote nothing after the copy');
    const [invariant] = await restored.query<{ holds: boolean }>(
      'SELECT (SELECT sum(amount) FROM ledger) = (SELECT amount FROM total) AS holds',
      'load',
    );
    t.true(invariant?.holds);
    const connection = [`--host=${restored.socketDirectory}`, `--port=${restored.port}`, '--username=postgres'];
    await t.notThrowsAsync(runProgram('pg_amcheck', [...connection, '--all', '--install-missing', '--heapallindexed']));
  } finally {
    await restored.stop('immediate');
  }
});

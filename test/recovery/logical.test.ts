// Dumps of a real server, brought back into another one: roles first, whole databases, schemas and tables; and what is refused.
import { join } from 'node:path';
import test from 'ava';
import { planDumps, refuseOccupied, refuseVersions } from '../../src/core/recovery/dumps.ts';
import { holdsPassword, ofDatabase } from '../../src/engines/postgresql/recovery/connection.ts';
import { planRoles } from '../../src/engines/postgresql/recovery/roles.ts';
import { splitStatements } from '../../src/engines/postgresql/recovery/statements.ts';
import { readToc, selectPart } from '../../src/engines/postgresql/recovery/toc.ts';
import { oddNames } from '../engines/odd-databases.ts';
import type { PostgresServer } from '../engines/postgres-server.ts';
import { countTable } from '../engines/restored.ts';
import { makeWorld } from './world.ts';
import type { World } from './world.ts';

const odd = [oddNames[0] ?? '', 'dot.ted/../name', '--version'];

let world: World;
let source: PostgresServer;
let target: PostgresServer;
let into: string;

const shop = `
  CREATE ROLE shop_owner; CREATE ROLE "Odd; role" LOGIN PASSWORD 'it''s; secret'; GRANT shop_owner TO "Odd; role"; ALTER ROLE shop_owner SET work_mem = '7MB';
  CREATE DATABASE shop OWNER shop_owner`;
// What a pipe does not hold: who reads only the head of such a dump breaks it.
const tables = `
  CREATE SCHEMA stock AUTHORIZATION shop_owner; CREATE TYPE stock.size AS ENUM ('s', 'l');
  CREATE TABLE customers (id serial PRIMARY KEY, name text NOT NULL);
  CREATE INDEX customers_by_name ON customers (name);
  CREATE TABLE orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer int REFERENCES customers, total numeric CHECK (total >= 0));
  CREATE TABLE stock.items (id int PRIMARY KEY, size stock.size, noise text);
  ALTER TABLE customers OWNER TO shop_owner;
  INSERT INTO customers (name) SELECT 'c' || n FROM generate_series(1, 500) AS n;
  INSERT INTO orders (customer, total) SELECT n, n FROM generate_series(1, 300) AS n;
  INSERT INTO stock.items SELECT n, 's', (SELECT string_agg(gen_random_uuid()::text, '') FROM generate_series(1, 1500 + 0 * n)) FROM generate_series(1, 70) AS n;`;

test.before(async () => {
  world = await makeWorld();
  source = await world.fixture.start('main');
  for (const name of odd) {
    await source.query(`CREATE DATABASE "${name.replaceAll('"', '""')}"`);
    await source.query('CREATE TABLE "ta""ble" AS SELECT generate_series(1, 10) AS n', name);
  }
  for (const statement of shop.split('\n').flatMap((line) => splitStatements(line))) {
    await source.query(statement);
  }
  await source.query(tables, 'shop');
  await world.backUp(source, '2026-11-22T02:00:00Z', { physical: false });
  target = await world.fixture.start('target');
  into = `host=${target.socketDirectory} port=${target.port} user=postgres dbname=postgres`;
});

test.after.always(() => world?.stop());

const restore = (...args: string[]) => world.run('restore', '--latest', '--into', into, ...args);

test.serial('a chosen database comes back with its roles, its rows, its rights, as a new database', async (t) => {
  const { code, stdout, stderr } = await restore('--database', 'shop');
  t.is(code, 0, stderr);
  t.regex(stdout, /shop as a new database: 3 tables have the rows that the snapshot saw/);
  t.regex(stdout, /^Roles made: .*Odd; role.*shop_owner/m);
  t.regex(stdout, /^Roles that were there and stay as they are: .*postgres/m);
  for (const [schema, table] of [
    ['public', 'customers'],
    ['public', 'orders'],
    ['stock', 'items'],
  ] as const) {
    t.deepEqual(await countTable(target, 'shop', schema, table), await countTable(source, 'shop', schema, table));
  }
  const roles = `SELECT rolname, a.rolpassword, s.setconfig FROM pg_authid a LEFT JOIN pg_db_role_setting s ON s.setrole = a.oid WHERE rolname IN ('shop_owner', 'Odd; role') ORDER BY 1`;
  t.deepEqual(await target.query(roles), await source.query(roles));
  t.like(await target.query(`SELECT pg_get_userbyid(datdba) AS owner FROM pg_database WHERE datname = 'shop'`), {
    0: { owner: 'shop_owner' },
  });
  t.like(await target.query(`SELECT count(*)::int AS members FROM pg_auth_members WHERE roleid = 'shop_owner'::regrole`), {
    0: { members: 1 },
  });
});

test.serial('refused: a database that is there already, untouched; the next command is exact', async (t) => {
  await target.query('DELETE FROM orders WHERE id = 1', 'shop');
  const { code, stderr } = await restore('--database', 'shop');
  t.is(code, 4);
  t.regex(stderr, /^Error \(TargetNotEmpty\): The database "shop" is there already, with \d+ tables and the like\.$/m);
  t.regex(stderr, /^Next: kubectl holdfast restore .*--database shop .*--add \(adds to it/m);
  t.like(await target.query('SELECT count(*)::int AS n FROM orders', 'shop'), { 0: { n: 299 } });
  // Asked for, but in the way of one another: all of it is undone.
  const added = await restore('--database', 'shop', '--add');
  t.is(added.code, 1);
  t.regex(added.stderr, /already exists/);
  t.like(await target.query('SELECT count(*)::int AS n FROM orders', 'shop'), { 0: { n: 299 } });
});

test.serial(
  'a table dropped by mistake comes back into the database that it was in, with its keys, sequence, indexes and rights',
  async (t) => {
    const look = `SELECT (SELECT string_agg(indexdef, E'\n' ORDER BY 1) FROM pg_indexes WHERE tablename = 'customers') AS indexes, pg_get_userbyid(relowner) AS owner,
    pg_get_serial_sequence('customers', 'id') AS sequence FROM pg_class WHERE relname = 'customers'`;
    await target.query('DROP TABLE customers CASCADE', 'shop');
    const { code, stdout, stderr } = await restore('--database', 'shop', '--table', 'public.customers', '--add');
    t.is(code, 0, stderr);
    t.regex(stdout, /shop into shop: 1 tables have the rows/);
    t.deepEqual(await target.query(look, 'shop'), await source.query(look, 'shop'));
    t.like(await target.query(`INSERT INTO customers (name) VALUES ('next') RETURNING id`, 'shop'), { 0: { id: 501 } });
    // The foreign key of the other table was dropped with it, and belongs to that one.
    t.like(await target.query('SELECT count(*)::int AS n FROM orders', 'shop'), { 0: { n: 299 } });
  },
);

test.serial('one schema, into an empty database of another name', async (t) => {
  await target.query('CREATE DATABASE beside');
  const { code, stdout, stderr } = await restore('--database', 'shop', '--schema', 'stock', '--into-database', 'beside');
  t.is(code, 0, stderr);
  t.regex(stdout, /shop into beside: 1 tables/);
  t.deepEqual(await countTable(target, 'beside', 'stock', 'items'), await countTable(source, 'shop', 'stock', 'items'));
  t.like(await target.query(`SELECT count(*)::int AS n FROM pg_tables WHERE schemaname = 'public'`, 'beside'), { 0: { n: 0 } });
});

test.serial('one table into a new database brings the types that it needs, and no key to a table that is not there', async (t) => {
  await target.query('DROP DATABASE shop');
  const { code, stderr } = await restore('--database', 'shop', '--table', 'items', '--table', 'orders');
  t.is(code, 0, stderr);
  t.deepEqual(await countTable(target, 'shop', 'public', 'orders'), await countTable(source, 'shop', 'public', 'orders'));
  t.like(
    await target.query(
      `SELECT count(*)::int AS n FROM pg_constraint WHERE conrelid = 'orders'::regclass AND contype IN ('f', 'c', 'p')`,
      'shop',
    ),
    {
      0: { n: 2 },
    },
  );
});

test.serial('all databases at once, whatever their names are', async (t) => {
  await target.query('DROP DATABASE shop');
  const { code, stdout, stderr } = await restore();
  t.is(code, 0, stderr);
  for (const name of [...odd, 'shop']) {
    t.true((await target.query(`SELECT FROM pg_database WHERE datname = $name$${name}$name$`)).length === 1, name);
  }
  t.true((stdout.match(/tables have the rows that the snapshot saw/g) ?? []).length >= odd.length);
});

test.serial('rows that differ afterwards are found', async (t) => {
  await target.query('DROP DATABASE shop');
  // A trigger of the target's own: it deletes a row when an index is made.
  await target.query('CREATE DATABASE meddled');
  await target.query(
    `CREATE FUNCTION meddle() RETURNS event_trigger LANGUAGE plpgsql AS $f$ BEGIN DELETE FROM stock.items WHERE id = 7; END $f$;
     CREATE TABLE seen (); CREATE EVENT TRIGGER meddle ON ddl_command_end WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION meddle()`,
    'meddled',
  );
  const { code, stderr } = await restore('--database', 'shop', '--into-database', 'meddled', '--add');
  t.is(code, 1, stderr);
  t.regex(stderr, /\(VerificationFailed\).*1 of 3 tables .* stock\.items/);
});

test('refused: what the backup does not hold, and a server that cannot be reached', async (t) => {
  const none = await restore('--database', 'nothing');
  t.is(none.code, 4);
  t.regex(none.stderr, /\(DatabaseNotFound\).*"nothing"/);
  const noTable = await restore('--database', 'shop', '--table', 'no_such_table', '--into-database', 'postgres');
  t.is(noTable.code, 4);
  t.regex(noTable.stderr, /\(DatabaseNotFound\).*"no_such_table"/);
  const away = await world.run('restore', '--latest', '--into', `host=${join(world.fixture.directory, 'nowhere')} user=postgres`);
  t.is(away.code, 1);
  t.regex(away.stderr, /Asking the server/);
  const secret = await world.run('restore', '--latest', '--into', 'postgresql://me:secret@host/db');
  t.is(secret.code, 2);
  t.notRegex(secret.stderr, /secret@/);
});

test('the plan of a logical restore names the databases and reads only their dumps', async (t) => {
  const { code, stdout, stderr } = await world.run(
    'plan',
    'restore',
    '--latest',
    '--into',
    into,
    '--database',
    'dot.ted/../name',
    '--into-database',
    'postgres',
    '-o',
    'json',
  );
  t.is(code, 0, stderr);
  const plan = JSON.parse(stdout);
  t.is(plan.form, 'logical');
  t.regex(JSON.stringify(plan.steps), /the database \\"dot\.ted\/\.\.\/name\\" into \\"postgres\\"/);
  t.true(plan.fetchBytes > 0 && plan.fetchBytes < 100_000, String(plan.fetchBytes));
});

const component = { artifacts: ['shop.dump', 'a%20b.dump', 'globals.sql'].map((name) => ({ name })) } as never;

test('which dump goes where', (t) => {
  t.deepEqual(planDumps(component, { databases: [], add: false }, ['shop']), [
    { artifact: 'shop.dump', database: 'shop', into: 'shop', create: false },
    { artifact: 'a%20b.dump', database: 'a b', into: 'a b', create: true },
  ]);
  t.like(planDumps(component, { databases: ['a b'], into: 'x', add: false }, ['x']), { 0: { into: 'x', create: false }, length: 1 });
  t.like(planDumps(component, { databases: [], into: 'x', add: false }, ['x']), { code: 'DatabaseNotFound' });
  t.like(planDumps(component, { databases: ['shop'], into: 'y', add: false }, ['x']), { code: 'DatabaseNotFound' });
  const steps = [{ artifact: 'shop.dump', database: 'shop', into: 'shop', create: false }];
  t.is(refuseOccupied(steps, new Map([['shop', 0]]), { databases: [], add: false }), undefined);
  t.is(refuseOccupied(steps, new Map([['shop', 1]]), { databases: [], add: true }), undefined);
  t.is(refuseOccupied(steps, new Map([['shop', 1]]), { databases: [], add: false })?.code, 'TargetNotEmpty');
  t.is(refuseVersions(17, 17, 17), undefined);
  t.is(refuseVersions(17, 18, 18), undefined);
  t.deepEqual(
    [refuseVersions(17, 15, 17), refuseVersions(17, 17, 15), refuseVersions(17, 17, undefined)].map((each) => each?.code),
    ['VersionMismatch', 'VersionMismatch', 'VersionMismatch'],
  );
});

test('roles that are there stay as they are; statements are cut where they end', (t) => {
  const globals = `-- PostgreSQL; dump\n\\restrict abc\nSET x = 1;\nCREATE ROLE postgres;\nALTER ROLE postgres WITH SUPERUSER PASSWORD 'a;b''c';\nCREATE ROLE "new ""one""; x";\nALTER ROLE "new ""one""; x" WITH LOGIN;\nCOMMENT ON ROLE postgres IS 'two\nlines; here';\nCREATE TABLESPACE t OWNER postgres LOCATION '/disk';\nGRANT a TO postgres;\nALTER ROLE postgres IN DATABASE x SET y TO 'z';\n\\unrestrict abc\n`;
  const plan = planRoles(globals, ['postgres']);
  t.deepEqual(plan.made, ['new "one"; x']);
  t.deepEqual(plan.kept, ['postgres']);
  t.deepEqual(plan.statements, [
    'SET x = 1',
    'CREATE ROLE "new ""one""; x"',
    'ALTER ROLE "new ""one""; x" WITH LOGIN',
    'GRANT a TO postgres',
  ]);
  t.deepEqual(splitStatements(`A 'x;' "y;" $q$ ; $q$; /* ; */ B;`), [`A 'x;' "y;" $q$ ; $q$`, 'B']);
});

test('connection strings: another database, and passwords that must not be there', (t) => {
  t.is(ofDatabase({ conninfo: 'host=h dbname=a', environment: {} }, `b'\\c`), String.raw`host=h dbname=a dbname='b\'\\c'`);
  t.is(
    ofDatabase({ conninfo: 'postgresql://u@h:1/a?sslmode=require', environment: {} }, 'b c'),
    'postgresql://u@h:1/b%20c?sslmode=require',
  );
  t.deepEqual(['postgres://u:p@h/d', 'host=h password=x', 'postgresql://u@h/d', 'host=h user=u'].map(holdsPassword), [
    true,
    true,
    false,
    false,
  ]);
});

test('a table of contents is read, and a table keeps what hangs on it', (t) => {
  const toc = readToc(
    [
      '215; 1259 1 TABLE public a me',
      ';\tdepends on: 5',
      '216; 1259 2 SEQUENCE public a_id_seq me',
      '5; 1247 9 TYPE public mood me',
      '300; 2604 3 DEFAULT public a id me',
      ';\tdepends on: 216 215',
      '301; 0 1 TABLE DATA public a me',
      ';\tdepends on: 215',
      '302; 1259 7 TABLE public b b me',
      '303; 2606 8 FK CONSTRAINT public a a_b_fkey me',
      ';\tdepends on: 302 215',
    ].join('\n'),
  );
  t.deepEqual(
    [...selectPart(toc, { schemas: [], tables: ['a'] }, true).ids].toSorted((a, b) => a - b),
    [5, 215, 216, 300, 301],
  );
  t.deepEqual(
    [...selectPart(toc, { schemas: [], tables: ['public.a'] }, false).ids].toSorted((a, b) => a - b),
    [215, 216, 300, 301, 303],
  );
  t.deepEqual([...selectPart(toc, { schemas: [], tables: ['b b'] }, false).ids], [302, 303]);
  t.deepEqual(selectPart(toc, { schemas: ['x'], tables: ['c'] }, true).missing, ['c', 'x']);
});

// Databases whose names and contents are unusual, and all allowed.
import type { PostgresServer } from './postgres-server.ts';

export const oddNames = [
  `Übergröße 'n' "quotes" \\ back%slash $HOME`,
  'UPPER',
  'select',
  'dot.ted/../name',
  '数据库-データベース',
  '--version',
];
export const emptyName = 'no tables';

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

// What pg_dump has a way of its own for: each must come back with the same rows.
const contents = `
  CREATE SCHEMA "sch.ema ""x""";
  CREATE TYPE mood AS ENUM ('sad', 'it''s ok');
  CREATE DOMAIN short_text AS text CHECK (length(value) < 100);
  CREATE TABLE "select" ("from" int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "where" text);
  INSERT INTO "select" ("where") SELECT 'row ' || n FROM generate_series(1, 50) AS n;
  CREATE TABLE "quo""te" (id int, body text);
  INSERT INTO "quo""te" VALUES (1, E'tab\\tnew\\nline\\\\back'), (2, '\\.'), (3, E'\\\\.\\nCOPY public.x (a) FROM stdin;\\n'), (4, NULL), (5, '');
  CREATE TABLE "dot.ted" (id int);
  INSERT INTO "dot.ted" VALUES (1), (2);
  CREATE TABLE "sch.ema ""x"""."Täble (with) stuff" ("cölumn (a)" int, "b""c" text);
  INSERT INTO "sch.ema ""x"""."Täble (with) stuff" SELECT n, repeat('ü', n) FROM generate_series(1, 30) AS n;
  CREATE TABLE "new\nline;\tCOPY\\x\r" ("a\n(b) FROM stdin;" int);
  INSERT INTO "new\nline;\tCOPY\\x\r" SELECT generate_series(1, 3);
  CREATE TABLE empty (id int);
  CREATE TABLE no_columns ();
  INSERT INTO no_columns DEFAULT VALUES;
  INSERT INTO no_columns DEFAULT VALUES;
  CREATE TABLE generated (a int, doubled int GENERATED ALWAYS AS (a * 2) STORED, feeling mood DEFAULT 'it''s ok', note short_text);
  INSERT INTO generated (a, note) SELECT n, 'note' FROM generate_series(1, 40) AS n;
  CREATE TABLE measured (at date, value numeric) PARTITION BY RANGE (at);
  CREATE TABLE measured_2025 PARTITION OF measured FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
  CREATE TABLE measured_rest PARTITION OF measured DEFAULT;
  INSERT INTO measured SELECT '2025-12-20'::date + n, n FROM generate_series(1, 30) AS n;
  CREATE TABLE parent (id int);
  CREATE TABLE child (extra text) INHERITS (parent);
  INSERT INTO parent VALUES (1);
  INSERT INTO child VALUES (2, 'x'), (3, 'y');
  CREATE UNLOGGED TABLE unlogged (id int);
  INSERT INTO unlogged SELECT generate_series(1, 20);
  CREATE MATERIALIZED VIEW summary AS SELECT count(*) AS rows FROM generated;
  CREATE VIEW looks AS SELECT * FROM generated;
  CREATE TABLE kinds (f float8, t timestamptz, i interval, b bytea, j jsonb, a int[], r tstzrange, u uuid, n numeric, x xml, p point);
  INSERT INTO kinds VALUES
    ('NaN', '2026-03-29 01:30:00+01', '1 mon -2 days 03:04:05.6', '\\x00ff', '{"b": 1, "a": [null]}', '{1,NULL,3}', '[2026-01-01 00:00Z,)', gen_random_uuid(), 1e-20, '<a/>', '(1,2)'),
    ('-Infinity', 'infinity', '0', '', 'null', '{}', 'empty', NULL, 'NaN', NULL, NULL), (0.1::float8 + 0.2, '0044-03-15 BC', '-1 sec', NULL, '1', NULL, NULL, NULL, 0, NULL, NULL);
  CREATE TABLE hidden (id int);
  INSERT INTO hidden SELECT generate_series(1, 10);
  ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
  ALTER TABLE hidden FORCE ROW LEVEL SECURITY;
  CREATE TABLE toasted (id int, body text);
  INSERT INTO toasted SELECT n, (SELECT string_agg(md5(n::text || k), '') FROM generate_series(1, 300) AS k) FROM generate_series(1, 20) AS n;
  SELECT lo_from_bytea(0, 'a large object');
`;

// Makes them, and one database without any table.
export const makeOddDatabases = async (server: PostgresServer): Promise<void> => {
  await server.query(`CREATE DATABASE ${quoted(emptyName)}`);
  for (const name of oddNames) {
    await server.query(`CREATE DATABASE ${quoted(name)}`);
  }
  const [first, ...rest] = oddNames as [string, ...string[]];
  await server.query(contents, first);
  for (const name of rest) {
    await server.query('CREATE TABLE t (id int); INSERT INTO t SELECT generate_series(1, 5)', name);
  }
};

// What may happen to a server between two backups, drawn by chance from a seed: the same seed makes the same history.
import type { PostgresServer } from './postgres-server.ts';

export type Chance = {
  // 0 ≤ n < below
  number(below: number): number;
  one<T>(of: readonly T[]): T;
};

// mulberry32
export const chanceOf = (seed: number): Chance => {
  let state = seed >>> 0;
  const number = (below: number): number => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
  return { number, one: <T>(of: readonly T[]): T => of[number(of.length)] as T };
};

export type History = {
  readonly server: PostgresServer;
  readonly chance: Chance;
  // Tables of the database `postgres`, and further databases.
  readonly tables: string[];
  readonly databases: string[];
  count: number;
};

type Step = (history: History) => Promise<unknown>;

const run = (history: History, sql: string, database?: string): Promise<unknown> => history.server.query(sql, database);

const nextName = (history: History, kind: string): string => {
  history.count += 1;
  return `${kind}${history.count}`;
};

const rows = (history: History): number => history.chance.one([0, 1, 10, 300, 3000]);

const fill = (table: string, count: number): string =>
  `INSERT INTO ${table} (filler, n) SELECT repeat(md5(i::text), 8), i % 97 FROM generate_series(1, ${count}) AS i`;

const create: Step = async (history) => {
  const name = nextName(history, 't');
  const unlogged = history.chance.number(5) === 0 ? 'UNLOGGED' : '';
  const method = history.chance.one(['btree (n)', 'hash (n)', "gin (to_tsvector('simple', filler))", 'brin (n)']);
  await run(
    history,
    `CREATE ${unlogged} TABLE ${name} (id serial PRIMARY KEY, filler text, n int); CREATE INDEX ON ${name} USING ${method}; ${fill(name, rows(history))}`,
  );
  history.tables.push(name);
};

const onTable =
  (work: (table: string, history: History) => string): Step =>
  async (history) => {
    if (history.tables.length > 0) {
      await run(history, work(history.chance.one(history.tables), history));
    }
  };

const dropTable: Step = async (history) => {
  const [name] = history.tables.splice(history.chance.number(Math.max(1, history.tables.length)), 1);
  if (name !== undefined) {
    await run(history, `DROP TABLE ${name}`);
  }
};

const createDatabase: Step = async (history) => {
  if (history.databases.length >= 2) {
    return;
  }
  const name = nextName(history, 'd');
  await run(history, `CREATE DATABASE ${name} TEMPLATE template0 STRATEGY ${history.chance.one(['wal_log', 'file_copy'])}`);
  await run(history, `CREATE TABLE inside (filler text, n int); ${fill('inside', rows(history))}`, name);
  history.databases.push(name);
};

const dropDatabase: Step = async (history) => {
  const [name] = history.databases.splice(0, 1);
  if (name !== undefined) {
    await run(history, `DROP DATABASE ${name} WITH (FORCE)`);
  }
};

// Pages that nobody fills: the relation grows, and no WAL says what is in them.
const rolledBack = onTable((table, history) => `BEGIN; ${fill(table, rows(history))}; ROLLBACK`);

const vacuumed =
  (options: string): Step =>
  async (history) => {
    if (history.tables.length > 0) {
      await run(history, `VACUUM ${options} ${history.chance.one(history.tables)}`);
    }
  };

// What is deleted at the end is cut off by the next VACUUM.
const deleteTail: Step = async (history) => {
  if (history.tables.length > 0) {
    const table = history.chance.one(history.tables);
    await run(history, `DELETE FROM ${table} WHERE id > (SELECT coalesce(max(id), 0) * ${history.chance.number(10)} / 10 FROM ${table})`);
    await run(history, `VACUUM (TRUNCATE true) ${table}`);
  }
};

const steps: readonly Step[] = [
  create,
  create,
  dropTable,
  createDatabase,
  dropDatabase,
  rolledBack,
  deleteTail,
  deleteTail,
  vacuumed('(FREEZE)'),
  vacuumed('(FULL)'),
  vacuumed(''),
  onTable((table, history) => fill(table, rows(history))),
  onTable((table, history) => fill(table, rows(history))),
  onTable((table, history) => `UPDATE ${table} SET n = n + 1 WHERE id % ${1 + history.chance.number(50)} = 0`),
  onTable((table, history) => `UPDATE ${table} SET n = n + 1 WHERE id % ${1 + history.chance.number(50)} = 0`),
  onTable((table) => `DELETE FROM ${table} WHERE id % 3 = 0`),
  onTable((table) => `TRUNCATE ${table}`),
  onTable((table, history) => `TRUNCATE ${table}; ${fill(table, rows(history))}`),
  onTable((table, history) => `ALTER TABLE ${table} SET ${history.chance.one(['LOGGED', 'UNLOGGED'])}`),
  onTable((table) => `REINDEX TABLE ${table}`),
  onTable((table) => `CLUSTER ${table} USING ${table}_pkey`),
  (history) => run(history, `SELECT lo_from_bytea(0, repeat('large', 5000)::bytea)`),
  (history) => run(history, history.chance.one(['CHECKPOINT', 'SELECT pg_switch_wal()'])),
];

// Some steps one after the other.
export const liveOn = async (history: History): Promise<void> => {
  for (let left = 2 + history.chance.number(8); left > 0; left -= 1) {
    await history.chance.one(steps)(history);
  }
};

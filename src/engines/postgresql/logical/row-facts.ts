// Rows of the tables as the snapshot of the dump has them: how many, and for smaller tables a digest that a restore can be compared with.
import type { Session } from '../client.ts';

export type TableFacts = {
  schema: string;
  table: string;
  rows: number;
  // Snapshot: counted beside the dump, in its own snapshot. Dump: counted in the stored dump.
  counted: 'Snapshot' | 'Dump';
  // Sum over the rows of the first 60 bits of the MD5 of their text (settings as in snapshot.ts). Not for secrecy: it lies encrypted.
  digest?: string;
};

// So many bytes of tables are read a second time, the smallest first.
const mostBytes = 256 * 1024 ** 2;

type Candidate = { schema: string; table: string; bytes: number };

// Tables whose rows a dump holds. What belongs to an extension comes back with the extension.
const question = `
  SELECT n.nspname::text AS schema, c.relname::text AS "table", pg_table_size(c.oid)::float8 AS bytes
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND c.relpersistence <> 't'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_toast%'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
  ORDER BY 3, 1, 2`;

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

// Number and digest of the rows of one table, under the settings of snapshot.ts.
export const rowsQuestion = (schema: string, table: string): string =>
  `SELECT count(*)::float8 AS rows, coalesce(sum(('x' || substr(md5(t::text), 1, 15))::bit(60)::bigint), 0)::text AS digest FROM ONLY ${quoted(schema)}.${quoted(table)} AS t`;

export const countRows = async (session: Session, signal: AbortSignal): Promise<TableFacts[]> => {
  const facts: TableFacts[] = [];
  let room = mostBytes;
  for (const { schema, table, bytes } of await session.query<Candidate>(question)) {
    room -= bytes;
    if (room < 0) {
      break;
    }
    signal.throwIfAborted();
    const [answer] = await session.query<{ rows: number; digest: string }>(rowsQuestion(schema, table));
    if (answer !== undefined) {
      facts.push({ schema, table, counted: 'Snapshot', ...answer });
    }
  }
  return facts;
};

// A running server that dumps are restored into: reached by psql and pg_restore with whatever libpq understands.
import { EngineError } from '../../engine.ts';
import { readAll } from '../read-all.ts';
import { startTool } from '../tool.ts';
import { isServerAway } from './server-away.ts';

export type Connection = {
  // A connection string or URI of libpq, without a password.
  conninfo: string;
  // PG… variables and HOME of the one who restores: passwords, certificates, time-outs.
  environment: Record<string, string>;
};

const largestAnswerBytes = 256 * 1024 ** 2;

// A connection string for another database of the same server: libpq takes the last word of a name.
export const ofDatabase = ({ conninfo }: Connection, database: string): string => {
  if (/^postgres(ql)?:\/\//i.test(conninfo)) {
    const url = new URL(conninfo);
    url.pathname = `/${encodeURIComponent(database)}`;
    return url.toString();
  }
  return `${conninfo} dbname='${database.replaceAll(/[\\']/g, String.raw`\$&`)}'`;
};

export const holdsPassword = (conninfo: string): boolean =>
  /^postgres(ql)?:\/\/[^/@]*:[^/@]*@/i.test(conninfo) || /\bpassword\s*=/i.test(conninfo);

const script =
  'exec psql --no-psqlrc --no-password --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --field-separator="$2" --dbname="$1" "${@:3}"';
const separator = '\u001f';

// Runs SQL by psql and gives the rows of its answers. `once`: all of it in one transaction.
export const runSql = async (
  connection: Connection,
  conninfo: string,
  sql: string,
  { signal, what, once = false }: { signal: AbortSignal; what: string; once?: boolean },
): Promise<string[][]> => {
  const tool = startTool({
    script,
    parameters: [conninfo, separator, ...(once ? ['--single-transaction'] : [])],
    environment: connection.environment,
    signal,
    failure: { code: 'RestoreFailed', what, retryable: isServerAway },
  });
  tool.stdin.end(sql);
  const [answer] = await Promise.all([readAll(tool.stdout, largestAnswerBytes), tool.ended]);
  return answer
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(separator));
};

// `comments`: of databases that have one.
export type ServerLook = { major: number; databases: string[]; comments: Map<string, string>; roles: string[] };

// What is there before anything is restored.
export const lookAtServer = async (connection: Connection, signal: AbortSignal): Promise<ServerLook> => {
  const rows = await runSql(
    connection,
    connection.conninfo,
    `SELECT 'major', current_setting('server_version_num')::int / 10000 || '' UNION ALL SELECT 'database', encode(convert_to(datname, 'UTF8'), 'hex') FROM pg_database
     UNION ALL SELECT 'comment', encode(convert_to(datname, 'UTF8'), 'hex') || ' ' || encode(convert_to(shobj_description(oid, 'pg_database'), 'UTF8'), 'hex') FROM pg_database WHERE shobj_description(oid, 'pg_database') IS NOT NULL
     UNION ALL SELECT 'role', encode(convert_to(rolname, 'UTF8'), 'hex') FROM pg_roles;`,
    { signal, what: 'Asking the server that is restored into' },
  );
  const named = (kind: string): string[] => rows.flatMap(([name, hex = '']) => (name === kind ? [textOf(hex)] : []));
  const comments = rows.flatMap(([name, words = '']): [string, string][] => {
    const [database = '', comment = ''] = words.split(' ');
    return name === 'comment' ? [[textOf(database), textOf(comment)]] : [];
  });
  const major = Number(rows.find(([name]) => name === 'major')?.[1]);
  if (!Number.isInteger(major)) {
    throw new EngineError('RestoreFailed', 'The server that is restored into did not say its version. Check --into.');
  }
  return { major, databases: named('database'), comments: new Map(comments), roles: named('role') };
};

const textOf = (hex: string): string => Buffer.from(hex, 'hex').toString('utf8');

// Tables, views and the like of a database that are not the system's own.
export const countObjects = async (connection: Connection, database: string, signal: AbortSignal): Promise<number> => {
  const [row] = await runSql(
    connection,
    ofDatabase(connection, database),
    `SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_toast%'
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e');`,
    { signal, what: `Asking the database "${database}"` },
  );
  return Number(row?.[0]);
};

// A database that a restore makes: under a name of its own until it is whole, with a comment that says whose it is.
import { setTimeout as pause } from 'node:timers/promises';
import { clientsOf } from './clients-of.ts';
import { runSql } from './connection.ts';
import type { Connection } from './connection.ts';
import { quoted } from './database-script.ts';
import type { DatabaseScript } from './database-script.ts';

const lines = (statements: readonly string[]): string => statements.map((each) => `${each};\n`).join('');
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

// As the dump describes it, but for its rights: they come when it is full.
export const createDatabase = async (
  connection: Connection,
  { name, mark }: { name: string; mark: string },
  { preamble, create, properties }: DatabaseScript,
  signal: AbortSignal,
): Promise<void> => {
  const comment = `COMMENT ON DATABASE ${quoted(name)} IS ${literal(mark)}`;
  await runSql(connection, connection.conninfo, lines([...preamble, create, comment, ...properties]), {
    signal,
    what: `Making the database "${name}"`,
  });
};

export const giveRights = async (connection: Connection, { preamble, rights }: DatabaseScript, signal: AbortSignal): Promise<void> => {
  if (rights.length > 0) {
    await runSql(connection, connection.conninfo, lines([...preamble, ...rights]), {
      signal,
      what: 'Giving the rights to a database',
      once: true,
    });
  }
};

// All of them at once, or none.
export const renameDatabases = async (
  connection: Connection,
  renames: readonly { name: string; into: string }[],
  signal: AbortSignal,
): Promise<void> => {
  const statements = renames.map(({ name, into }) => `ALTER DATABASE ${quoted(name)} RENAME TO ${quoted(into)}`);
  await runSql(connection, connection.conninfo, lines(statements), { signal, what: 'Giving the new databases their names', once: true });
};

// From now on nothing tells them from any other database; of all of them at once, since what has no mark is nobody's. `script`: what the dump says of it.
export const takeMarks = async (
  connection: Connection,
  databases: readonly { database: string; script: Pick<DatabaseScript, 'preamble' | 'comments'> }[],
  signal: AbortSignal,
): Promise<void> => {
  const statements = databases.flatMap(({ database, script: { preamble, comments } }) => [
    ...preamble,
    ...(comments.length > 0 ? comments : [`COMMENT ON DATABASE ${quoted(database)} IS NULL`]),
  ]);
  await runSql(connection, connection.conninfo, lines(statements), {
    signal,
    what: 'Writing the comments of the new databases',
    once: true,
  });
};

// The server sees only after a while that the session of a killed pg_restore has nobody at its other end.
const patienceMilliseconds = 30_000;
const betweenMilliseconds = 1000;

// Gives who is connected to it; nobody: it is gone.
export const dropDatabase = async (
  connection: Connection,
  database: string,
  signal: AbortSignal,
  patience = patienceMilliseconds,
): Promise<string[]> => {
  const end = performance.now() + patience;
  for (;;) {
    const clients = await clientsOf(connection, database, signal);
    if (clients.length === 0) {
      await runSql(
        connection,
        connection.conninfo,
        lines([`ALTER DATABASE ${quoted(database)} IS_TEMPLATE false`, `DROP DATABASE IF EXISTS ${quoted(database)}`]),
        { signal, what: `Dropping the database "${database}", which a restore has made` },
      );
      return [];
    }
    if (performance.now() > end) {
      return clients;
    }
    await pause(betweenMilliseconds, undefined, { signal });
  }
};

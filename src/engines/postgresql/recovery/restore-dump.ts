// Puts one dump of a database into a running server by pg_restore, all of it or chosen parts.
import type { Readable } from 'node:stream';
import { feed } from '../feed.ts';
import { readAll } from '../read-all.ts';
import { startTool } from '../tool.ts';
import { ofDatabase, runSql } from './connection.ts';
import type { Connection } from './connection.ts';

const largestTocBytes = 256 * 1024 ** 2;

// pg_restore ends after the table of contents, long before the dump does: the pipe breaks, and that is no failure.
const tocScript = 'set +o pipefail; zstd -dcq 2>/dev/null | pg_restore --list --verbose';

// Reads no more of the stream than the table of contents needs.
export const readTocText = async (stream: Readable, signal: AbortSignal): Promise<string> => {
  const tool = startTool({
    script: tocScript,
    signal,
    failure: { code: 'RestoreFailed', what: 'Reading the table of contents of the dump', retryable: false },
  });
  const done = new AbortController();
  const fed = feed(stream, tool, done.signal);
  try {
    const [text] = await Promise.all([readAll(tool.stdout, largestTocBytes), tool.ended]);
    return text.toString('utf8');
  } finally {
    done.abort();
    await fed.catch(() => undefined);
  }
};

export type DumpTarget = {
  // The database that the objects come into.
  database: string;
  // Whether it is made first, as the dump describes it.
  create: boolean;
  // A file for --use-list: what is restored. Undefined: everything.
  listFile?: string;
};

// --create and --single-transaction exclude one another: a database that was made is dropped again where the restore fails, one that was there is left by a rollback.
const createScript = `zstd -dcq | pg_restore --create --exit-on-error --no-password --no-tablespaces --dbname="$1" "\${@:2}" >&2`;
const intoScript = `zstd -dcq | pg_restore --single-transaction --exit-on-error --no-password --no-tablespaces --dbname="$1" "\${@:2}" >&2`;

export const restoreDump = async (stream: Readable, connection: Connection, target: DumpTarget, signal: AbortSignal): Promise<void> => {
  const { database, create, listFile } = target;
  const tool = startTool({
    script: create ? createScript : intoScript,
    parameters: [
      create ? connection.conninfo : ofDatabase(connection, database),
      ...(listFile === undefined ? [] : [`--use-list=${listFile}`]),
    ],
    environment: connection.environment,
    signal,
    failure: { code: 'RestoreFailed', what: `pg_restore into the database "${database}"`, retryable: false },
  });
  tool.stdout.resume();
  const [fed] = await Promise.allSettled([feed(stream, tool), tool.ended]);
  // Where pg_restore refused, the pipe broke because of it.
  await tool.ended;
  if (fed.status === 'rejected') {
    throw fed.reason;
  }
};

// Takes back a database that this restore has made.
export const dropDatabase = async (connection: Connection, database: string, signal: AbortSignal): Promise<void> => {
  await runSql(connection, connection.conninfo, `DROP DATABASE IF EXISTS "${database.replaceAll('"', '""')}";`, {
    signal,
    what: `Dropping the database "${database}" that was made a moment ago`,
  });
};

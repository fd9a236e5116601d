// Puts one dump of a database into a running server by pg_restore, all of it or chosen parts.
import type { Readable } from 'node:stream';
import { feed } from '../feed.ts';
import { readAll } from '../read-all.ts';
import { startTool } from '../tool.ts';
import { ofDatabase } from './connection.ts';
import type { Connection } from './connection.ts';
import { isServerAway } from './server-away.ts';

const largestTocBytes = 256 * 1024 ** 2;

// pg_restore ends after the head of the dump, long before the dump does: the pipe breaks, and that is no failure.
const tocScript = 'set +o pipefail; zstd -dcq 2>/dev/null | pg_restore --list --verbose';
const headScript = 'set +o pipefail; zstd -dcq 2>/dev/null | pg_restore --create --file=- --use-list="$1"';

// The table of contents. Reads no more of the stream than that needs.
export const readTocText = (stream: Readable, signal: AbortSignal): Promise<string> =>
  readHead(stream, { script: tocScript, parameters: [], what: 'Reading the table of contents of the dump' }, signal);

// As SQL, what the dump says of its database: the entries of the list, which are without data.
export const readDatabaseSql = (stream: Readable, list: string, signal: AbortSignal): Promise<string> =>
  readHead(stream, { script: headScript, parameters: [list], what: 'Reading how the dump describes its database' }, signal);

const readHead = async (
  stream: Readable,
  { script, parameters, what }: { script: string; parameters: string[]; what: string },
  signal: AbortSignal,
): Promise<string> => {
  const tool = startTool({ script, parameters, signal, failure: { code: 'RestoreFailed', what, retryable: false } });
  const done = new AbortController();
  // The pipe may break before the tool is known to have ended.
  const fed = Promise.allSettled([feed(stream, tool, done.signal)]);
  const [read] = await Promise.allSettled([Promise.all([readAll(tool.stdout, largestTocBytes), tool.ended])]);
  done.abort();
  const [how] = await fed;
  if (read.status === 'fulfilled') {
    return read.value[0].toString('utf8');
  }
  // Where the stream broke, the tool failed because of it.
  throw how.status === 'rejected' && !isBrokenPipe(how.reason) ? how.reason : read.reason;
};

const isBrokenPipe = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EPIPE';

export type DumpTarget = {
  // The database that the objects come into. It is there.
  database: string;
  // All of it in one transaction: for a database that others have.
  atOnce: boolean;
  // A file for --use-list: what is restored. Undefined: everything.
  listFile?: string;
};

// Of a chosen part pg_restore does not read to the end, where the digest of the whole is compared.
const script = `zstd -dcq | { pg_restore --exit-on-error --no-password --no-tablespaces --dbname="$1" "\${@:2}" >&2 && cat >/dev/null; }`;

export const restoreDump = async (stream: Readable, connection: Connection, target: DumpTarget, signal: AbortSignal): Promise<void> => {
  const { database, atOnce, listFile } = target;
  const tool = startTool({
    script,
    parameters: [
      ofDatabase(connection, database),
      ...(atOnce ? ['--single-transaction'] : []),
      ...(listFile === undefined ? [] : [`--use-list=${listFile}`]),
    ],
    environment: connection.environment,
    signal,
    failure: { code: 'RestoreFailed', what: `pg_restore into the database "${database}"`, retryable: isServerAway },
  });
  tool.stdout.resume();
  const [fed] = await Promise.allSettled([feed(stream, tool), tool.ended]);
  // Where pg_restore refused, the pipe broke because of it.
  await tool.ended;
  if (fed.status === 'rejected') {
    throw fed.reason;
  }
};

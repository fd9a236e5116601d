// Starts a server on a restored directory, without network, and opens every database: whether it starts at all is not proven by anything else.
import { Client } from 'pg';
import { EngineError } from '../../engine.ts';
import { complaintsIn } from './replay-server.ts';
import { readReplayLog } from './replay-log.ts';
import { prepareServer } from './server-settings.ts';
import type { ServerPlace } from './server-settings.ts';
import type { StartServer } from './server-start.ts';

export type OpenOptions = ServerPlace & { start: StartServer; signal: AbortSignal };

// Who may log in as a superuser; absent: nobody. `databases`: how many were opened.
export type Opened = { superuser?: string; databases: number };

const tailCharacters = 64 * 1024;
const everybody = 'local all all trust\n';
const port = '5432';

// It is cleanly shut down afterwards. Throws RestoreFailed.
export const openDatabases = async (options: OpenOptions): Promise<Opened> => {
  const superuser = await findSuperuser(options);
  const databases = await whileItRuns(options, async () => (superuser === undefined ? 0 : askAll(options, superuser)));
  return { ...(superuser === undefined ? {} : { superuser }), databases };
};

// Without a network and without a login: by the server's single-user mode.
const findSuperuser = async (options: OpenOptions): Promise<string | undefined> => {
  const parameters = await prepareServer(options, everybody);
  let said = '';
  const server = await options.start({
    parameters: ['--single', ...parameters, 'template1'],
    input: 'SELECT rolname FROM pg_authid WHERE rolsuper AND rolcanlogin ORDER BY oid LIMIT 1\n',
    onText: (text) => (said = (said + text).slice(-tailCharacters)),
  });
  const code = await untilEnded(server, options.signal);
  if (code !== 0) {
    throw new EngineError('RestoreFailed', `The restored data directory could not be opened: ${complaintsIn(said)}`);
  }
  return /1: rolname = "(.*)"\t\(typeid/.exec(said)?.[1];
};

const untilEnded = async (server: Awaited<ReturnType<StartServer>>, signal: AbortSignal): Promise<number | null> => {
  const stop = (): void => server.signal('QUIT');
  signal.addEventListener('abort', stop, { once: true });
  try {
    const code = await server.ended;
    signal.throwIfAborted();
    return code;
  } finally {
    signal.removeEventListener('abort', stop);
  }
};

const whileItRuns = async <T>(options: OpenOptions, work: () => Promise<T>): Promise<T> => {
  const parameters = await prepareServer(options, everybody, { port });
  const ready = Promise.withResolvers<boolean>();
  let said = '';
  const server = await options.start({
    parameters,
    onText: (text) => {
      said = (said + text).slice(-tailCharacters);
      if (readReplayLog(said).opened) {
        ready.resolve(true);
      }
    },
  });
  const ended = untilEnded(server, options.signal);
  ended.then(() => ready.resolve(false)).catch(() => ready.resolve(false));
  try {
    if (!(await ready.promise)) {
      options.signal.throwIfAborted();
      throw new EngineError('RestoreFailed', `The restored server did not start: ${complaintsIn(said)}`);
    }
    return await work();
  } finally {
    server.signal('INT');
    await ended.catch(() => undefined);
  }
};

const askAll = async (options: OpenOptions, user: string): Promise<number> => {
  const names = await ask<{ name: string }>(
    options,
    user,
    'template1',
    'SELECT datname AS name FROM pg_database WHERE datallowconn AND datconnlimit <> -2 ORDER BY oid',
  );
  for (const { name } of names) {
    await ask(options, user, name, question);
  }
  return names.length;
};

// Reads the catalogues from end to end.
const question = `SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off;
SELECT (SELECT count(*) FROM pg_class WHERE relname IS NOT NULL), (SELECT count(*) FROM pg_attribute WHERE attname IS NOT NULL),
  (SELECT count(*) FROM pg_type WHERE typname IS NOT NULL), (SELECT count(*) FROM pg_proc WHERE proname IS NOT NULL),
  (SELECT count(*) FROM pg_index WHERE indrelid IS NOT NULL), (SELECT count(*) FROM pg_class WHERE pg_relation_size(oid) < 0)`;

const ask = async <Row extends Record<string, unknown>>(
  { privateDirectory, signal }: OpenOptions,
  user: string,
  database: string,
  text: string,
): Promise<Row[]> => {
  signal.throwIfAborted();
  const client = new Client({ host: privateDirectory, port: Number(port), user, database, connectionTimeoutMillis: 30_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const answer = await client.query(text);
    return (Array.isArray(answer) ? answer.at(-1) : answer).rows as Row[];
  } catch (cause) {
    signal.throwIfAborted();
    throw new EngineError(
      'RestoreFailed',
      `The database "${database}" cannot be opened: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        cause,
      },
    );
  } finally {
    await client.end().catch(() => undefined);
  }
};

// Connections to the server by `pg`: one for questions, one that speaks the replication protocol.
import { readFile } from 'node:fs/promises';
import { checkServerIdentity } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';
import { Client } from 'pg';
import type { PostgresqlSource } from '../../api/agent.ts';
import { clientError } from './client-errors.ts';
import { readLogin } from './login.ts';

export type Server = Pick<PostgresqlSource, 'host' | 'port' | 'sslMode' | 'caFile'>;

export type Session = {
  // Rows of one statement. Throws EngineError.
  query<Row extends Record<string, unknown>>(text: string, values?: unknown[]): Promise<Row[]>;
  end(): Promise<void>;
};

export type Target = {
  server: Server;
  database: string;
  credentialsDirectory: string;
  replication?: boolean;
  // How long an answer may take. Default: for ever.
  answerMilliseconds?: number;
};

const connectMilliseconds = 15_000;
const keepAliveMilliseconds = 30_000;
export const applicationName = 'holdfast';

// A connection of the library, and how its errors become an engine's.
export type RawConnection = { readonly client: Client; readonly explain: (error: unknown) => unknown };

// Opens a connection. Its transactions only read, and no time-out of the role cuts them.
export const connectRaw = async (target: Target): Promise<RawConnection> => {
  const { server, database, credentialsDirectory, replication = false, answerMilliseconds } = target;
  const { user, password } = await readLogin(credentialsDirectory);
  const where = { host: server.host, port: server.port, database, user };
  const client = new Client({
    ...where,
    password,
    ssl: await tlsOptions(server),
    application_name: applicationName,
    connectionTimeoutMillis: connectMilliseconds,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveMilliseconds,
    ...(answerMilliseconds === undefined ? {} : { query_timeout: answerMilliseconds }),
    ...(replication ? { replication: 'true' } : { options: '-c default_transaction_read_only=on -c statement_timeout=0' }),
  });
  // A connection that breaks while nothing is asked says so here; the next question fails then.
  client.on('error', () => undefined);
  const explain = (error: unknown): unknown => clientError(error, where);
  try {
    await client.connect();
  } catch (error) {
    throw explain(error);
  }
  return { client, explain };
};

// The questions that a connection is asked.
export const sessionOf = ({ client, explain }: RawConnection): Session => ({
  async query(text, values) {
    try {
      return (values === undefined ? await client.query(text) : await client.query(text, values)).rows;
    } catch (error) {
      throw explain(error);
    }
  },
  end: () => client.end().catch(() => undefined),
});

export const connect = async (target: Target): Promise<Session> => sessionOf(await connectRaw(target));

// sslMode as libpq means it. The name is checked against the host that was asked for, also where that is an address.
const tlsOptions = async ({ sslMode, caFile, host }: Server): Promise<false | ConnectionOptions> => {
  if (sslMode === 'disable') {
    return false;
  }
  if (sslMode === 'require' || caFile === undefined) {
    return { rejectUnauthorized: false };
  }
  const ca = await readFile(caFile);
  return {
    ca,
    rejectUnauthorized: true,
    checkServerIdentity: (_name, certificate) => (sslMode === 'verify-full' ? checkServerIdentity(host, certificate) : undefined),
  };
};

// One snapshot of one database, held open for pg_dump and for the facts that are counted beside it.
import type { PostgresqlSource } from '../../../api/agent.ts';
import { connect } from '../client.ts';
import type { Session } from '../client.ts';

export type Snapshot = {
  // For `pg_dump --snapshot`.
  id: string;
  // Everything committed before it is in the snapshot.
  time: Date;
  // Sees exactly what the dump sees.
  session: Session;
};

// A text must come out the same at every server and in every session, or digests of rows could not be compared.
export const sameText = `SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'postgres'; SET LOCAL extra_float_digits = 1;
  SET LOCAL bytea_output = 'hex'; SET LOCAL row_security = off; SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL search_path = pg_catalog`;

// A server that waits for a lock, or counts, does not notice by itself that we are gone. It has this setting from 14 on.
const noticeWhenGone = `SELECT set_config(name, '2s', true) FROM pg_settings WHERE name = 'client_connection_check_interval'`;

// The time is taken before the snapshot, so that it never says too much.
export const openSnapshot = async (source: PostgresqlSource, database: string): Promise<Snapshot> => {
  const session = await connect({ server: source, database, credentialsDirectory: source.logical.credentialsDirectory });
  try {
    const [clock] = await session.query<{ milliseconds: number }>(
      'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS milliseconds',
    );
    await session.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await session.query(sameText);
    await session.query(noticeWhenGone);
    const [exported] = await session.query<{ id: string }>('SELECT pg_export_snapshot() AS id');
    if (clock === undefined || exported === undefined) {
      throw new TypeError('the server gave no row');
    }
    return { id: exported.id, time: new Date(clock.milliseconds), session };
  } catch (error) {
    await session.end();
    throw error;
  }
};

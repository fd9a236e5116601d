// Who else is connected to a database.
import { runSql } from './connection.ts';
import type { Connection } from './connection.ts';

// Each as `application (user) from address`. Ours are not among them.
export const clientsOf = async (connection: Connection, database: string, signal: AbortSignal): Promise<string[]> => {
  const rows = await runSql(
    connection,
    connection.conninfo,
    `SELECT encode(convert_to(coalesce(nullif(application_name, ''), 'a client') || ' (' || usename || ')' || coalesce(' from ' || host(client_addr), ''), 'UTF8'), 'hex')
     FROM pg_stat_activity
     WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND encode(convert_to(datname, 'UTF8'), 'hex') = '${Buffer.from(database).toString('hex')}';`,
    { signal, what: 'Asking who is connected' },
  );
  return rows.map(([hex = '']) => Buffer.from(hex, 'hex').toString('utf8'));
};

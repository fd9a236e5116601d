// Rows that are committed one by one, with the time that the server gave each commit.
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { lsnBytes } from '../../src/api/lsn.ts';
import { microsText } from '../../src/core/recovery/wish.ts';
import type { Point } from '../../src/core/recovery/wish.ts';
import type { PostgresServer } from '../engines/postgres-server.ts';
import { until } from '../wal/receiver-run.ts';
import type { RunningReceiver } from '../wal/receiver-run.ts';

// `micros`: the commit's own time, by the server. `lsn`: where the WAL was before the row was written.
export type Commit = { id: number; micros: number; lsn: string };

export const makeLedger = (server: PostgresServer) =>
  server.query('CREATE TABLE ledger (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, lsn pg_lsn)');

// At least `atLeast` of them, however slow the machine is.
export const commitFor = async (server: PostgresServer, milliseconds: number, atLeast = 40): Promise<void> => {
  const client = new Client({ host: server.socketDirectory, port: server.port, user: 'postgres' });
  await client.connect();
  try {
    const end = Date.now() + milliseconds;
    for (let count = 0; count < atLeast || Date.now() < end; count += 1) {
      await pause(2);
      await client.query('INSERT INTO ledger (lsn) SELECT pg_current_wal_lsn()');
    }
  } finally {
    await client.end();
  }
};

// The server must keep the times of commits: track_commit_timestamp.
export const readCommits = async (server: PostgresServer): Promise<Commit[]> => {
  const rows = await server.query<{ id: number; micros: string; lsn: string }>(
    `SELECT id, (extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000000)::bigint::text AS micros, lsn::text FROM ledger ORDER BY id`,
  );
  return rows.map(({ id, micros, lsn }) => ({ id, micros: Number(micros), lsn }));
};

// Waits until all that the server has is stored, with a mark that says so.
export const whenStored = async (server: PostgresServer, receiver: RunningReceiver): Promise<void> => {
  const [row] = await server.query<{ lsn: string; now: number }>(
    'SELECT pg_current_wal_flush_lsn()::text AS lsn, extract(epoch FROM clock_timestamp())::float8 * 1000 AS now',
  );
  await until(
    'the WAL is stored',
    () => {
      const line = receiver.newest();
      return (
        line !== undefined &&
        lsnBytes(line.storedLsn ?? '0/0') >= lsnBytes(row?.lsn ?? '') &&
        Date.parse(line.markTime ?? '') >= (row?.now ?? 0)
      );
    },
    70,
    receiver,
  );
};

export const atTime = (micros: number, inclusive = true): Point => ({ kind: 'time', text: microsText(micros), micros, inclusive });

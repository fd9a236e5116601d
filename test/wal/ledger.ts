// Commits of which it is known when each was answered, and up to where the WAL went by then.
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { lsnBytes } from '../../src/api/lsn.ts';
import type { PostgresServer } from '../engines/postgres-server.ts';

export type Entry = { readonly id: number; readonly answeredMilliseconds: number; readonly lsn: bigint };

export type Ledger = {
  readonly entries: Entry[];
  stop(): Promise<void>;
};

// Commits one row after the other until it is stopped. A server that goes away is waited for. `bytes`: how large each row is.
export const startLedger = async (server: PostgresServer, { bytes = 200, pauseMilliseconds = 5 } = {}): Promise<Ledger> => {
  await server.query('CREATE TABLE IF NOT EXISTS ledger (id bigint PRIMARY KEY, filler text)');
  const entries: Entry[] = [];
  const stop = new AbortController();
  // Behind the rows of an earlier one.
  const [last] = await server.query<{ id: string }>('SELECT coalesce(max(id), 0)::text AS id FROM ledger');
  let id = Number(last?.id ?? 0);
  const write = async (): Promise<void> => {
    const client = new Client({ host: server.socketDirectory, port: server.port, user: 'postgres', database: 'postgres' });
    client.on('error', () => undefined);
    try {
      await client.connect();
      while (!stop.signal.aborted) {
        id += 1;
        const mine = id;
        await client.query(
          `INSERT INTO ledger SELECT ${mine}, string_agg(md5(n::text || ${mine}), '') FROM generate_series(1, ${Math.ceil(bytes / 32)}) n`,
        );
        const { rows } = await client.query<{ lsn: string }>('SELECT pg_current_wal_insert_lsn()::text AS lsn');
        entries.push({ id: mine, answeredMilliseconds: Date.now(), lsn: lsnBytes(rows[0]?.lsn ?? '0/0') });
        await pause(pauseMilliseconds);
      }
    } finally {
      await client.end().catch(() => undefined);
    }
  };
  const working = (async () => {
    while (!stop.signal.aborted) {
      await write().catch(() => pause(50));
    }
  })();
  return {
    entries,
    async stop() {
      stop.abort();
      await working;
    },
  };
};

// Ids that a recovered server lacks, of those whose commit ends at or before the place.
export const missingEntries = async (recovered: PostgresServer, entries: readonly Entry[], lsn: bigint): Promise<number[]> => {
  const rows = await recovered.query<{ id: string }>('SELECT id::text FROM ledger');
  const there = new Set(rows.map(({ id }) => Number(id)));
  return entries.filter((entry) => entry.lsn <= lsn && !there.has(entry.id)).map(({ id }) => id);
};

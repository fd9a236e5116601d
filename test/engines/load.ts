// A ledger under load: every entry is committed by itself, and it is known when its commit was answered.
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import type { PostgresServer } from './postgres-server.ts';

export type Load = {
  // When the commit of each entry was answered, milliseconds, by the number of the entry.
  readonly answered: Map<number, number>;
  stop(): Promise<void>;
};

const writers = 3;
const pauseMilliseconds = 3;

export const startLoad = async (server: PostgresServer, database: string): Promise<Load> => {
  await server.query(
    'CREATE TABLE ledger (id int PRIMARY KEY, amount int NOT NULL); CREATE TABLE total (amount bigint); INSERT INTO total VALUES (0)',
    database,
  );
  const answered = new Map<number, number>();
  let last = 0;
  const stop = new AbortController();

  const write = async (): Promise<void> => {
    const client = new Client({ host: server.socketDirectory, port: server.port, user: 'postgres', database, application_name: 'load' });
    await client.connect();
    try {
      while (!stop.signal.aborted) {
        last += 1;
        const id = last;
        // The total never differs from the sum of the ledger, in any snapshot.
        await client.query(`BEGIN; INSERT INTO ledger VALUES (${id}, ${id % 7}); UPDATE total SET amount = amount + ${id % 7}; COMMIT`);
        answered.set(id, Date.now());
        await pause(pauseMilliseconds);
      }
    } finally {
      await client.end();
    }
  };

  const all = Promise.all(Array.from({ length: writers }, write));
  all.catch(() => undefined);
  return {
    answered,
    async stop() {
      stop.abort();
      await all;
    },
  };
};

// From the answer to a commit until the WAL up to its end is stored in S3, named by a signed document, and acknowledged: while pgbench works as fast as it can.
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { lsnBytes } from '../../src/api/lsn.ts';
import type { PostgresServer } from '../../test/engines/postgres-server.ts';
import { agentCommand } from '../common/agent.ts';
import type { Turn } from '../common/contestant.ts';
import type { Keys } from '../common/keys.ts';
import { percentile } from '../common/figures.ts';
import { measure } from '../common/measure.ts';
import { database } from './backlog.ts';
import { load } from './load.ts';
import { planOf, slot } from './ours.ts';

export const flushSeconds = 2;

const commitMilliseconds = 50;
const lookMilliseconds = 10;
const warmUpMilliseconds = 5000;
const patienceMilliseconds = 60_000;

export type Latency = {
  commits: number;
  p50Seconds: number;
  p99Seconds: number;
  maxSeconds: number;
  cpuSeconds: number;
  peakRssMiB: number;
  transactionsPerSecond: number;
  walMiBPerSecond: number;
};

export const measureLatency = async (
  turn: Pick<Turn, 'server' | 's3' | 'directory' | 'prefix'>,
  keys: Keys,
  seconds: number,
): Promise<Latency> => {
  const { server } = turn;
  await dropSlot(server);
  let stop: (() => void) | undefined;
  const running = measure({
    ...(await agentCommand({ ...planOf('s3', turn, keys), mode: 'Continuous', flushSeconds })),
    onStart(end) {
      stop = end;
    },
  });
  try {
    const answer = await Promise.race([probe(server, seconds), running.then(endedAlone)]);
    stop?.();
    const { cpuSeconds, peakRssMiB } = await running;
    return { ...answer, cpuSeconds, peakRssMiB };
  } finally {
    stop?.();
    await running.catch(() => undefined);
    await dropSlot(server);
  }
};

const endedAlone = (): never => {
  throw new Error('The receiver ended by itself.');
};

const dropSlot = (server: PostgresServer): Promise<unknown> =>
  server.query(`SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '${slot}'`);

type Commit = { lsn: bigint; answeredMilliseconds: number };

const probe = async (server: PostgresServer, seconds: number): Promise<Omit<Latency, 'cpuSeconds' | 'peakRssMiB'>> => {
  const [writer, looker] = [await connect(server), await connect(server)];
  try {
    const first = await ask(writer, 'SELECT pg_current_wal_insert_lsn()::text AS lsn');
    await untilAcknowledged(looker, first);
    const loading = load(server, seconds + warmUpMilliseconds / 1000);
    await pause(warmUpMilliseconds);
    const before = await ask(writer, 'SELECT pg_current_wal_insert_lsn()::text AS lsn');
    const open: Commit[] = [];
    const latencies: number[] = [];
    const over = new AbortController();
    const looking = look(looker, open, latencies, over.signal);
    const commits = await commit(writer, open, seconds);
    const after = await ask(writer, 'SELECT pg_current_wal_insert_lsn()::text AS lsn');
    const transactionsPerSecond = await loading;
    over.abort();
    await looking;
    return {
      commits,
      p50Seconds: percentile(latencies, 50) / 1000,
      p99Seconds: percentile(latencies, 99) / 1000,
      maxSeconds: percentile(latencies, 100) / 1000,
      transactionsPerSecond,
      walMiBPerSecond: Number(after - before) / seconds / 1024 ** 2,
    };
  } finally {
    await writer.end();
    await looker.end();
  }
};

const connect = async ({ socketDirectory, port }: PostgresServer): Promise<Client> => {
  const client = new Client({ host: socketDirectory, port, user: 'postgres', database });
  await client.connect();
  return client;
};

const ask = async (client: Client, question: string): Promise<bigint> => {
  const { rows } = await client.query<{ lsn: string | null }>(question);
  return lsnBytes(rows[0]?.lsn ?? '0/0');
};

// The place after each commit is read when it was answered: at or behind its end.
const commit = async (client: Client, open: Commit[], seconds: number): Promise<number> => {
  let commits = 0;
  for (const end = performance.now() + seconds * 1000; performance.now() < end; commits += 1) {
    await client.query('INSERT INTO probe DEFAULT VALUES');
    const answeredMilliseconds = performance.now();
    open.push({ lsn: await ask(client, 'SELECT pg_current_wal_insert_lsn()::text AS lsn'), answeredMilliseconds });
    await pause(commitMilliseconds);
  }
  return commits;
};

const acknowledged = (client: Client): Promise<bigint> =>
  ask(client, `SELECT restart_lsn::text AS lsn FROM pg_replication_slots WHERE slot_name = '${slot}'`);

// Until it is over and nothing is open any more.
const look = async (client: Client, open: Commit[], latencies: number[], over: AbortSignal): Promise<void> => {
  let end = Number.POSITIVE_INFINITY;
  while (!over.aborted || open.length > 0) {
    end = over.aborted ? Math.min(end, performance.now() + patienceMilliseconds) : end;
    const durable = await acknowledged(client);
    const now = performance.now();
    while (open[0] !== undefined && open[0].lsn <= durable) {
      latencies.push(now - (open.shift() as Commit).answeredMilliseconds);
    }
    if (now > end) {
      throw new Error(`${open.length} commits were never acknowledged.`);
    }
    await pause(lookMilliseconds);
  }
};

const untilAcknowledged = async (client: Client, lsn: bigint): Promise<void> => {
  for (const end = performance.now() + patienceMilliseconds; (await acknowledged(client)) < lsn;) {
    if (performance.now() > end) {
      throw new Error('The receiver did not begin.');
    }
    await pause(100);
  }
};

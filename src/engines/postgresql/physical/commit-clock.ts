// Pairs of (time, LSN) taken while a copy runs. Afterwards they tell up to which instant every commit is in it.
import { setInterval } from 'node:timers/promises';
import type { PostgresqlSource } from '../../../api/agent.ts';
import { connect } from '../client.ts';
import type { Session } from '../client.ts';
import { lsnBytes } from '../../../api/lsn.ts';

// Everything committed before `time` (milliseconds, the server's clock) ends at or before `lsn`.
export type Sample = { time: number; lsn: bigint };

export type CommitClock = {
  // The newest instant of which all commits end at or before the LSN. Undefined: none is known.
  instantBefore(lsn: string): Date | undefined;
  // The time of the server now, rounded up: later than every commit so far. Undefined on a standby, and where it cannot be asked any more.
  laterThanAll(): Promise<Date | undefined>;
  close(): Promise<void>;
};

const everyMilliseconds = 500;
const mostSamples = 4096;

// Time first, then LSN: a commit that was answered before that time has an LSN that had been written by then.
// A standby knows commits by their replay; the newest one it has replayed is what it can vouch for.
const question = `
  SELECT CASE WHEN pg_is_in_recovery() THEN extract(epoch FROM pg_last_xact_replay_timestamp()) ELSE extract(epoch FROM clock_timestamp()) END::float8 AS seconds,
         (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END)::text AS lsn`;

type Answer = { seconds: number | null; lsn: string | null };

const takeSample = async (session: Session): Promise<Sample[]> => {
  const [answer] = await session.query<Answer>(question);
  if (answer?.seconds == null || answer.lsn == null) {
    return [];
  }
  return [{ time: Math.floor(answer.seconds * 1000), lsn: lsnBytes(answer.lsn) }];
};

const laterQuestion = `SELECT CASE WHEN NOT pg_is_in_recovery() THEN ceil(extract(epoch FROM clock_timestamp()) * 1000) END::float8 AS milliseconds`;

const askLater = async (session: Session): Promise<Date | undefined> => {
  const [answer] = await session.query<{ milliseconds: number | null }>(laterQuestion);
  return answer?.milliseconds == null ? undefined : new Date(answer.milliseconds);
};

// Starts with one sample taken now, so that at least the beginning is known.
export const startCommitClock = async (source: PostgresqlSource): Promise<CommitClock> => {
  const { credentialsDirectory, database } = source;
  const session = await connect({ server: source, database, credentialsDirectory });
  const samples: Sample[] = await takeSample(session);
  const stop = new AbortController();
  const work = keepSampling(session, samples, stop.signal);
  return {
    instantBefore: (lsn) => newestBefore(samples, lsnBytes(lsn)),
    laterThanAll: () => askLater(session).catch(() => undefined),
    async close() {
      stop.abort();
      await work;
      await session.end();
    },
  };
};

// Ends when it is told to, or when the server is gone: what is known stays known, and the copy fails by itself.
const keepSampling = async (session: Session, samples: Sample[], signal: AbortSignal): Promise<void> => {
  try {
    for await (const _ of setInterval(everyMilliseconds, undefined, { signal, ref: false })) {
      samples.push(...(await takeSample(session)));
      thinOut(samples);
    }
  } catch {
    // As said above.
  }
};

// A copy that runs for days keeps every second sample, and then every second of those.
const thinOut = (samples: Sample[]): void => {
  if (samples.length > mostSamples) {
    samples.splice(0, samples.length, ...samples.filter((_, at) => at % 2 === 0 || at === samples.length - 1));
  }
};

export const newestBefore = (samples: readonly Sample[], lsn: bigint): Date | undefined => {
  const newest = samples.findLast((sample) => sample.lsn <= lsn);
  return newest === undefined ? undefined : new Date(newest.time);
};

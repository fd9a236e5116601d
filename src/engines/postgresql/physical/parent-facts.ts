// What an increment needs to know of the server and of the copy that it shall build on.
import { setTimeout as pause } from 'node:timers/promises';
import { lsnBytes } from '../../../api/lsn.ts';
import type { WholeCopy } from '../../../api/backup-type.ts';
import type { Parent } from '../../engine.ts';
import type { Session } from '../client.ts';
import type { ServerFacts } from '../server-facts.ts';
import { askHistory } from './history-proof.ts';
import { whyWhole } from './why-whole.ts';
import type { Summaries } from './why-whole.ts';

export const manifestArtifact = 'backup_manifest';

// Where the server is now, by the replication protocol: a standby knows it, too.
export type ServerPlace = { timeline: number; lsn: bigint };

export const readPlace = async (replication: Session): Promise<ServerPlace | undefined> => {
  const [answer] = await replication.query<{ timeline: number | string; xlogpos: string }>('IDENTIFY_SYSTEM');
  return answer === undefined ? undefined : { timeline: Number(answer.timeline), lsn: lsnBytes(answer.xlogpos) };
};

const question = `
  SELECT summarized_lsn::text AS upto, pending_lsn::text AS pending,
         ARRAY(SELECT start_lsn::text || ' ' || end_lsn::text FROM pg_available_wal_summaries()
               WHERE tli = $1 AND end_lsn > $2::pg_lsn ORDER BY start_lsn) AS ranges
  FROM pg_get_wal_summarizer_state()`;

// The server reads WAL for its summaries twice a minute where little is written.
const patienceMilliseconds = 45_000;
const betweenMilliseconds = 500;

// Waits until the server has read up to the parent's beginning: before, nobody could tell whether it is the parent's history.
const readSummaries = async (session: Session, timeline: number, from: string): Promise<Summaries> => {
  for (const end = performance.now() + patienceMilliseconds; ;) {
    const summaries = await askSummaries(session, timeline, from);
    if (summaries.upto >= lsnBytes(from) || summaries.pending > lsnBytes(from) || performance.now() > end) {
      return summaries;
    }
    await pause(betweenMilliseconds);
  }
};

const askSummaries = async (session: Session, timeline: number, from: string): Promise<Summaries> => {
  const [answer] = await session.query<{ upto: string | null; pending: string | null; ranges: string[] }>(question, [timeline, from]);
  const { upto, pending, ranges = [] } = answer ?? {};
  return { upto: lsnBytes(upto ?? '0/0'), pending: lsnBytes(pending ?? '0/0'), ranges: ranges.map(rangeOf) };
};

const rangeOf = (text: string): { start: bigint; end: bigint } => {
  const [start = '0/0', end = '0/0'] = text.split(' ');
  return { start: lsnBytes(start), end: lsnBytes(end) };
};

// Undefined: the server can make an increment on the parent.
export const askWhyWhole = async (
  session: Session,
  server: ServerFacts,
  place: ServerPlace | undefined,
  parent: Parent,
): Promise<WholeCopy | undefined> => {
  const facts = parent.facts.postgresql;
  const known = { server, parent, ...place };
  const before = whyWhole(known);
  if (before !== undefined || facts?.startLsn === undefined || facts.timeline === undefined) {
    return before;
  }
  const summaries = await readSummaries(session, facts.timeline, facts.startLsn);
  return whyWhole({ ...known, summaries }) ?? askHistory(session, parent);
};

// Stored bytes, guessed on the safe side: not more than all WAL that was written since, and not more than everything.
export const predictIncrement = (parent: Parent, place: ServerPlace | undefined, wholeBytes: number): number => {
  const start = parent.facts.postgresql?.startLsn;
  return start === undefined || place === undefined ? wholeBytes : Math.min(wholeBytes, Number(place.lsn - lsnBytes(start)));
};

// What an increment needs to know of the server and of the copy that it shall build on.
import { lsnBytes } from '../../../api/lsn.ts';
import type { WholeCopy } from '../../../api/backup-type.ts';
import type { Parent } from '../../engine.ts';
import type { Session } from '../client.ts';
import type { ServerFacts } from '../server-facts.ts';
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
  SELECT (SELECT summarized_lsn::text FROM pg_get_wal_summarizer_state()) AS upto,
         ARRAY(SELECT start_lsn::text || ' ' || end_lsn::text FROM pg_available_wal_summaries()
               WHERE tli = $1 AND end_lsn > $2::pg_lsn ORDER BY start_lsn) AS ranges`;

const readSummaries = async (session: Session, timeline: number, from: string): Promise<Summaries> => {
  const [answer] = await session.query<{ upto: string | null; ranges: string[] }>(question, [timeline, from]);
  return { upto: lsnBytes(answer?.upto ?? '0/0'), ranges: (answer?.ranges ?? []).map(rangeOf) };
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
  const known = { server, parent, ...(place === undefined ? {} : { timeline: place.timeline }) };
  const before = whyWhole(known);
  if (before !== undefined || facts?.startLsn === undefined || facts.timeline === undefined) {
    return before;
  }
  return whyWhole({ ...known, summaries: await readSummaries(session, facts.timeline, facts.startLsn) });
};

// Stored bytes, guessed on the safe side: not more than all WAL that was written since, and not more than everything.
export const predictIncrement = (parent: Parent, place: ServerPlace | undefined, wholeBytes: number): number => {
  const start = parent.facts.postgresql?.startLsn;
  return start === undefined || place === undefined ? wholeBytes : Math.min(wholeBytes, Number(place.lsn - lsnBytes(start)));
};

// By what a server is known again as the one of an earlier copy. A copy begins at the beginning of a segment, and so does one that was made after the server
// was set back: places alone say nothing. What the server wrote before the copy began does, and its WAL summaries keep that for days.
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { lsnBytes } from '../../../api/lsn.ts';
import type { WholeCopy } from '../../../api/backup-type.ts';
import type { Parent, SmallArtifact } from '../../engine.ts';
import type { Session } from '../client.ts';

export const historyArtifact = 'history.json';

// The newest WAL summary before the copy began: which blocks it names, as a number.
const proofSchema = z.object({
  schema: z.literal('holdfast.dev/history/v1'),
  minReader: z.int(),
  timeline: z.int(),
  from: z.string(),
  to: z.string(),
  hash: z.string(),
});
export type HistoryProof = z.output<typeof proofSchema>;

const newestBefore = `
  SELECT start_lsn::text AS "from", end_lsn::text AS "to" FROM pg_available_wal_summaries()
  WHERE tli = $1 AND end_lsn <= $2::pg_lsn ORDER BY end_lsn DESC LIMIT 1`;
const contents = `
  SELECT count(*) || '-' || coalesce(sum(hashtextextended(
           concat_ws(' ', relfilenode, reltablespace, reldatabase, relforknumber, relblocknumber, is_limit_block), 0)), 0) AS hash
  FROM pg_wal_summary_contents($1, $2::pg_lsn, $3::pg_lsn)`;
const around = `
  SELECT start_lsn::text AS "from", end_lsn::text AS "to" FROM pg_available_wal_summaries()
  WHERE tli = $1 AND start_lsn < $2::pg_lsn AND end_lsn >= $2::pg_lsn`;

type Range = { from: string; to: string };

// The server writes a summary a moment after a checkpoint. Without one that ends there, the one before says at least something.
const patienceMilliseconds = 5000;
const betweenMilliseconds = 250;

export const proveHistory = async (session: Session, timeline: number, startLsn: string): Promise<HistoryProof | undefined> => {
  for (const end = performance.now() + patienceMilliseconds; ;) {
    const [newest] = await session.query<Range>(newestBefore, [timeline, startLsn]);
    if (newest?.to === startLsn || performance.now() > end) {
      return (
        newest && { schema: 'holdfast.dev/history/v1', minReader: 1, timeline, ...newest, hash: await hashOf(session, timeline, newest) }
      );
    }
    await pause(betweenMilliseconds);
  }
};

const hashOf = async (session: Session, timeline: number, { from, to }: Range): Promise<string> => {
  const [answer] = await session.query<{ hash: string }>(contents, [timeline, from, to]);
  return answer?.hash ?? '';
};

export const historyDocument = (proof: HistoryProof): SmallArtifact => ({
  name: historyArtifact,
  content: Buffer.from(JSON.stringify(proof)),
  // It says something of what was written, if little: only the state identity opens it.
  state: true,
});

// Whether the server has another history. Undefined: not so, or nobody can tell: the copy is of an earlier release, or the server has removed that summary.
export const askHistory = async (session: Session, { backupId, state }: Parent): Promise<WholeCopy | undefined> => {
  const proof = readProof(state.get(historyArtifact));
  if (proof === undefined) {
    return undefined;
  }
  const { timeline, to } = proof;
  const ranges = await session.query<Range>(around, [timeline, to]);
  const same = ranges.find((range) => range.to === to && range.from === proof.from);
  const isOther =
    same === undefined ? ranges.some((range) => lsnBytes(range.to) > lsnBytes(to)) : (await hashOf(session, timeline, same)) !== proof.hash;
  return isOther
    ? {
        reason: 'HistoryChanged',
        message: `What the server wrote up to ${to} is not what it had written when ${backupId} was made: it was set back to before that, and has another history since.`,
      }
    : undefined;
};

const readProof = (content: Buffer | undefined): HistoryProof | undefined =>
  content === undefined ? undefined : proofSchema.safeParse(JSON.parse(content.toString('utf8'))).data;

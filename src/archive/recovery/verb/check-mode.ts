// Mode Check: whether the live server is the restored one. It is asked until it answers: it may still be starting.
import { setTimeout as pause } from 'node:timers/promises';
import { lsnBytes } from '../../../api/lsn.ts';
import type { RecoverCheckPlan } from '../../../api/recover.ts';
import { refusal } from '../../../core/recovery/refusal.ts';
import { EngineError } from '../../../engines/engine.ts';
import { connect } from '../../../engines/postgresql/client.ts';
import type { AgentContext } from '../../context.ts';
import { ArchiveError } from '../../errors.ts';
import { RecoveryRefused } from '../refused.ts';

type Answer = { systemId: string; timeline: number; lsn: string; recovering: boolean };
export type CheckFacts = { systemId: string; timeline: number; reachedLsn: string } | { note: string };

const betweenMilliseconds = 300;
const answerMilliseconds = 15_000;
// An answer that does not fit may come from a server that is about to go. What stays so is the truth.
const patienceMilliseconds = ({ deadlineSeconds }: RecoverCheckPlan): number => Math.min(20_000, deadlineSeconds * 250);
// So much of the deadline is left to say what was seen last.
const spareMilliseconds = 5000;

export const checkMode = (plan: RecoverCheckPlan, { signal, step, log }: AgentContext): Promise<CheckFacts> =>
  step('check', async () => {
    const begun = performance.now();
    const end = begun + Math.max(plan.deadlineSeconds * 500, plan.deadlineSeconds * 1000 - spareMilliseconds);
    let wrongSince: number | undefined;
    for (;;) {
      signal.throwIfAborted();
      const said = await lookOnce(plan);
      if ('answer' in said) {
        const { systemId, timeline, lsn } = said.answer;
        return { systemId, timeline, reachedLsn: lsn };
      }
      const { error, lasts } = said;
      log.debug('The restored server is not up yet', { error });
      const now = performance.now();
      wrongSince = lasts ? (wrongSince ?? now) : undefined;
      if (wrongSince !== undefined && now - wrongSince > patienceMilliseconds(plan)) {
        return notLetIn(error);
      }
      if (now > end) {
        throw new ArchiveError(
          'DeadlineExceeded',
          `The restored server was not up after ${Math.round((now - begun) / 1000)} s: ${error.message}`,
          {
            cause: error,
          },
        );
      }
      await pause(betweenMilliseconds, undefined, { signal });
    }
  });

// Roles, passwords and databases are those of the point that was restored. Whoever went back behind a change of a password is not let in any more:
// the server runs, and was verified before it took its place. That it was not asked is said, and nothing is rolled back for it.
const ofThen = new Set(['AuthenticationFailed', 'PermissionMissing', 'DatabaseMissing']);

const notLetIn = (error: Error): { note: string } => {
  if (error instanceof EngineError && ofThen.has(error.code)) {
    return {
      note: `The server runs, and was verified before it took its place; it could not be asked since, because it has the roles, passwords and databases of then. ${error.message}`,
    };
  }
  throw error;
};

// `lasts`: waiting will hardly change it.
type Look = { answer: Answer } | { error: Error; lasts: boolean };

const lookOnce = async (plan: RecoverCheckPlan): Promise<Look> => {
  try {
    const answer = await ask(plan);
    const wrong = answer.recovering ? 'it is still recovering.' : differences(answer, plan.expect ?? {});
    return wrong === undefined
      ? { answer }
      : {
          error: new RecoveryRefused(refusal('RestoreVerificationFailed', `The live server answers, and ${wrong}`, {})),
          lasts: !answer.recovering,
        };
  } catch (error) {
    if (!(error instanceof EngineError)) {
      throw error;
    }
    return { error, lasts: !error.retryable };
  }
};

const question = `SELECT (SELECT system_identifier::text FROM pg_control_system()) AS "systemId", recovering,
  CASE WHEN recovering THEN '0/0' ELSE pg_current_wal_lsn()::text END AS lsn,
  CASE WHEN recovering THEN '00000000' ELSE left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) END AS timeline
  FROM (SELECT pg_is_in_recovery() AS recovering) AS now`;

const ask = async ({ server }: RecoverCheckPlan): Promise<Answer> => {
  const { database, credentialsDirectory } = server;
  const session = await connect({ server, database, credentialsDirectory, answerMilliseconds });
  try {
    const [row] = await session.query<Omit<Answer, 'timeline'> & { timeline: string }>(question);
    if (row === undefined) {
      throw new TypeError('the server gave no row');
    }
    return { ...row, timeline: Number.parseInt(row.timeline, 16) };
  } finally {
    await session.end();
  }
};

const differences = (answer: Answer, { systemId, timeline, lsn }: NonNullable<RecoverCheckPlan['expect']>): string | undefined => {
  if (systemId !== undefined && answer.systemId !== systemId) {
    return `it is another one: its system identifier is ${answer.systemId}, that of the restored one ${systemId}.`;
  }
  if (timeline !== undefined && answer.timeline < timeline) {
    return `it is on timeline ${answer.timeline}, and the restored one on ${timeline}.`;
  }
  return lsn !== undefined && lsnBytes(answer.lsn) < lsnBytes(lsn)
    ? `its WAL ends at LSN ${answer.lsn}, and that of the restored one came to ${lsn}.`
    : undefined;
};

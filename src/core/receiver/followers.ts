// How the other tiers follow the one that is written first.
import type { WalFollower, WalLine } from '../../api/agent.ts';
import type { WalFollowerStatus } from '../../api/wal-status.ts';
import { cut } from '../plan/conditions.ts';
import { instantOf, isoTime, minute } from '../plan/time.ts';

// A tier that follows is a few seconds behind, and a minute between marks. A failure that is over by then is not worth a word.
const lagMilliseconds = 3 * minute;
const longestProblem = 160;

export const followerStatus = (line: Pick<WalLine, 'markTime' | 'followers'>): WalFollowerStatus[] =>
  line.followers.map((follower) => {
    const mark = instantOf(follower.markTime);
    const problem = problemOf(line, follower);
    return {
      tier: follower.tier,
      ...(follower.storedLsn === undefined ? {} : { storedLsn: follower.storedLsn }),
      ...(mark === undefined ? {} : { storedTime: isoTime(mark) }),
      ...(problem === undefined ? {} : { problem: cut(problem, longestProblem) }),
    };
  });

// Why a tier does not follow. One that has nothing yet is given no time: it fails, or it has begun.
const problemOf = ({ markTime }: Pick<WalLine, 'markTime'>, { markTime: own, code, message }: WalFollower): string | undefined => {
  const [first, mark] = [instantOf(markTime), instantOf(own)];
  if (mark === undefined) {
    return code === undefined ? undefined : `${code}: ${message ?? ''}`;
  }
  if (first === undefined || first - mark < lagMilliseconds) {
    return undefined;
  }
  return code === undefined
    ? 'It is further behind than usual: the store takes WAL more slowly than it comes.'
    : `${code}: ${message ?? ''}`;
};

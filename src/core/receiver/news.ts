// Whether a line of a receiver is worth a look at its policy: a state that changed, or a place that moved for about a minute.
import type { WalLine } from '../../api/agent.ts';
import { instantOf, second } from '../plan/time.ts';

const movedMilliseconds = 45 * second;

// `told`: the line that a decision saw last.
export const isNews = (told: WalLine | undefined, line: WalLine): boolean => {
  if (told === undefined || stateOf(told) !== stateOf(line)) {
    return true;
  }
  const [was, is] = [instantOf(told.markTime), instantOf(line.markTime)];
  return was === undefined ? is !== undefined : is !== undefined && is - was >= movedMilliseconds;
};

const stateOf = ({ lineageId, timeline, storedLsn, trouble, followers }: WalLine): string =>
  [
    lineageId,
    timeline,
    storedLsn === undefined,
    trouble?.code,
    // A trouble that lasts is seen when it is looked at again.
    ...followers.map(({ tier, code, markTime }) => `${tier} ${code} ${markTime === undefined}`),
  ].join(' ');

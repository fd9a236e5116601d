// What the project wants to reach, and whether this run did.
import { atLeast, atMost, ratio } from '../common/goals.ts';
import type { Goal } from '../common/goals.ts';
import type { Summary } from '../common/summary.ts';

// Peak of what lies in the target and beside it; a folder, a label and a map of blocks are no second copy.
const oneCopy = 1.1;

export const goalsOf = (summaries: readonly Summary[]): Goal[] => {
  const one = (set: string, name: string): Summary | undefined => summaries.find((each) => each.set === set && each.name === name);
  const seconds = (set: string, name: string): number | undefined => one(set, name)?.seconds.median;
  return [
    ...atMost('restore ÷ pgBackRest', ratio(seconds('full', 'holdfast'), seconds('full', 'pgbackrest')), 0.9),
    ...atMost('Full and increments ÷ the Full', ratio(seconds('chain', 'holdfast'), seconds('full', 'holdfast')), 1.6),
    ...atMost('copies on disk at the peak, with increments', one('chain', 'holdfast')?.extra['diskCopies'], oneCopy),
    ...atLeast('speed of replay ÷ pgBackRest', ratio(seconds('replay', 'pgbackrest'), seconds('replay', 'holdfast')), 1.5),
  ];
};

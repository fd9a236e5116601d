// Durations on the command line, as resources write them: 90s, 30m, 1h30m.
import { durationPattern } from '../../api/common.ts';
import { durationMilliseconds } from '../../core/plan/time.ts';
import { wrongUse } from './errors.ts';

export const readDuration = (text: string): number => {
  const milliseconds = durationPattern.test(text) ? durationMilliseconds(text) : 0;
  if (milliseconds <= 0) {
    throw wrongUse(`"${text}" is no duration.`, 'Write whole numbers with units, larger ones first: 90s, 30m, 1h30m.');
  }
  return milliseconds;
};

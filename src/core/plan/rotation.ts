// Which backups' stored bytes are read again next, so that over time all of them are.
import { day } from './time.ts';

// So long after it was read whole a backup is read again.
export const verificationIntervalMilliseconds = 30 * day;

export type VerificationState = {
  id: string;
  // When the reading began that is known to have matched, or that has not come to its end.
  sinceMilliseconds?: number;
  state: 'Never' | 'Unfinished' | 'Passed' | 'Failed';
};

// What was found wrong is looked at first: it may have been mended. Then what was begun, then what was never read, newest first, then what was
// read longest ago. What was read within the interval is left alone. `states` are in the order of time.
export const verificationOrder = (states: readonly VerificationState[], now: number, intervalMilliseconds: number): string[] => {
  const byAge = (a: VerificationState, b: VerificationState): number => (a.sinceMilliseconds ?? 0) - (b.sinceMilliseconds ?? 0);
  const of = (state: VerificationState['state']) => states.filter((each) => each.state === state);
  const due = of('Passed').filter(({ sinceMilliseconds = 0 }) => now - sinceMilliseconds >= intervalMilliseconds);
  return [...of('Failed').toSorted(byAge), ...of('Unfinished').toSorted(byAge), ...of('Never').toReversed(), ...due.toSorted(byAge)].map(
    ({ id }) => id,
  );
};

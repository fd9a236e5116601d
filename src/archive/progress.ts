// Progress lines: at most one in two seconds, so that a fast store does not flood the log.
import type { ProgressLine } from '../api/agent.ts';

const leastMilliseconds = 2000;

export const progressReporter = (report: (line: ProgressLine) => void, now: () => Date): ((phase: string, bytes: number) => void) => {
  let last = 0;
  let lastPhase = '';
  return (phase, bytes) => {
    const time = now();
    if (phase === lastPhase && time.getTime() - last < leastMilliseconds) {
      return;
    }
    last = time.getTime();
    lastPhase = phase;
    report({ kind: 'progress', time: time.toISOString(), phase, bytes });
  };
};

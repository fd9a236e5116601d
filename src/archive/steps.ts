// Names and times of the steps of one run.
import type { Log } from '../telemetry/log.ts';

export type StepClock = {
  step: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  // In the order in which they began; a step that ran several times counts once, with the sum.
  seconds: () => { name: string; seconds: number }[];
};

// A clock over steps. `monotonicSeconds` never runs backwards.
export const stepClock = (log: Log, monotonicSeconds: () => number): StepClock => {
  const spent = new Map<string, number>();
  return {
    async step(name, work) {
      const start = monotonicSeconds();
      if (!spent.has(name)) {
        spent.set(name, 0);
      }
      log.debug('Started a step', { step: name });
      try {
        return await work();
      } finally {
        const seconds = monotonicSeconds() - start;
        spent.set(name, (spent.get(name) ?? 0) + seconds);
        log.info('Ended a step', { step: name, seconds: rounded(seconds) });
      }
    },
    seconds: () => [...spent].map(([name, seconds]) => ({ name, seconds: rounded(seconds) })),
  };
};

const rounded = (seconds: number): number => Math.round(seconds * 1000) / 1000;

// Storing while the store comes and goes: the server keeps the WAL meanwhile.
import { setTimeout as pause } from 'node:timers/promises';
import { StoreError } from '../../stores/errors.ts';
import type { Log } from '../../telemetry/log.ts';

const firstPauseMilliseconds = 500;
const longestPauseMilliseconds = 5_000;

export type Patience = {
  signal: AbortSignal;
  log: Log;
  // Told of each failure, and of each success.
  onTry: (error?: unknown) => void;
};

// Tries until it works, or until it is stopped. An error that waiting does not mend ends it.
export const untilStored = async <T>(work: () => Promise<T>, { signal, log, onTry }: Patience): Promise<T> => {
  for (let tries = 1; ; tries += 1) {
    signal.throwIfAborted();
    try {
      const done = await work();
      onTry();
      return done;
    } catch (error) {
      if (!(error instanceof StoreError) || !error.retryable) {
        throw error;
      }
      onTry(error);
      log.warn('The store does not take WAL; trying again', { tries, error });
      await pause(Math.min(longestPauseMilliseconds, firstPauseMilliseconds * 2 ** Math.min(tries - 1, 10)), undefined, { signal });
    }
  }
};

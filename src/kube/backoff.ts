// Waiting, and how long to wait after failures in a row.

export type Backoff = { firstMilliseconds: number; mostMilliseconds: number };

// Doubles with each failure up to a limit; up to a fifth is added at random, so that many do not come back at once.
export const backoffMilliseconds = (failures: number, { firstMilliseconds, mostMilliseconds }: Backoff, random = Math.random): number => {
  const plain = Math.min(mostMilliseconds, firstMilliseconds * 2 ** Math.min(30, Math.max(0, failures - 1)));
  return plain * (1 + random() / 5);
};

// Resolves after a time, or at once when the signal is aborted.
export const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener('abort', end, { once: true });
  });

export const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
    } else {
      signal.addEventListener('abort', () => resolve(), { once: true });
    }
  });

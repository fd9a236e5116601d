// Waiting for work that may hang when it is stopped.

// The work's own end; or, some time after the signal, its reason: an agent that was told to stop must say so while it still can.
export const untilStopped = async <T>(work: Promise<T>, signal: AbortSignal, graceMilliseconds: number): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const stopped = Promise.withResolvers<never>();
  const onAbort = (): void => {
    timer = setTimeout(() => stopped.reject(signal.reason), graceMilliseconds);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) {
    onAbort();
  }
  try {
    return await Promise.race([work, stopped.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
    clearTimeout(timer);
  }
};

// How much a folder holds at most, looked at again and again.
import { execFile } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

const everyMilliseconds = 300;

export const watchDisk = (directory: string): { stop(): Promise<number> } => {
  let peakBytes = 0;
  const over = new AbortController();
  const look = async (): Promise<void> => {
    // Files come and go meanwhile: what it says of those is no error.
    const { stdout } = await promisify(execFile)('du', ['--summarize', '--block-size=1', directory]).catch(
      (error: { stdout?: string }) => ({
        stdout: error.stdout ?? '',
      }),
    );
    peakBytes = Math.max(peakBytes, Number.parseInt(stdout, 10) || 0);
  };
  const looking = (async () => {
    while (!over.signal.aborted) {
      await look();
      await pause(everyMilliseconds, undefined, { signal: over.signal }).catch(() => undefined);
    }
  })();
  return {
    async stop() {
      over.abort();
      await looking;
      return peakBytes;
    },
  };
};

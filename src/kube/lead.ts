// Works while this process leads, and leaves in good order.
import { pause, untilAborted } from './backoff.ts';
import type { Election } from './election.ts';

export type Part = { run(signal: AbortSignal): Promise<void> };

export type LeadOptions = {
  election: Election;
  // Made when this process leads: nothing of them runs before.
  parts: () => Part[];
  signal: AbortSignal;
  // So long what was begun may take to end, when the process is asked to stop. Well below the grace of a pod.
  finishMilliseconds?: number;
};

// Resolves when `signal` is aborted, what was begun has ended, and the Lease is released. Throws at once where the Lease is lost.
export const lead = async ({ election, parts, signal, finishMilliseconds = 10_000 }: LeadOptions): Promise<void> => {
  const standing = new AbortController();
  const stood = election.run(standing.signal);
  const lost = election.lost.then((error) => Promise.reject(error));
  const work = async (): Promise<void> => {
    await Promise.race([election.elected, untilAborted(signal)]);
    if (!signal.aborted) {
      const working = Promise.all(parts().map((part) => part.run(signal)));
      const finished = new AbortController();
      const late = untilAborted(signal).then(() => pause(finishMilliseconds, finished.signal));
      try {
        await Promise.race([working, late]);
      } finally {
        // A timer that runs on would keep the process alive.
        finished.abort();
      }
    }
  };
  await Promise.race([work(), lost]);
  standing.abort();
  await stood;
};

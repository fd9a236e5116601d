// A work queue whose clock moves only when told to.
import type { Backoff } from '../../src/kube/backoff.ts';
import { createWorkQueue } from '../../src/kube/work-queue.ts';
import { createVirtualClock } from './virtual-clock.ts';

export const virtualQueue = (backoff?: Backoff) => {
  const clock = createVirtualClock();
  const queue = createWorkQueue({
    now: () => clock.now(),
    schedule: (fire, milliseconds) => clock.schedule(fire, milliseconds),
    random: () => 0,
    ...(backoff === undefined ? {} : { backoff }),
  });
  return { clock, queue };
};

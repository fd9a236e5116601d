// Giving up an upload without hiding why.
import { setTimeout as pause } from 'node:timers/promises';
import type { Upload } from '../stores/store.ts';

const longestMilliseconds = 15_000;

// Aborts an upload after something else failed. Never throws, and does not wait long for a store that is silent: the agent must still say how it ended.
// What stays behind is invisible, and swept later.
export const abandon = async (upload: Upload): Promise<void> => {
  const waiting = new AbortController();
  const aborted = upload.abort().catch(() => undefined);
  await Promise.race([aborted, pause(longestMilliseconds, undefined, { signal: waiting.signal }).catch(() => undefined)]);
  waiting.abort();
};

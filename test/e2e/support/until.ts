// Waits until something is there, and says what was missing when it does not come.
import { setTimeout as pause } from 'node:timers/promises';

export const until = async <T>(
  what: string,
  seconds: number,
  probe: () => Promise<T | undefined | false>,
  everyMilliseconds = 500,
): Promise<T> => {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== false) {
      return found;
    }
    if (Date.now() > end) {
      throw new Error(`Not within ${seconds} s: ${what}`);
    }
    await pause(everyMilliseconds);
  }
};

// Gives the new data directory the place of the old one, at once.
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { Log } from '../../../telemetry/log.ts';
import { moveDurably, syncPath } from './durable.ts';
import type { Place } from './place.ts';
import { isThere } from './standing.ts';

// What was there is `before` afterwards. Whoever is killed in between leaves one of three states, and each can be told: nothing is done yet; exchanged, with
// the old one at the place of the new; or the old one put aside, and nothing in its place.
export const swap = async (place: Place, log: Log): Promise<void> => {
  const { target, data, before } = place;
  if (!(await isThere(target)) || place.kind === 'volume') {
    await mkdir(dirname(target), { recursive: true });
    await moveDurably(data, target);
    return;
  }
  if (await exchange(data, target, log)) {
    await finishExchange(place);
    return;
  }
  await moveDurably(target, before);
  await moveDurably(data, target);
};

// After an exchange the old one stands where the new one was built.
export const finishExchange = ({ data, before }: Place): Promise<void> => moveDurably(data, before);

// False where this file system, or mv before coreutils 9.5, cannot: then nothing has happened.
const exchange = async (from: string, to: string, log: Log): Promise<boolean> => {
  try {
    await promisify(execFile)('mv', ['--exchange', '--no-copy', '--no-target-directory', '--', from, to]);
  } catch (error) {
    log.debug('Two directories cannot be exchanged here; they are renamed one after the other', { error });
    return false;
  }
  await syncPath(dirname(from));
  await syncPath(dirname(to));
  return true;
};

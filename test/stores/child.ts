// Runs act-as.ts.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Act } from './act-as.ts';

const start = (act: Act) =>
  spawn(process.execPath, [join(import.meta.dirname, 'act-as.ts'), JSON.stringify(act)], { stdio: ['ignore', 'pipe', 'inherit'] });

// The results of the steps, and the peak of memory as the last one.
export const actAs = async (act: Act): Promise<unknown[]> => {
  const results: unknown[] = [];
  for await (const line of createInterface({ input: start(act).stdout })) {
    results.push(JSON.parse(line));
  }
  return results;
};

// Kills the process as soon as it hangs in the middle of an upload.
export const killInUpload = async (act: Act): Promise<void> => {
  const child = start(act);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.stdout.once('data', () => child.kill('SIGKILL'));
  await ended;
};

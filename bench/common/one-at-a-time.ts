// Two measurements at once would measure each other.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { killAllGroups } from './process-group.ts';
import { benchDirectory } from './settings.ts';

const lockFile = join(benchDirectory, 'lock');

// Takes the lock and clears away what a killed measurement left. Whatever ends this one ends what it started.
export const oneAtATime = (): void => {
  mkdirSync(benchDirectory, { recursive: true });
  const holder = existsSync(lockFile) ? readFileSync(lockFile, 'utf8') : '';
  if (holder !== '' && existsSync(`/proc/${holder}`)) {
    throw new Error(`The process ${holder} is measuring already. Wait for its end, or end it.`);
  }
  killAllGroups();
  writeFileSync(lockFile, String(process.pid));
  process.once('exit', () => {
    killAllGroups();
    rmSync(lockFile, { force: true });
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(130));
  }
};

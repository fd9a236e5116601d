// When the tiers are read because a Log has fetched WAL into them. Beside a receiver a Log adds nothing, so then nothing is read.
import { durationMilliseconds, instantOf, minute } from '../plan/time.ts';
import { archiveMode } from '../plan/wal-archive.ts';
import { hasStarted } from './observed.ts';
import type { PolicyObserved } from './observed.ts';

// Where Logs come more often than this, not each of them is worth a reading. An objective that is short needs fresher facts.
const longestPauseMilliseconds = 10 * minute;

export type LogReading = {
  // A reading must begin after this instant.
  neededSince: number;
  // When one becomes due that is put off now.
  againMilliseconds?: number;
};

const none: LogReading = { neededSince: 0 };

// `lastBegan`: when the newest reading of the tier began. A Log that failed counts: it may have stored a part.
export const logReading = ({ policy, backups, now }: PolicyObserved, lastBegan: number): LogReading => {
  if (!policy.spec.components.some((component) => archiveMode(component) === 'Scheduled')) {
    return none;
  }
  const ends = backups
    .filter((backup) => backup.type === 'Log' && hasStarted(backup))
    .flatMap(({ status }) => instantOf(status.endTime) ?? []);
  const newest = Math.max(0, ...ends);
  const pause = Math.min(longestPauseMilliseconds, durationMilliseconds(policy.spec.objectives.rpo) / 4);
  const wait = lastBegan + pause - now;
  const followedLog = ends.some((end) => end <= lastBegan && end > lastBegan - pause);
  return newest > lastBegan && followedLog && wait > 0 ? { neededSince: 0, againMilliseconds: wait } : { neededSince: newest };
};

// Which run the next heartbeat stands for. Silence is what raises the alarm elsewhere, so only an end-to-end success may break it.
import type { Backup, BackupPolicy } from '../../api/objects.ts';
import type { PolicyStatus } from '../../api/policy.ts';
import { hour, instantOf } from '../plan/time.ts';
import { endOf, hasFailed, isLog, isWhole } from './runs.ts';

export type Pulse = { outcome: 'success' | 'fail'; remembered: NonNullable<PolicyStatus['heartbeat']> };

// A success that could not be told for so long is old news, and would look like a new one.
const oldest = 6 * hour;

// The newest run that ended after the one that was told last; undefined where there is none. `tellsFailures`: failed runs count, too.
export const pulseDue = (policy: BackupPolicy, backups: Backup[], tellsFailures: boolean, now: number): Pulse | undefined => {
  const told = instantOf(policy.status?.heartbeat?.endTime) ?? 0;
  const newest = backups
    .filter((backup) => isWhole(backup) || (tellsFailures && isFailed(backup)))
    .toSorted((a, b) => (endOf(a) ?? 0) - (endOf(b) ?? 0))
    .at(-1);
  const end = newest && endOf(newest);
  if (newest?.status?.endTime === undefined || end === undefined || end <= told || now - end > oldest) {
    return undefined;
  }
  return {
    outcome: isWhole(newest) ? 'success' : 'fail',
    remembered: { backup: newest.metadata.name, endTime: newest.status.endTime },
  };
};

// What a Log comes to is no news of backups.
const isFailed = (backup: Backup): boolean => !isLog(backup) && backup.spec.components === undefined && hasFailed(backup);

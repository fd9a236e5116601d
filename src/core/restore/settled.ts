// What a plan has settled, for the Job that keeps to it.
import type { SettledPoint } from '../../api/recover.ts';
import type { PlannedComponent } from '../../api/restore-status.ts';

export const settledBy = ({ backupId, timeline, reachesLsn }: PlannedComponent): SettledPoint => ({
  backupId,
  ...(timeline === undefined ? {} : { timeline }),
  ...(reachesLsn === undefined ? {} : { lsn: reachesLsn }),
});

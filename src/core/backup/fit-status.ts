// The status of a Backup, small enough.
import type { BackupStatus } from '../../api/backup.ts';
import { cut } from '../plan/conditions.ts';
import { fit, shortMessages } from '../plan/fit.ts';

// Cuts messages, and nothing else, until the status is small enough.
export const fitStatus = (status: BackupStatus): BackupStatus => fit(status, limited);

const limited = (status: BackupStatus, most: number): BackupStatus => {
  const { conditions, components, tiers, check } = status;
  return {
    ...status,
    ...(conditions === undefined ? {} : { conditions: shortMessages(conditions, most) }),
    ...(components === undefined ? {} : { components: shortMessages(components, most) }),
    ...(tiers === undefined ? {} : { tiers: shortMessages(tiers, most) }),
    ...(check === undefined ? {} : { check: { ...check, message: cut(check.message, most) } }),
  };
};

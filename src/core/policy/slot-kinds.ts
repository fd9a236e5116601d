// Schedules that start backups, the largest kind first: what is larger stands for what is smaller.
import type { BackupType } from '../../api/backup-type.ts';

export type Kind = { type: BackupType; field: 'full' | 'differential' | 'incremental' };

export const kinds: readonly Kind[] = [
  { type: 'Full', field: 'full' },
  { type: 'Differential', field: 'differential' },
  { type: 'Incremental', field: 'incremental' },
];

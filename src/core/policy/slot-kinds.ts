// Schedules that start backups.
import type { BackupType, RunType } from '../../api/backup-type.ts';

type Field = 'full' | 'differential' | 'incremental';
export type Kind = { type: RunType; field: Field | 'log' };

// The largest kind first: what is larger stands for what is smaller.
export const backupKinds: readonly { type: BackupType; field: Field }[] = [
  { type: 'Full', field: 'full' },
  { type: 'Differential', field: 'differential' },
  { type: 'Incremental', field: 'incremental' },
];

// In a lane of its own: it stands for nothing else, and nothing stands for it.
export const logKind: Kind = { type: 'Log', field: 'log' };

export const kinds: readonly Kind[] = [...backupKinds, logKind];

// What a backup in a store holds of the components that can be copied in part: all, what changed since the last Full, or what changed since the last backup.
export const backupTypes = ['Full', 'Differential', 'Incremental'] as const;
export type BackupType = (typeof backupTypes)[number];

// What a Backup resource asks for. A Log leaves no backup of its own behind: it proves that the archive of WAL holds everything up to now.
export const runTypes = [...backupTypes, 'Log'] as const;
export type RunType = (typeof runTypes)[number];

// Runs of one lane come one after the other; those of the other are not waited for. A Log must not stand behind a Full that takes hours.
export const isSameLane = (one: RunType, other: RunType): boolean => (one === 'Log') === (other === 'Log');

// Why a component was copied whole although an increment was wanted. Each has its meaning and remedy in conditions.ts.
export const wholeReasons = [
  'NoParent',
  'StoreNotRead',
  'ChainFull',
  'IncrementsOff',
  'ServerTooOld',
  'StateIdentityMissing',
  'ParentUnreadable',
  'ServerChanged',
  'TimelineChanged',
  'HistoryChanged',
  'ChecksumsChanged',
  'SummariesOff',
  'SummariesMissing',
  'ServerRefused',
] as const;
export type WholeReason = (typeof wholeReasons)[number];

// `message`: with the next step, where there is one.
export type WholeCopy = { reason: WholeReason; message: string };

// What `physical.incremental: Required` does not put up with: somebody must mend it. All else is what a chain begins with, or ends at.
const refusedByRequired: readonly WholeReason[] = ['ServerTooOld', 'StateIdentityMissing', 'SummariesOff'];
export const isRefused = (reason: WholeReason): boolean => refusedByRequired.includes(reason);

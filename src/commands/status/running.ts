// What goes on now: runs that have not ended, and copies of those that have.
import type { BackupStatus } from '../../api/backup.ts';
import type { Backup } from '../../api/objects.ts';
import { findCondition } from '../../core/plan/conditions.ts';
import { instantOf } from '../../core/plan/time.ts';

export type Activity = {
  backup: string;
  phase: string;
  // Since the run started; absent where it waits.
  startTime?: string;
  message?: string;
  progress?: NonNullable<BackupStatus['progress']>;
  // Copies under way or behind.
  copies?: { tier: string; state: string; message?: string }[];
};

const isOpen = ({ status }: Backup): boolean => status?.endTime === undefined;

// Those that run first, then those that wait, then copies; the older ones first.
export const activities = (backups: Backup[]): Activity[] => {
  const ordered = backups.toSorted(
    (a, b) =>
      Number(b.status?.startTime !== undefined) - Number(a.status?.startTime !== undefined) ||
      a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp),
  );
  return [...ordered.filter(isOpen).map(openRun), ...ordered.filter((backup) => !isOpen(backup)).flatMap(copying)];
};

const openRun = ({ metadata, status = {} }: Backup): Activity => {
  const { startTime, phase = 'Pending', progress } = status;
  const message = findCondition(status.conditions, 'Succeeded')?.message;
  return {
    backup: metadata.name,
    phase: metadata.deletionTimestamp === undefined ? phase : 'Stopping',
    ...(startTime === undefined ? {} : { startTime }),
    ...(message === undefined ? {} : { message }),
    ...(progress === undefined ? {} : { progress }),
  };
};

const copying = ({ metadata, status = {} }: Backup): Activity[] => {
  const copies = (status.tiers ?? [])
    .slice(1)
    .filter(({ state }) => state === 'Copying' || state === 'Lagging')
    .map(({ name, state, message }) => ({ tier: name, state, ...(message === undefined ? {} : { message }) }));
  return copies.length === 0 ? [] : [{ backup: metadata.name, phase: status.phase ?? 'Complete', copies }];
};

export type EndedRun = { backup: string; phase: string; endTime: string; reason?: string; message?: string };

const isLog = ({ spec }: Backup): boolean => spec.type === 'Log';

// The newest run that has ended. There are many Log runs, and they say nothing of the others: they are asked for apart.
export const lastRun = (backups: Backup[]): EndedRun | undefined => newestEnded(backups.filter((backup) => !isLog(backup)));
export const lastLog = (backups: Backup[]): EndedRun | undefined => newestEnded(backups.filter(isLog));

// How it looks to whoever judges it: what is not complete has failed.
export const isBad = (run: EndedRun): boolean => run.phase !== 'Complete';

const newestEnded = (backups: Backup[]): EndedRun | undefined => {
  const ended = backups.filter(({ status }) => status?.endTime !== undefined);
  const newest = ended.toSorted((a, b) => (instantOf(a.status?.endTime) ?? 0) - (instantOf(b.status?.endTime) ?? 0)).at(-1);
  if (newest?.status?.endTime === undefined) {
    return undefined;
  }
  const { reason, message } = findCondition(newest.status.conditions, 'Succeeded') ?? {};
  return {
    backup: newest.metadata.name,
    phase: newest.status.phase ?? 'Failed',
    endTime: newest.status.endTime,
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
  };
};

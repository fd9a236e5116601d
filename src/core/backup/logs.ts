// Somebody asked for the stored log of a run: a Job prints it, one for each time it was asked.
import { annotation } from '../../api/group.ts';
import { deleteJobs } from '../jobs/facts.ts';
import { createJob } from '../jobs/request.ts';
import type { Action } from '../jobs/request.ts';
import { jobName } from '../plan/names.ts';
import { primaryTier, statusOf } from './observed.ts';
import type { BackupObserved } from './observed.ts';

// Actions beside whatever else is decided. The Job of the newest request stays; those before it go.
export const logRequests = (observed: BackupObserved): Action[] => {
  const { backup, policy, jobs } = observed;
  const { backupId, startTime = '' } = statusOf(observed);
  const asked = backup.metadata.annotations?.[annotation.logsRequested];
  const { type } = backup.spec;
  // A Log keeps none in the store.
  if (policy === undefined || backupId === undefined || type === 'Log' || backup.metadata.deletionTimestamp !== undefined) {
    return [];
  }
  const name = asked === undefined ? undefined : logsJobName(observed, asked);
  const deletions = deleteJobs(jobs.filter((job) => job.verb === 'logs' && job.name !== name));
  if (name === undefined || jobs.some((job) => job.name === name)) {
    return deletions;
  }
  const run = { name: backup.metadata.name, id: backupId, slot: startTime, type };
  return [...deletions, createJob({ name, verb: 'logs', attempt: 1, owner: 'Backup', tier: primaryTier(policy), backup: run })];
};

const logsJobName = ({ backup, hash }: BackupObserved, asked: string): string =>
  jobName(backup.spec.policyRef.name, hash(`${backup.metadata.uid}/${asked}`), 'logs', 1);

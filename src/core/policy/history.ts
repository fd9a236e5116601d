// Jobs and Backup resources that nobody needs any more. What they came to is in a status or in the store; no data is ever deleted here.
import { deleteJobs } from '../jobs/facts.ts';
import type { JobFacts } from '../jobs/facts.ts';
import type { Action, JobVerb } from '../jobs/request.ts';
import { instantOf } from '../plan/time.ts';
import { isDropJob } from '../receiver-slots/drop.ts';
import { inspectJobsOf } from './inspections.ts';
import { isSealed } from './observed.ts';
import type { BackupFacts, PolicyObserved } from './observed.ts';

const keptBackups = 3;
const keptLogs = 3;
const keptInspections = 3;
const keptCopies = 3;

// What Jobs of a Backup do for it.
const runVerbs: readonly JobVerb[] = ['dump', 'seal', 'check', 'receive'];

export const history = (observed: PolicyObserved): Action[] => {
  const outdated = [
    ...oldRuns(observed),
    ...oldInspections(observed),
    ...oldCopies(observed),
    ...oldAdoptions(observed),
    ...oldDrops(observed),
  ];
  return [...deleteJobs(outdated.filter(({ state }) => state.type === 'Ended' || state.type === 'Reading')), ...oldResources(observed)];
};

// The newest one has its end in the status, too; it stays to be looked at.
const oldAdoptions = ({ jobs }: PolicyObserved): JobFacts[] =>
  jobs
    .filter(({ verb }) => verb === 'adopt')
    .toSorted((a, b) => b.createdTime - a.createdTime)
    .slice(1);

// What came of dropping a slot is in the status. A slot that is still being dropped is judged by its newest Job.
const oldDrops = ({ jobs, policy }: PolicyObserved): JobFacts[] => {
  const isBusy = (policy.status?.walArchive ?? []).some(
    ({ slot, formerSlots = [] }) => slot?.dropping !== undefined || formerSlots.length > 0,
  );
  return jobs
    .filter(isDropJob)
    .toSorted((a, b) => b.createdTime - a.createdTime)
    .slice(isBusy ? 8 : 1);
};

// At most so many at a time: the API server is not flooded after a limit was lowered.
const mostDeletions = 20;

// Ended runs beyond the limit of their type, oldest first. The newest that is Complete stays, of Log runs too, and one whose copies are still due.
const oldResources = ({ policy, backups }: PolicyObserved): Action[] => {
  const { full, incremental, log } = policy.spec.history;
  const beyond = [
    ...beyondLimit(backups.filter(isFull), full),
    ...beyondLimit(
      backups.filter((backup) => !isFull(backup) && !isLog(backup)),
      incremental,
    ),
    ...beyondLimit(backups.filter(isLog), log).filter(({ slot }) => isCounted(policy, slot)),
  ];
  const [newest, newestLog] = [newestComplete(backups.filter((backup) => !isLog(backup))), newestComplete(backups.filter(isLog))];
  const old = beyond
    .filter((backup) => backup !== newest && backup !== newestLog && !isCopying(backup))
    .toSorted((a, b) => b.createdTime - a.createdTime);
  return old.slice(-mostDeletions).map(({ name, uid }): Action => ({ type: 'deleteBackup', name, uid }));
};

// What the success rate says of a Log stands in the status before its resource goes.
const isCounted = ({ spec, status }: PolicyObserved['policy'], slot: string): boolean =>
  spec.schedules.log === undefined || (instantOf(slot) ?? 0) <= (instantOf(status?.logSuccessRate?.countedTime) ?? 0);

// Newest first.
const endedOf = (backups: BackupFacts[]): BackupFacts[] =>
  backups.filter(({ status, deleting }) => status.endTime !== undefined && !deleting).toSorted((a, b) => b.createdTime - a.createdTime);

const beyondLimit = (backups: BackupFacts[], limit: number): BackupFacts[] => endedOf(backups).slice(limit);

const newestComplete = (backups: BackupFacts[]): BackupFacts | undefined =>
  endedOf(backups).find(({ status }) => status.phase === 'Complete');

const isFull = ({ type }: BackupFacts): boolean => type === 'Full';
const isLog = ({ type }: BackupFacts): boolean => type === 'Log';

const isCopying = (backup: BackupFacts): boolean =>
  isSealed(backup) && (backup.status.tiers ?? []).some(({ state }) => state !== 'Sealed' && state !== 'Failed');

// Jobs of runs that have ended, but for the newest few; the many Log runs do not push out those of backups.
const oldRuns = ({ backups, jobs }: PolicyObserved): JobFacts[] => {
  const ended = backups.filter(({ status }) => status.endTime !== undefined).toSorted((a, b) => b.createdTime - a.createdTime);
  const old = [...ended.filter((backup) => !isLog(backup)).slice(keptBackups), ...ended.filter(isLog).slice(keptLogs)];
  const owners = new Set(old.map(({ uid }) => uid));
  return jobs.filter(({ verb, ownerUid }) => runVerbs.includes(verb) && ownerUid !== undefined && owners.has(ownerUid));
};

const oldInspections = (observed: PolicyObserved): JobFacts[] =>
  observed.policy.spec.tiers.flatMap(({ name }) => inspectJobsOf(observed, name).slice(0, -keptInspections));

// Of each copy the newest attempt counts; of the copies to one tier the newest few are kept.
const oldCopies = ({ jobs }: PolicyObserved): JobFacts[] => {
  const ordered = jobs.filter(({ verb }) => verb === 'copy').toSorted((a, b) => b.createdTime - a.createdTime || b.attempt - a.attempt);
  const perCopy = Map.groupBy(ordered, ({ backupId, tier }) => `${backupId} ${tier}`);
  const superseded = [...perCopy.values()].flatMap((attempts) => attempts.slice(1));
  const newest = [...perCopy.values()].flatMap((attempts) => attempts.slice(0, 1));
  const perTier = Map.groupBy(newest, ({ tier }) => tier);
  const done = [...perTier.values()].flatMap((all) => all.filter(hasSucceeded).slice(keptCopies));
  return [...superseded, ...done];
};

const hasSucceeded = ({ state }: JobFacts): boolean => state.type === 'Ended' && state.result?.outcome === 'Succeeded';

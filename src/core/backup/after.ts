// Facts at and after the end: deletion, a policy that is gone, copies.
import { finalizer } from '../../api/group.ts';
import type { BackupStatus } from '../../api/backup.ts';
import { deleteJobs } from '../jobs/facts.ts';
import { judge } from '../jobs/judge.ts';
import type { Action } from '../jobs/request.ts';
import { dropConditions, setCondition } from '../plan/conditions.ts';
import type { NewCondition } from '../plan/conditions.ts';
import type { CopyState } from '../plan/copy-state.ts';
import { minute, soonest } from '../plan/time.ts';
import { concludeSealed } from './conclude.ts';
import { hasEnded, statusOf } from './observed.ts';
import type { BackupFact, BackupObserved } from './observed.ts';
import { ended } from './outcome.ts';

// On a node that is lost a pod never ends: nobody waits for it longer than this.
const longestDeletionMilliseconds = 10 * minute;

// Deleting a Backup stops its Jobs. It waits for them, never for the store; in a namespace that goes away it waits for nothing.
export const deleting: BackupFact = (observed) => {
  const { deletionTimestamp, finalizers = [] } = observed.backup.metadata;
  if (deletionTimestamp === undefined) {
    return undefined;
  }
  const status = statusOf(observed);
  const jobs = observed.jobs.filter(({ ours }) => ours);
  const left = Date.parse(deletionTimestamp) + longestDeletionMilliseconds - observed.now;
  if (!finalizers.includes(finalizer)) {
    return { actions: [], status };
  }
  if (jobs.length === 0 || observed.namespaceTerminating || left <= 0) {
    return { actions: [{ type: 'removeFinalizer' }], status };
  }
  return { actions: deleteJobs(jobs), status, againMilliseconds: left };
};

// The policy went away under a run. What is sealed already counts.
export const policyDeleted: BackupFact = (observed) => {
  const status = statusOf(observed);
  if (observed.policy !== undefined || status.backupId === undefined || hasEnded(status)) {
    return undefined;
  }
  const sealed = sealVerdict(observed, status.backupId);
  if (sealed?.type === 'Succeeded') {
    return concludeSealed(observed, sealed);
  }
  const { check: _, ...rest } = status;
  const tiers = (status.tiers ?? []).map(({ name }) => ({ name, state: 'Failed' as const }));
  const doubt = status.sealAttempt === undefined ? '' : ' Whether it was sealed is not known: `kubectl holdfast list` shows it.';
  const message = `The policy was deleted while the Backup ran. What was stored stays in the store.${doubt}`;
  return {
    actions: deleteJobs(observed.jobs),
    status: ended(observed, { ...rest, tiers }, { phase: 'Failed', reason: 'PolicyDeleted', message }),
  };
};

const sealVerdict = (observed: BackupObserved, backupId: string) => {
  const job = observed.jobs.find(({ verb, attempt, ours }) => ours && verb === 'seal' && attempt === statusOf(observed).sealAttempt);
  // Without a policy there are no deadlines: only what is known already counts.
  const never = { startMilliseconds: Infinity, runMilliseconds: Infinity };
  return job && judge(job, { verb: 'seal', backupId }, never, observed.now);
};

// It has ended. Its finalizer goes, and its copies are watched.
export const finished: BackupFact = (observed) => {
  const status = statusOf(observed);
  if (!hasEnded(status)) {
    return undefined;
  }
  const release: Action[] = observed.backup.metadata.finalizers?.includes(finalizer) === true ? [{ type: 'removeFinalizer' }] : [];
  const [primary, ...further] = status.tiers ?? [];
  if (primary?.state !== 'Sealed') {
    return { actions: release, status };
  }
  const tiers = [primary, ...observed.copies.map(({ status: tier }) => tier)];
  const gone = further.filter(({ name }) => !tiers.some((tier) => tier.name === name));
  const next: BackupStatus = {
    ...status,
    tiers: observed.policy === undefined ? [primary, ...further] : [...tiers, ...gone.filter(({ state }) => state === 'Sealed')],
  };
  const wait = soonest(...observed.copies.map(({ againMilliseconds }) => againMilliseconds));
  return { actions: release, status: withReplicated(observed, next), ...(wait === undefined ? {} : { againMilliseconds: wait }) };
};

const withReplicated = ({ backup, now }: BackupObserved, status: BackupStatus): BackupStatus => ({
  ...status,
  conditions: setCondition(dropConditions(status.conditions ?? []), replicated(status.tiers?.slice(1) ?? []), {
    now,
    generation: backup.metadata.generation,
  }),
});

const replicated = (further: CopyState['status'][]): NewCondition => {
  const type = 'Replicated' as const;
  if (further.length === 0) {
    return { type, status: 'True', reason: 'NoFurtherTier', message: 'The policy has one tier only: there is nowhere to copy to.' };
  }
  const names = (states: string[]): string[] => further.flatMap(({ name, state }) => (states.includes(state) ? [name] : []));
  const lagging = further.filter(({ state }) => state === 'Lagging' || state === 'Failed');
  if (lagging.length > 0) {
    const message = lagging.map(({ name, message: text }) => `${name}: ${text ?? 'the copy failed'}`).join(' · ');
    return { type, status: 'False', reason: 'CopyLagging', message };
  }
  const pending = names(['Pending', 'Copying']);
  if (pending.length > 0) {
    return { type, status: 'Unknown', reason: 'CopyPending', message: `Copies to ${pending.join(', ')} have not ended yet.` };
  }
  return { type, status: 'True', reason: 'AllSealed', message: `Every tier holds the backup: ${names(['Sealed']).join(', ')} too.` };
};

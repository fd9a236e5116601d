// Facts at and after the end of a Restore: deletion, a policy that is gone, what was put aside.
import { finalizer } from '../../api/group.ts';
import type { RestoreStatus } from '../../api/restore-status.ts';
import { deleteJobs } from '../jobs/facts.ts';
import type { Action } from '../jobs/request.ts';
import { cut } from '../plan/conditions.ts';
import { instantOf, minute, second, soonest } from '../plan/time.ts';
import { isRecordDone, leaveRecord } from './audit.ts';
import { discarding } from './discarding.ts';
import { fail } from './fail.ts';
import { isAway } from './held.ts';
import { ended, goingOn } from './outcome.ts';
import { hasEnded, statusOf } from './observed.ts';
import type { RestoreDecision, RestoreFact, RestoreObserved } from './observed.ts';
import { enter, stageSeconds } from './stages.ts';

// On a node that is lost a pod never ends: nobody waits for it longer than this.
const longestDeletionMilliseconds = 10 * minute;

// The policy went away under a run. Without it no Job can be made: workloads get their replicas back, and it ends.
export const policyDeleted: RestoreFact = (observed) => {
  const status = statusOf(observed);
  if (observed.policy !== undefined || status.stage === undefined || hasEnded(status)) {
    return undefined;
  }
  const places = (status.components ?? []).flatMap(({ begun, claimName }) =>
    begun === true && claimName !== undefined ? [claimName] : [],
  );
  const left =
    places.length === 0 ? '' : ` What it was at work on is left as it is in ${places.join(', ')}: docs/emergency.md says how to clean up.`;
  const away = isAway(status) ? ' The old data is in the store only, so nothing is started.' : '';
  const message = `The policy was deleted while the Restore ran.${left}${away}`;
  const [agent] = observed.agents ?? [];
  if (agent !== undefined && !(status.stage === 'UndoResuming' && stageSeconds(observed) * second > longestDeletionMilliseconds)) {
    return waitForAgent(observed, agent.pod, message);
  }
  return {
    actions: [...deleteJobs(observed.jobs), ...giveBack(status)],
    status: ended(observed, status, { good: false, reason: 'PolicyDeleted', message }),
  };
};

// Nothing starts on data that somebody is still putting in its place.
const waitForAgent = (observed: RestoreObserved, pod: string, message: string): RestoreDecision => {
  const status = statusOf(observed);
  const failure = { reason: 'PolicyDeleted', message: cut(message) };
  const entered = status.stage === 'UndoResuming' ? status : enter(observed, { ...status, failure }, 'UndoResuming', []);
  const said = cut(isAway(status) ? message : `${message} The workloads get their replicas back when pod ${pod} has ended.`);
  return {
    actions: deleteJobs(observed.jobs),
    status: goingOn(observed, entered, { phase: 'RollingBack', reason: 'RollingBack', message: said }),
    againMilliseconds: second,
  };
};

const release = ({ restore }: RestoreObserved): Action[] =>
  restore.metadata.finalizers?.includes(finalizer) === true ? [{ type: 'removeFinalizer' }] : [];

// Deleting a Restore that runs stops it, and brings the old state back first. In a namespace that goes away it waits for nothing.
export const deleting: RestoreFact = (observed) => {
  const { deletionTimestamp } = observed.restore.metadata;
  if (deletionTimestamp === undefined) {
    return undefined;
  }
  const status = statusOf(observed);
  const left = Date.parse(deletionTimestamp) + longestDeletionMilliseconds - observed.now;
  if (observed.namespaceTerminating || release(observed).length === 0) {
    return { actions: release(observed), status };
  }
  // While the old data is in the store only, there is nothing that workloads could be given back to.
  if (left <= 0 && !isAway(status)) {
    return giveUp(observed, left);
  }
  if (!hasEnded(status) && status.stage !== undefined) {
    return status.failure === undefined
      ? fail(observed, status, { reason: 'RestoreCancelled', message: 'The Restore was deleted while it ran.' })
      : undefined;
  }
  if (hasEnded(status) && observed.policy !== undefined && !isRecordDone(status)) {
    return undefined;
  }
  const jobs = observed.jobs.filter(({ ours }) => ours);
  return jobs.length === 0 ? { actions: release(observed), status } : { actions: deleteJobs(jobs), status, againMilliseconds: left };
};

// An agent that still works is stopped first: nothing starts on data that somebody moves about. Only that of a lost node does not end; it is waited for as long again.
const giveUp = (observed: RestoreObserved, left: number): RestoreDecision => {
  const status = statusOf(observed);
  const jobs = observed.jobs.filter(({ ours }) => ours);
  const mayBeAtWork = jobs.length > 0 || (observed.agents ?? []).length > 0;
  return mayBeAtWork && left > -longestDeletionMilliseconds
    ? { actions: deleteJobs(jobs), status, againMilliseconds: second }
    : { actions: [...giveBack(status), ...release(observed)], status };
};

// Nobody is left without their workloads because a node is lost. The data directory is whole at any time: the old one or the new one.
const giveBack = (status: RestoreStatus): Action[] =>
  status.quiesce === undefined || status.quiesce.resumedTime !== undefined || isAway(status)
    ? []
    : status.quiesce.workloads
        .filter(({ replicas }) => replicas > 0)
        .toReversed()
        .map(({ kind, name, uid, replicas }) => ({ type: 'scaleWorkload', kind, name, uid, to: replicas }));

// It has ended. Once its record is written or given up its finalizer goes; what was put aside is kept for a while.
export const finished: RestoreFact = (observed) => {
  const status = statusOf(observed);
  if (!hasEnded(status)) {
    return undefined;
  }
  const next = withUndo(observed, status);
  return isRecordDone(status) ? { ...next, actions: [...release(observed), ...next.actions] } : withRecord(observed, next);
};

// How it ended does not change by that; who reads how it ended shall read that, too.
const sayUnrecorded = ({ conditions = [] }: RestoreStatus, message = ''): Pick<RestoreStatus, 'conditions'> => ({
  conditions: conditions.map((each) => (each.type === 'Succeeded' ? { ...each, message: cut(`${each.message} ${message}`) } : each)),
});

// Without its policy nobody knows where a record belongs.
const withRecord = (observed: RestoreObserved, next: RestoreDecision): RestoreDecision => {
  const { policy } = observed;
  if (policy === undefined) {
    const message = 'The policy is gone, and with it the place of the record.';
    return { ...next, status: { ...next.status, audit: { state: 'NotWritten', message } }, againMilliseconds: 0 };
  }
  const { actions, audit, againMilliseconds } = leaveRecord({ ...observed, policy });
  const wait = soonest(next.againMilliseconds, isRecordDone({ audit }) ? 0 : againMilliseconds);
  return {
    actions: [...next.actions, ...actions],
    status: { ...next.status, audit, ...(audit.state === 'Failed' ? sayUnrecorded(next.status, audit.message) : {}) },
    ...(wait === undefined ? {} : { againMilliseconds: wait }),
  };
};

const withUndo = (observed: RestoreObserved, status: RestoreStatus): RestoreDecision => {
  const { undo } = status;
  if (undo?.state !== 'Available') {
    return { actions: [], status };
  }
  if (observed.undoneBy !== undefined) {
    const { until: _until, copies: _copies, message: _message, ...rest } = undo;
    return { actions: [], status: { ...status, undo: { ...rest, state: 'Undone', by: observed.undoneBy } } };
  }
  const left = (instantOf(undo.until) ?? observed.now) - observed.now;
  return left > 0 ? { actions: [], status, againMilliseconds: left } : discarding(observed, status);
};

// What follows a failure: the old state is brought back, workloads get their replicas, and only then the Restore has ended.
import type { ConditionReason } from '../../api/conditions.ts';
import type { RestoredComponent, RestoreStatus } from '../../api/restore-status.ts';
import { stopJob } from '../jobs/facts.ts';
import type { Action } from '../jobs/request.ts';
import { cut } from '../plan/conditions.ts';
import { isAway } from './held.ts';
import { isUndo, statusOf } from './observed.ts';
import type { RestoreDecision, RestoreObserved } from './observed.ts';
import { ended, goingOn, reasonFor } from './outcome.ts';
import { enter } from './stages.ts';

export type Failure = { reason: ConditionReason; message: string };

// Whether the Job that replaces data may ever have been made for a component in place: then it may have done anything. In that stage it may be so although
// nothing tells: the operator can die before it has written down that it made one, and somebody can delete the Job.
const isTouched = (observed: RestoreObserved, { begun, kind, claimName }: RestoredComponent): boolean =>
  kind === 'inPlace' && (begun === true || statusOf(observed).stage === 'Restoring') && !neverBound(observed, claimName);

// Where there is no volume nobody has written, and no Job could bring anything back.
const neverBound = ({ claims }: RestoreObserved, claimName: string | undefined): boolean =>
  claims.some(({ name, unbound }) => name === claimName && unbound === true);

const holdsWorkloads = ({ quiesce }: RestoreStatus): boolean => quiesce !== undefined && quiesce.resumedTime === undefined;

// The reason of those that failed: the first one's word.
export const failureOf = (components: RestoredComponent[]): Failure => {
  const failed = components.filter(({ outcome }) => outcome === 'Failed');
  const [first] = failed;
  const message = failed.map(({ name, message: text, category }) => `${name}: ${text ?? category ?? 'failed'}`).join(' · ');
  return { reason: reasonFor(first?.code, first?.category), message: cut(message) };
};

// Stops what runs. An undo that fails has nothing to bring back: both states are kept until it works.
export const fail = (observed: RestoreObserved, status: RestoreStatus, failure: Failure): RestoreDecision => {
  const actions: Action[] = observed.jobs.flatMap((job) => (job.ours ? stopJob(job) : []));
  const known: RestoreStatus = { ...status, failure: { reason: failure.reason, message: cut(failure.message) } };
  if (isUndo(observed) && isAway(status)) {
    // Half-way between the two there is nothing that could be started: it goes on, and ends with the old state.
    return {
      actions: [],
      status: goingOn(observed, known, { phase: 'RollingBack', reason: 'RollingBack', message: rollbackMessage(known) }),
    };
  }
  const touched = (status.components ?? []).some((component) => isTouched(observed, component)) && !isUndo(observed);
  if (touched) {
    const components = (status.components ?? []).map((component) =>
      isTouched(observed, component) ? { ...component, begun: true, outcome: 'Pending' as const } : component,
    );
    return rollingBack(observed, enter(observed, { ...heldAgain(known), components }, 'UndoQuiescing', []), actions);
  }
  if (holdsWorkloads(status)) {
    return rollingBack(observed, enter(observed, known, 'UndoResuming', []), actions);
  }
  return endFailed(observed, known, actions);
};

// What has got its replicas back is stopped once more, and gets them back once more.
const heldAgain = (status: RestoreStatus): RestoreStatus => {
  const { resumedTime: _, ...quiesce } = status.quiesce ?? { workloads: [] };
  return status.quiesce === undefined ? status : { ...status, quiesce };
};

const rollingBack = (observed: RestoreObserved, status: RestoreStatus, actions: Action[]): RestoreDecision => ({
  actions,
  status: goingOn(observed, status, { phase: 'RollingBack', reason: 'RollingBack', message: rollbackMessage(status) }),
  againMilliseconds: 0,
});

export const rollbackMessage = ({ failure }: RestoreStatus): string =>
  cut(`${failure?.message ?? 'It failed.'} What was there before is being brought back.`);

// Everything is as it was. What was made for it goes away.
export const endFailed = (observed: RestoreObserved, status: RestoreStatus, actions: Action[] = []): RestoreDecision => {
  const { reason, message } = status.failure ?? { reason: 'InternalError', message: 'It failed.' };
  const back = (status.components ?? []).some(({ outcome }) => outcome === 'Undone') ? ' What was there before is back.' : '';
  return {
    actions: [...actions, ...dropClaims(observed, status.components ?? [])],
    status: ended(
      observed,
      { ...status, components: settled(status.components ?? []) },
      {
        good: false,
        reason: reason as ConditionReason,
        message: `${message}${back}`,
      },
    ),
  };
};

// Nothing of a component goes on after the end.
const settled = (components: RestoredComponent[]): RestoredComponent[] =>
  components.map((component) =>
    component.kind === 'volume' || component.outcome === 'Running' ? { ...component, outcome: 'Failed' } : component,
  );

// Claims that were made for this Restore and hold nothing whole.
const dropClaims = ({ claims, restore }: RestoreObserved, components: RestoredComponent[]): Action[] =>
  components.flatMap(({ claimName, kind }) => {
    const claim = claims.find(({ name }) => name === claimName);
    return kind === 'volume' && claim !== undefined && claim.madeFor === restore.metadata.uid
      ? [{ type: 'deleteClaim' as const, name: claim.name, uid: claim.uid }]
      : [];
  });

// Fails by what its components say.
export const failByComponents = (observed: RestoreObserved, components: RestoredComponent[]): RestoreDecision =>
  fail(observed, { ...statusOf(observed), components }, failureOf(components));

export const hasFailed = (components: RestoredComponent[]): boolean => components.some(({ outcome }) => outcome === 'Failed');

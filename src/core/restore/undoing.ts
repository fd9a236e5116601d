// What a Restore did to a data directory is undone: after its own failure, or because another Restore asks for it.
import type { RestoredComponent, RestoreStatus } from '../../api/restore-status.ts';
import { newestProgress, remarksOf } from '../jobs/component-steps.ts';
import { cut } from '../plan/conditions.ts';
import { soonest } from '../plan/time.ts';
import { directoryOf } from './directory.ts';
import { drift, sooner } from './drift.ts';
import { endFailed, fail, failByComponents, hasFailed, rollbackMessage } from './fail.ts';
import type { Failure } from './fail.ts';
import { copiesFor, isAway, whileCopying } from './held.ts';
import { afterSteps, stepStage } from './job-step.ts';
import type { StageWork, Step } from './job-step.ts';
import { componentsOf, isUndo, sourceTier, statusOf } from './observed.ts';
import type { RestoreDecision, RunningRestore } from './observed.ts';
import { goingOn, waitingForPerson } from './outcome.ts';
import { asAgentPhases, asPhase, enter } from './stages.ts';

// Nothing was put aside: the restored directory stands in the place of the old one, whole and verified, and stays there.
const isFinal = (code: string): boolean => code === 'NothingToUndo';

// The way back after a failure is tried until it works, or cannot ever; what somebody asked for, as often as the policy says.
const work = (observed: RunningRestore): StageWork => ({
  what: 'undo',
  mode: 'Undo',
  done: 'Undone',
  request: (component) => ({
    mode: 'Undo',
    ...directoryOf(component),
    ...undoes(observed),
    ...copiesFor(component, observed.policy, observed.restore, observed.undone),
  }),
  learned: ({ replaced, kept }) => ({ replaced: replaced ?? false, kept: kept ?? false }),
  ...(isUndo(observed) ? {} : { attempts: Infinity, isFinal }),
});

const undoes = ({ undone }: RunningRestore) =>
  undone === undefined ? {} : { undoes: { name: undone.metadata.name, uid: undone.metadata.uid } };

// After a failure only those that it has touched; the others were marked when it failed.
const isConcerned = (observed: RunningRestore, { outcome, begun }: RestoredComponent): boolean =>
  isUndo(observed) || begun === true || outcome === 'Undone';

export const undoing = (observed: RunningRestore): RestoreDecision => {
  const drifted = drift(observed);
  if (drifted !== undefined) {
    return startedAgain(observed, drifted);
  }
  const all = componentsOf(observed);
  const steps = stepStage(
    observed,
    work(observed),
    all.filter((component) => isConcerned(observed, component)),
  );
  const fetching = new Map(steps.map(({ component, progress }) => [component.name, progress]));
  const components = afterSteps(all, steps).map((component) => whileFetching(observed, component, fetching.get(component.name)));
  const actions = steps.flatMap((step) => step.actions);
  const progress = newestProgress(steps);
  const status: RestoreStatus = { ...statusOf(observed), components, ...(progress === undefined ? {} : { progress }) };
  if (isUndo(observed) && hasFailed(steps.map(({ component }) => component))) {
    const failed = failByComponents(observed, components);
    return { ...failed, actions: [...actions, ...failed.actions] };
  }
  if (steps.every(({ component }) => component.outcome === 'Undone' || component.outcome === 'Failed')) {
    const [longest = []] = steps.flatMap(({ result }) => (result?.phases === undefined ? [] : [result.phases]));
    return whenUndone(observed, withoutWayBack(status), asAgentPhases(observed, longest), actions);
  }
  const remarks = remarksOf(components);
  const wait = sooner(observed, soonest(...steps.map(({ againMilliseconds }) => againMilliseconds)));
  return {
    actions,
    status: isStuck(components) ? stuck(observed, status, remarks) : goingOn(observed, status, going(observed, remarks)),
    ...(wait === undefined ? {} : { againMilliseconds: wait }),
  };
};

// From the moment on at which a Job may give up the new data for the copy, until it says how it ended.
const whileFetching = (observed: RunningRestore, component: RestoredComponent, progress: Step['progress']): RestoredComponent =>
  component.outcome !== 'Running'
    ? component
    : component.copy === undefined
      ? whileCopying(component, sourceTier(observed), progress)
      : { ...component, away: true };

// An agent has looked, and cannot bring the old state back: with what there is now, somebody must. It goes on being tried, and nothing is started on half of it.
const isStuck = (components: RestoredComponent[]): boolean => components.some(({ code }) => code === 'RollbackFailed');

const stuck = (observed: RunningRestore, status: RestoreStatus, remarks: string[]): RestoreStatus =>
  waitingForPerson(observed, status, {
    phase: 'RollingBack',
    reason: 'RollbackFailed',
    message: cut(['The old state does not come back by itself; the workloads stay stopped.', ...remarks].join(' ')),
  });

// What cannot be brought back is said together with why the Restore failed. Workloads get their replicas all the same.
const withoutWayBack = (status: RestoreStatus): RestoreStatus => {
  const lost = (status.components ?? []).filter(({ outcome, code }) => outcome === 'Failed' && isFinal(code ?? ''));
  const why = lost.map(({ name, message }) => `${name}: ${message ?? 'it cannot be brought back.'}`).join(' · ');
  return lost.length === 0
    ? status
    : { ...status, failure: { reason: 'RollbackFailed', message: cut(`${why} The restore had failed: ${status.failure?.message ?? ''}`) } };
};

// Nothing is pulled away from under a server. After a failure it is stopped once more; what somebody asked for is given up.
const startedAgain = (observed: RunningRestore, drifted: Failure): RestoreDecision => {
  const status = statusOf(observed);
  if (isUndo(observed) && !isAway(status)) {
    return fail(observed, status, drifted);
  }
  const next = enter(observed, status, 'UndoQuiescing', asPhase(observed, 'undo'));
  return { actions: [], status: goingOn(observed, next, going(observed, [drifted.message])), againMilliseconds: 0 };
};

const going = (observed: RunningRestore, remarks: string[]) =>
  isUndo(observed)
    ? ({
        phase: 'Running',
        reason: 'Restoring',
        message: cut(['What was there before is being brought back.', ...remarks].join(' ')),
      } as const)
    : ({
        phase: 'RollingBack',
        reason: 'RollingBack',
        message: cut([rollbackMessage(statusOf(observed)), ...remarks].join(' ')),
      } as const);

const whenUndone = (
  observed: RunningRestore,
  status: RestoreStatus,
  phases: NonNullable<RestoreStatus['phases']>,
  actions: RestoreDecision['actions'],
): RestoreDecision => {
  if (status.quiesce === undefined) {
    return endFailed(observed, status, actions);
  }
  const next = enter(observed, status, isUndo(observed) ? 'Resuming' : 'UndoResuming', phases);
  return { actions, status: goingOn(observed, next, going(observed, [])), againMilliseconds: 0 };
};

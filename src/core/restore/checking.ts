// The workloads run again. Whether their server is the restored one, it is asked itself.
import type { RestoredComponent, RestoreStatus } from '../../api/restore-status.ts';
import { remarksOf } from '../jobs/component-steps.ts';
import { cut } from '../plan/conditions.ts';
import { soonest } from '../plan/time.ts';
import { complete } from './complete.ts';
import { failByComponents, hasFailed } from './fail.ts';
import { afterSteps, stepStage } from './job-step.ts';
import type { StageWork } from './job-step.ts';
import { componentsOf, isUndo, statusOf } from './observed.ts';
import type { RestoreDecision, RunningRestore } from './observed.ts';
import { goingOn } from './outcome.ts';
import { asPhase, enter } from './stages.ts';

const work = (observed: RunningRestore): StageWork => ({
  what: 'check',
  mode: 'Check',
  done: 'Verified',
  request: (component) => ({ mode: 'Check', expect: isUndo(observed) ? {} : expected(component) }),
  learned: () => ({}),
});

const expected = ({ systemId, timeline, reachedLsn }: RestoredComponent) => ({
  ...(systemId === undefined ? {} : { systemId }),
  ...(timeline === undefined ? {} : { timeline }),
  ...(reachedLsn === undefined ? {} : { lsn: reachedLsn }),
});

// Only a server that the workloads run is asked: dumps were compared where they went.
const isLive = ({ kind }: RestoredComponent): boolean => kind === 'inPlace';

export const checking = (observed: RunningRestore): RestoreDecision => {
  const all = componentsOf(observed);
  const steps = stepStage(observed, work(observed), all.filter(isLive));
  const components = afterSteps(all, steps);
  const actions = steps.flatMap((step) => step.actions);
  if (hasFailed(components)) {
    const failed = failByComponents(observed, components);
    return { ...failed, actions: [...actions, ...failed.actions] };
  }
  const status: RestoreStatus = { ...statusOf(observed), components };
  if (components.every((component) => !isLive(component) || component.outcome === 'Verified')) {
    return complete(observed, enter(observed, status, 'Checking', asPhase(observed, 'verify')), actions);
  }
  const remarks = remarksOf(components);
  const wait = soonest(...steps.map(({ againMilliseconds }) => againMilliseconds));
  return {
    actions,
    status: goingOn(observed, status, {
      phase: 'Verifying',
      reason: 'CheckingRestored',
      message: cut(['The server is asked whether it is the restored one.', ...remarks].join(' ')),
    }),
    ...(wait === undefined ? {} : { againMilliseconds: wait }),
  };
};

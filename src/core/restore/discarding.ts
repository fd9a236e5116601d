// The time to undo is over: what was put aside is removed from the volume.
import type { RestoredComponent, RestoreStatus } from '../../api/restore-status.ts';
import { soonest } from '../plan/time.ts';
import { directoryOf } from './directory.ts';
import { stepStage } from './job-step.ts';
import type { StageWork } from './job-step.ts';
import type { RestoreDecision, RestoreObserved } from './observed.ts';

const work = (observed: RestoreObserved): StageWork => ({
  what: 'discard',
  mode: 'Discard',
  done: 'Restored',
  request: (component) => {
    const node = observed.claims.find(({ name }) => name === component.claimName)?.node;
    return { mode: 'Discard', ...directoryOf(component), ...(node === undefined ? {} : { node }) };
  },
  learned: () => ({ kept: false }),
  attempts: Infinity,
});

// The outcome of a Restore that has ended is not touched: only what is kept is counted here.
export const discarding = (observed: RestoreObserved, status: RestoreStatus): RestoreDecision => {
  const { policy, claims } = observed;
  const { undo, components = [] } = status;
  const kept = components.filter((component) => component.kept === true && claims.some(({ name }) => name === component.claimName));
  if (undo === undefined || policy === undefined) {
    return { actions: [], status };
  }
  if (kept.length === 0) {
    const { until: _, ...rest } = undo;
    return { actions: [], status: { ...status, undo: { ...rest, state: 'Expired' } } };
  }
  const steps = stepStage({ ...observed, policy, stage: 'Checking' }, work(observed), kept.map(asWaiting));
  const wait = soonest(...steps.map(({ againMilliseconds }) => againMilliseconds));
  return {
    actions: steps.flatMap((step) => step.actions),
    status: {
      ...status,
      components: components.map((component) => {
        const step = steps.find((each) => each.component.name === component.name)?.component;
        return step === undefined ? component : discarded(component, step);
      }),
    },
    ...(wait === undefined ? {} : { againMilliseconds: wait }),
  };
};

// An attempt that was counted runs.
const asWaiting = (component: RestoredComponent): RestoredComponent => ({
  ...component,
  outcome: component.attempt === undefined || component.nextAttemptTime !== undefined ? 'Pending' : 'Running',
});

const discarded = (component: RestoredComponent, step: RestoredComponent): RestoredComponent => {
  const { attempt: _attempt, nextAttemptTime: _next, ...rest } = component;
  return {
    ...rest,
    ...(step.kept === undefined ? {} : { kept: step.kept }),
    ...(step.attempt === undefined ? {} : { attempt: step.attempt }),
    ...(step.nextAttemptTime === undefined ? {} : { nextAttemptTime: step.nextAttemptTime }),
  };
};

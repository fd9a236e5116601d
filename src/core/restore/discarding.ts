// The time to undo is over: what was put aside is removed from the volume.
import type { RestoredComponent, RestoreStatus } from '../../api/restore-status.ts';
import type { BackupPolicy } from '../../api/objects.ts';
import { remarksOf } from '../jobs/component-steps.ts';
import { cut } from '../plan/conditions.ts';
import { soonest } from '../plan/time.ts';
import { directoryOf } from './directory.ts';
import { copiesFor } from './held.ts';
import { stepStage } from './job-step.ts';
import type { StageWork } from './job-step.ts';
import type { RestoreDecision, RestoreObserved } from './observed.ts';

const work = (observed: RestoreObserved, policy: BackupPolicy): StageWork => ({
  what: 'discard',
  mode: 'Discard',
  done: 'Restored',
  request: (component) => {
    const claim = observed.claims.find(({ name }) => name === component.claimName);
    return {
      mode: 'Discard',
      ...(claim === undefined ? {} : directoryOf(component)),
      ...(claim?.node === undefined ? {} : { node: claim.node }),
      ...copiesFor(component, policy),
    };
  },
  learned: () => ({ kept: false }),
  attempts: Infinity,
});

// The outcome of a Restore that has ended is not touched: only what is kept is counted here.
export const discarding = (observed: RestoreObserved, status: RestoreStatus): RestoreDecision => {
  const { policy, claims } = observed;
  const { undo, components = [] } = status;
  const isThere = ({ claimName }: RestoredComponent): boolean => claims.some(({ name }) => name === claimName);
  if (undo === undefined || policy === undefined) {
    return { actions: [], status };
  }
  // A copy is there without its claim, too.
  const kept = components.filter(
    (component) => component.kept === true && (isThere(component) || copiesFor(component, policy).copies !== undefined),
  );
  if (kept.length === 0) {
    const { until: _until, copies: _copies, message: _message, ...rest } = undo;
    return { actions: [], status: { ...status, undo: { ...rest, state: 'Expired' } } };
  }
  const steps = stepStage({ ...observed, policy, stage: 'Checking' }, work(observed, policy), kept.map(asWaiting));
  const wait = soonest(...steps.map(({ againMilliseconds }) => againMilliseconds));
  const { message: _message, ...known } = undo;
  const remarks = remarksOf(steps.filter(({ component }) => component.nextAttemptTime !== undefined).map(({ component }) => component));
  return {
    actions: steps.flatMap((step) => step.actions),
    status: {
      ...status,
      undo: { ...known, ...(remarks.length === 0 ? {} : { message: cut(`It is kept longer: ${remarks.join(' · ')}`) }) },
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

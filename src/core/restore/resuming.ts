// The workloads get back the replicas that they had.
import type { RestoreStatus } from '../../api/restore-status.ts';
import { cut } from '../plan/conditions.ts';
import { isoTime, second } from '../plan/time.ts';
import { complete } from './complete.ts';
import { endFailed, rollbackMessage } from './fail.ts';
import { statusOf } from './observed.ts';
import type { RestoreDecision, RunningRestore } from './observed.ts';
import { goingOn } from './outcome.ts';
import { asPhase, enter } from './stages.ts';
import { usesClaims } from './workloads/facts.ts';
import { resuming as giveBack } from './workloads/resume.ts';

const lookAgainMilliseconds = second;

// The same on every way out: scaled here, seen to be scaled at the next look.
const step = (observed: RunningRestore): { decision: RestoreDecision } | { status: RestoreStatus; notes: string[] } => {
  const status = statusOf(observed);
  const { workloads: seen } = observed;
  const { quiesce } = status;
  if (quiesce === undefined) {
    return { status, notes: [] };
  }
  if (seen === undefined) {
    return { decision: { actions: [], status, againMilliseconds: lookAgainMilliseconds } };
  }
  const { scale, done, notes } = giveBack(quiesce.workloads, seen);
  return done
    ? { status: { ...status, quiesce: { ...quiesce, resumedTime: isoTime(observed.now) } }, notes }
    : { decision: { actions: scale.map((each) => ({ type: 'scaleWorkload' as const, ...each })), status, againMilliseconds: 0 } };
};

// Where the server runs again it is asked. One that was stopped before stays so, and was checked where it was restored.
export const resuming = (observed: RunningRestore): RestoreDecision => {
  const next = step(observed);
  if ('decision' in next) {
    return next.decision;
  }
  const { status, notes } = next;
  const phases = asPhase(observed, 'resume');
  if (!serverRuns(observed)) {
    return complete(observed, enter(observed, status, 'Resuming', phases));
  }
  const entered = enter(observed, status, 'Checking', phases);
  const message = cut(['The server is asked whether it is the restored one.', ...notes].join(' '));
  return {
    actions: [],
    status: goingOn(observed, entered, { phase: 'Verifying', reason: 'CheckingRestored', message }),
    againMilliseconds: 0,
  };
};

const serverRuns = (observed: RunningRestore): boolean => {
  const { workloads: seen } = observed;
  return (
    seen !== undefined &&
    seen.workloads.some((each) => each.replicas > 0 && usesClaims(seen, each)) &&
    (statusOf(observed).components ?? []).some(({ kind }) => kind === 'inPlace')
  );
};

export const resumingAfterFailure = (observed: RunningRestore): RestoreDecision => {
  const next = step(observed);
  if ('decision' in next) {
    const { status } = next.decision;
    return {
      ...next.decision,
      status: goingOn(observed, status, { phase: 'RollingBack', reason: 'RollingBack', message: rollbackMessage(status) }),
    };
  }
  return endFailed(observed, next.status);
};

// The workloads that use the data are scaled to 0. What they had is written down first, so that they get it back whatever happens.
import type { RestoreStatus } from '../../api/restore-status.ts';
import { deadlinesFor } from '../jobs/deadlines.ts';
import { cut } from '../plan/conditions.ts';
import { isoTime, second } from '../plan/time.ts';
import { fail } from './fail.ts';
import { isUndo, statusOf } from './observed.ts';
import type { RestoreDecision, RunningRestore } from './observed.ts';
import { goingOn } from './outcome.ts';
import { asPhase, enter, stageSeconds } from './stages.ts';
import { quiesceWish } from './wish.ts';
import { quiescePlan } from './workloads/plan.ts';
import { stopping } from './workloads/stop.ts';

const lookAgainMilliseconds = second;

export const quiescing = (observed: RunningRestore): RestoreDecision => {
  const status = statusOf(observed);
  const { workloads: seen } = observed;
  if (seen === undefined) {
    return { actions: [], status, againMilliseconds: lookAgainMilliseconds };
  }
  if (status.quiesce === undefined) {
    const plan = quiescePlan(seen, quiesceWish(observed));
    return plan.kind === 'refusal'
      ? fail(observed, status, { reason: plan.code, message: plan.message })
      : {
          actions: [],
          status: waiting(observed, { ...status, quiesce: { workloads: plan.workloads } }, plan.notes.join(' ')),
          againMilliseconds: 0,
        };
  }
  const next = stopping(status.quiesce.workloads, seen);
  if (next.kind === 'refusal') {
    return fail(observed, status, { reason: next.code, message: next.message });
  }
  if (next.done) {
    const quiesce = { ...status.quiesce, scaledTime: isoTime(observed.now) };
    const entered = enter(observed, { ...status, quiesce }, isUndo(observed) ? 'Undoing' : 'Restoring', asPhase(observed, 'quiesce'));
    const message = 'Nothing uses the data any more.';
    return { actions: [], status: goingOn(observed, entered, { phase: 'Running', reason: 'Restoring', message }), againMilliseconds: 0 };
  }
  const { startMilliseconds } = deadlinesFor(observed.policy, 'recover');
  if (stageSeconds(observed) * second > startMilliseconds) {
    const message = `It still waits for ${next.waitsFor}, longer than spec.jobs.deadlines.start. Find out why it does not end, then create another Restore.`;
    return fail(observed, status, { reason: 'ConnectionsActive', message });
  }
  return {
    actions: next.scale.map((step) => ({ type: 'scaleWorkload', ...step })),
    status: waiting(observed, status, `It waits for ${next.waitsFor}.`),
    againMilliseconds: lookAgainMilliseconds,
  };
};

const waiting = (observed: RunningRestore, status: RestoreStatus, remark: string): RestoreStatus =>
  goingOn(observed, status, {
    phase: 'Running',
    reason: 'Quiescing',
    message: cut(`The workloads that use the data are being scaled to 0. ${remark}`.trim()),
  });

// They run again already, and must stop once more before the old state is brought back.
export const quiescingAgain = (observed: RunningRestore): RestoreDecision => {
  const status = statusOf(observed);
  const { workloads: seen } = observed;
  const recorded = status.quiesce?.workloads ?? [];
  if (seen === undefined) {
    return { actions: [], status, againMilliseconds: lookAgainMilliseconds };
  }
  const next = stopping(recorded, seen);
  // What has its hands on the data and belongs to nobody that can be stopped is waited for: nothing is pulled away from under it.
  if (next.kind === 'stopping' && next.done) {
    return { actions: [], status: enter(observed, status, 'Undoing', asPhase(observed, 'quiesce')), againMilliseconds: 0 };
  }
  const remark = next.kind === 'refusal' ? next.message : `It waits for ${next.waitsFor}.`;
  return {
    actions: next.kind === 'refusal' ? [] : next.scale.map((step) => ({ type: 'scaleWorkload' as const, ...step })),
    status: goingOn(observed, status, {
      phase: 'RollingBack',
      reason: 'RollingBack',
      message: cut(
        `${status.failure?.message ?? ''} The workloads are being stopped, so that what was there before can be brought back. ${remark}`.trim(),
      ),
    }),
    againMilliseconds: lookAgainMilliseconds,
  };
};

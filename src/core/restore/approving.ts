// The plan is made, and somebody shall read it before anything is done.
import type { RestoreDecision, RunningRestore } from './observed.ts';
import { statusOf } from './observed.ts';
import { goingOn, waitingForPerson } from './outcome.ts';
import { enter } from './stages.ts';
import { afterApproval } from './targets.ts';

// The time that people take is nobody's RTO: no phase speaks of it.
export const approving = (observed: RunningRestore): RestoreDecision => {
  const status = statusOf(observed);
  const { name } = observed.restore.metadata;
  const { approval } = observed.restore.spec;
  const hash = status.plan?.hash ?? '';
  if (approval?.planHash === hash) {
    const next = enter(observed, status, afterApproval(observed.restore), []);
    const message = `${approval.approvedBy} has approved the plan ${hash}.`;
    return { actions: [], status: goingOn(observed, next, { phase: 'Running', reason: 'Restoring', message }), againMilliseconds: 0 };
  }
  const wrong = approval === undefined ? '' : ` spec.approval is for another plan (${approval.planHash}).`;
  const message = `The plan ${hash} waits for an approval.${wrong} Read it with \`kubectl holdfast plan restore/${name}\`, then \`kubectl holdfast approve restore/${name}\`.`;
  return { actions: [], status: waitingForPerson(observed, status, { phase: 'AwaitingApproval', reason: 'ApprovalRequired', message }) };
};

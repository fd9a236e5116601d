// What to do about a Restore: the first fact that applies answers; once it has begun, its stage does.
import { firstAnswer } from '../plan/first-answer.ts';
import { deleting, finished, policyDeleted } from './after.ts';
import { approving } from './approving.ts';
import { cannotBe, notConfirmed, notStarted, nothingToUndo, partMissing, policyInvalid, policyMissing, queued } from './before.ts';
import { checking } from './checking.ts';
import { fitStatus } from './fit-status.ts';
import { statusOf } from './observed.ts';
import type { RestoreDecision, RestoreFact, RestoreObserved, RunningRestore } from './observed.ts';
import { planning } from './planning.ts';
import { quiescing, quiescingAgain } from './quiescing.ts';
import { restoring } from './restoring.ts';
import { resuming, resumingAfterFailure } from './resuming.ts';
import { undoing } from './undoing.ts';
import type { RestoreStage } from '../../api/restore-status.ts';

const stages: Record<RestoreStage, (observed: RunningRestore) => RestoreDecision> = {
  Planning: planning,
  Approving: approving,
  Quiescing: quiescing,
  Restoring: restoring,
  Resuming: resuming,
  Checking: checking,
  UndoQuiescing: quiescingAgain,
  Undoing: undoing,
  UndoResuming: resumingAfterFailure,
};

const running: RestoreFact = (observed) => {
  const { stage } = statusOf(observed);
  const { policy } = observed;
  return stage === undefined || policy === undefined ? undefined : stages[stage]({ ...observed, policy, stage });
};

const facts: RestoreFact[] = [
  deleting,
  finished,
  policyDeleted,
  running,
  policyMissing,
  partMissing,
  policyInvalid,
  notConfirmed,
  nothingToUndo,
  queued,
  cannotBe,
  notStarted,
];

// Total: `notStarted` answers where nothing else does.
export const decideRestore = (observed: RestoreObserved): RestoreDecision => {
  const decision = firstAnswer(facts, observed) ?? { actions: [], status: statusOf(observed) };
  return { ...decision, status: fitStatus(decision.status) };
};

// What to do about a Backup: the first fact that applies answers. A Log has a chain of its own.
import { annotation } from '../../api/group.ts';
import { isoTime } from '../plan/time.ts';
import { deleting, finished, policyDeleted } from './after.ts';
import { componentMissing, notStarted, policyInvalid, policyMissing, queued, storeUnread } from './before.ts';
import { checking } from './checking.ts';
import { dumping } from './dumping.ts';
import { firstAnswer } from '../plan/first-answer.ts';
import { fitStatus } from './fit-status.ts';
import { decideLog } from './log/decide.ts';
import { logRequests } from './logs.ts';
import { slotOf, statusOf } from './observed.ts';
import type { BackupDecision, BackupFact, BackupObserved, StartedRun } from './observed.ts';
import { nothingToSeal, sealing } from './sealing.ts';

const beforeTheRun: BackupFact[] = [policyMissing, componentMissing, policyInvalid, queued, storeUnread, notStarted];
const theRun: ((observed: StartedRun) => BackupDecision | undefined)[] = [dumping, nothingToSeal, checking, sealing];

const running: BackupFact = (observed) => {
  const { backupId } = statusOf(observed);
  const { policy, backup } = observed;
  const { type } = backup.spec;
  if (backupId === undefined || policy === undefined || type === 'Log') {
    return undefined;
  }
  const run = { name: backup.metadata.name, id: backupId, slot: isoTime(slotOf(observed, annotation.slot)), type };
  return firstAnswer(theRun, { ...observed, policy, run });
};

const facts: BackupFact[] = [deleting, finished, policyDeleted, running, ...beforeTheRun];

// Total: `notStarted` answers where nothing else does.
export const decideBackup = (observed: BackupObserved): BackupDecision => {
  const decision =
    observed.backup.spec.type === 'Log'
      ? decideLog(observed)
      : (firstAnswer(facts, observed) ?? { actions: [], status: statusOf(observed) });
  return { ...decision, status: fitStatus(decision.status), actions: [...decision.actions, ...logRequests(observed)] };
};

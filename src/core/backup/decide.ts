// What to do about a Backup: the first fact that applies answers.
import { annotation } from '../../api/group.ts';
import { isoTime } from '../plan/time.ts';
import { deleting, finished, policyDeleted } from './after.ts';
import { componentMissing, notStarted, policyInvalid, policyMissing, queued, storeUnread } from './before.ts';
import { checking } from './checking.ts';
import { dumping } from './dumping.ts';
import { fitStatus } from './fit-status.ts';
import { logRequests } from './logs.ts';
import { slotOf, statusOf } from './observed.ts';
import type { BackupDecision, BackupFact, BackupObserved, StartedRun } from './observed.ts';
import { nothingToSeal, sealing } from './sealing.ts';

const beforeTheRun: BackupFact[] = [policyMissing, componentMissing, policyInvalid, queued, storeUnread, notStarted];
const theRun: ((observed: StartedRun) => BackupDecision | undefined)[] = [dumping, nothingToSeal, checking, sealing];

const running: BackupFact = (observed) => {
  const { backupId } = statusOf(observed);
  const { policy, backup } = observed;
  if (backupId === undefined || policy === undefined) {
    return undefined;
  }
  const run = { name: backup.metadata.name, id: backupId, slot: isoTime(slotOf(observed, annotation.slot)), type: backup.spec.type };
  return firstAnswer(theRun, { ...observed, policy, run });
};

const facts: BackupFact[] = [deleting, finished, policyDeleted, running, ...beforeTheRun];

const firstAnswer = <T>(chain: ((observed: T) => BackupDecision | undefined)[], observed: T): BackupDecision | undefined => {
  for (const fact of chain) {
    const decision = fact(observed);
    if (decision !== undefined) {
      return decision;
    }
  }
  return undefined;
};

// Total: `notStarted` answers where nothing else does.
export const decideBackup = (observed: BackupObserved): BackupDecision => {
  const decision = firstAnswer(facts, observed) ?? { actions: [], status: statusOf(observed) };
  return { ...decision, status: fitStatus(decision.status), actions: [...decision.actions, ...logRequests(observed)] };
};

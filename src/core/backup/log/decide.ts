// What to do about a Backup of type Log: the first fact that applies answers. Nothing is sealed and nothing is copied.
import { deleteJobs } from '../../jobs/facts.ts';
import { deleting, finished } from '../after.ts';
import { componentMissing, policyInvalid, policyMissing, queued } from '../before.ts';
import { firstAnswer } from '../../plan/first-answer.ts';
import { statusOf } from '../observed.ts';
import type { BackupDecision, BackupFact, BackupObserved } from '../observed.ts';
import { ended } from '../outcome.ts';
import { archiving } from './archiving.ts';
import { nothingArchived, notStarted } from './before.ts';

// The policy went away under it. What was archived stays.
const policyDeleted: BackupFact = (observed) => {
  const status = statusOf(observed);
  if (observed.policy !== undefined || status.startTime === undefined) {
    return undefined;
  }
  const message = 'The policy was deleted while the Log ran. What was archived stays in the store.';
  return { actions: deleteJobs(observed.jobs), status: ended(observed, status, { phase: 'Failed', reason: 'PolicyDeleted', message }) };
};

const facts: BackupFact[] = [
  deleting,
  finished,
  policyDeleted,
  archiving,
  policyMissing,
  componentMissing,
  policyInvalid,
  nothingArchived,
  queued,
  notStarted,
];

// Total: `notStarted` answers where nothing else does.
export const decideLog = (observed: BackupObserved): BackupDecision =>
  firstAnswer(facts, observed) ?? { actions: [], status: statusOf(observed) };

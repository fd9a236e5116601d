// Leaves the record of a Restore that has ended in the store: one Job, tried three times. What comes of it never changes how the Restore ended.
import type { BackupPolicy, Restore } from '../../api/objects.ts';
import type { RestoreStatus } from '../../api/restore-status.ts';
import { deadlinesFor } from '../jobs/deadlines.ts';
import { stopJob } from '../jobs/facts.ts';
import type { JobFacts } from '../jobs/facts.ts';
import { judge } from '../jobs/judge.ts';
import type { Verdict } from '../jobs/judge.ts';
import { createJob } from '../jobs/request.ts';
import type { Action } from '../jobs/request.ts';
import { minute } from '../plan/time.ts';
import { auditRecord } from './audit-record.ts';
import { restoreJobName } from './observed.ts';

export type AuditObserved = {
  restore: Restore;
  policy: BackupPolicy;
  jobs: readonly JobFacts[];
  hash: (text: string) => string;
  now: number;
};

// `audit`: what the status says of it from now on. Without `againMilliseconds` there is nothing left to do.
export type Audited = { actions: Action[]; audit: NonNullable<RestoreStatus['audit']>; againMilliseconds?: number };

const mostAttempts = 3;
const pauseMilliseconds = minute;
const longestMessage = 1024;

// Asked of a Restore that has its end in the status. The record is made of that, so it is the same at each attempt.
export const leaveRecord = (observed: AuditObserved): Audited => {
  const { restore, policy, now } = observed;
  const known = restore.status?.audit;
  if (known !== undefined && known.state !== 'Writing') {
    return { actions: [], audit: known };
  }
  const attempt = newestAttempt(observed);
  if (attempt === 0) {
    return begin(observed, 1);
  }
  const job = jobOf(observed, attempt);
  const verdict = judge(job, { verb: 'audit', attempt }, deadlinesFor(policy, 'inspect'), now);
  switch (verdict.type) {
    case 'Waiting':
    case 'Running':
      return { actions: [], audit: { state: 'Writing', attempt }, againMilliseconds: verdict.againMilliseconds };
    case 'Succeeded':
      return { actions: [], audit: ended(verdict, attempt) };
    case 'Failed':
    case 'Lost':
      return failed(observed, job, verdict, attempt);
  }
};

const nameOf = (observed: AuditObserved, attempt: number): string => restoreJobName(observed, 'audit', attempt);

const jobOf = (observed: AuditObserved, attempt: number): JobFacts | undefined =>
  observed.jobs.find(({ verb, name }) => verb === 'audit' && name === nameOf(observed, attempt));

// A Job may have been made and not be in the status yet. 0: there was none.
const newestAttempt = (observed: AuditObserved): number => {
  const made = Array.from({ length: mostAttempts }, (_, index) => index + 1).filter((attempt) => jobOf(observed, attempt) !== undefined);
  return Math.max(0, observed.restore.status?.audit?.attempt ?? 0, ...made);
};

const begin = (observed: AuditObserved, attempt: number): Audited => {
  const { restore, policy } = observed;
  const [primary] = policy.spec.tiers;
  const job = createJob({
    name: nameOf(observed, attempt),
    verb: 'audit',
    attempt,
    owner: 'Restore',
    tier: primary?.name ?? '',
    record: auditRecord(restore),
  });
  return { actions: [job], audit: { state: 'Writing', attempt }, againMilliseconds: minute };
};

const ended = ({ result }: Extract<Verdict, { type: 'Succeeded' }>, attempt: number): Audited['audit'] => {
  const { written, key, note } = result.verb === 'audit' ? result : {};
  return written === true
    ? { state: 'Written', attempt, ...(key === undefined ? {} : { key }) }
    : { state: 'NotWritten', attempt, ...(note === undefined ? {} : { message: note.slice(0, longestMessage) }) };
};

// The next attempt waits a minute, where there was one: what is short is over by then. After the last one a person is told; nobody is kept waiting.
const failed = (
  observed: AuditObserved,
  job: JobFacts | undefined,
  verdict: Extract<Verdict, { type: 'Failed' | 'Lost' }>,
  attempt: number,
): Audited => {
  const why = `${verdict.code === undefined ? '' : `${verdict.code}: `}${verdict.message}`;
  if (attempt >= mostAttempts) {
    const message = `No record of this Restore could be left in the store, after ${mostAttempts} attempts. ${why}`.slice(0, longestMessage);
    return {
      actions: [...stopJob(job), { type: 'tell', reason: 'AuditFailed', message }],
      audit: { state: 'Failed', attempt, message },
    };
  }
  const left = job === undefined ? 0 : verdict.endTime + pauseMilliseconds - observed.now;
  if (left > 0) {
    return { actions: stopJob(job), audit: { state: 'Writing', attempt, message: why.slice(0, longestMessage) }, againMilliseconds: left };
  }
  return begin(observed, attempt + 1);
};

// Whether the record is out of the way: written, or given up.
export const isRecordDone = ({ audit }: Pick<RestoreStatus, 'audit'>): boolean => audit !== undefined && audit.state !== 'Writing';

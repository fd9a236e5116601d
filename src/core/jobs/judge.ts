// What became of one attempt. Success is only what the agent's own result says, from a pod of our Job: never an exit code.
import type { AgentResult, EntryLine, ProgressLine } from '../../api/agent.ts';
import type { Category } from '../../api/categories.ts';
import { minute, second } from '../plan/time.ts';
import { wholeDeadline } from './deadlines.ts';
import type { Deadlines } from './deadlines.ts';
import type { JobFacts, Leaving } from './facts.ts';

export type Failure = { category: Category; code?: string; message: string };

export type Verdict =
  | { type: 'Waiting'; message?: string; againMilliseconds: number }
  | { type: 'Running'; progress?: ProgressLine; againMilliseconds: number }
  | { type: 'Succeeded'; result: AgentResult; entries: EntryLine[]; seconds: number }
  // It said that it failed, or never started, or took too long.
  | ({ type: 'Failed'; retryable: boolean; started: boolean; endTime: number } & Failure)
  // It went away without a result: what it did is unknown.
  | ({ type: 'Lost'; endTime: number } & Failure);

// Which Job is meant: a result that speaks of another one is none.
export type Expected = { verb: AgentResult['verb']; backupId?: string; component?: string; attempt?: number; tier?: string };

// After its deadline a Job is stopped by Kubernetes; when that does not happen (a lost node), we stop waiting.
const graceMilliseconds = 2 * minute;

export const judge = (job: JobFacts | undefined, expected: Expected, deadlines: Deadlines, now: number): Verdict => {
  if (job === undefined) {
    return { type: 'Lost', category: 'Interrupted', message: 'Its Job is gone: somebody deleted it.', endTime: now };
  }
  if (!job.ours) {
    const message = `A Job named ${job.name} exists that Holdfast did not make. Delete it.`;
    return { type: 'Lost', category: 'Interrupted', message, endTime: now };
  }
  switch (job.state.type) {
    case 'Waiting':
      return judgeLeaving(job.state, now) ?? sooner(judgeWaiting(job, job.state, deadlines, now), job.state, now);
    case 'Running':
      return judgeLeaving(job.state, now) ?? sooner(judgeRunning(job, job.state, deadlines, now), job.state, now);
    case 'Reading':
      return { type: 'Running', againMilliseconds: minute };
    case 'Ended':
      return judgeEnded(job, job.state, expected);
  }
};

// A pod that was deleted and does not go stands on a node that is lost: nobody will ever say how it ended.
const leavingGraceMilliseconds = 30 * second;

const judgeLeaving = ({ leavesBy }: Leaving, now: number): Verdict | undefined =>
  leavesBy === undefined || now < leavesBy + leavingGraceMilliseconds
    ? undefined
    : {
        type: 'Lost',
        category: 'Interrupted',
        message: 'Its pod was deleted and does not end: the node it is on no longer answers.',
        endTime: now,
      };

const sooner = (verdict: Verdict, { leavesBy }: Leaving, now: number): Verdict =>
  leavesBy === undefined || !('againMilliseconds' in verdict)
    ? verdict
    : { ...verdict, againMilliseconds: Math.min(verdict.againMilliseconds, leavesBy + leavingGraceMilliseconds - now) };

// What holds a pod up may stand in its events only, and those change nothing in the pod.
const waitingLookMilliseconds = 10 * second;

const judgeWaiting = (job: JobFacts, { message }: { message?: string }, deadlines: Deadlines, now: number): Verdict => {
  const left = job.createdTime + deadlines.startMilliseconds - now;
  if (left > 0) {
    return { type: 'Waiting', ...(message === undefined ? {} : { message }), againMilliseconds: Math.min(left, waitingLookMilliseconds) };
  }
  const why = message ?? 'No reason is known: look at the events of the pod.';
  return {
    type: 'Failed',
    category: 'Start',
    message: `The pod did not start within spec.jobs.deadlines.start. ${why}`,
    retryable: false,
    started: false,
    endTime: now,
  };
};

const judgeRunning = (job: JobFacts, state: { progress?: ProgressLine }, deadlines: Deadlines, now: number): Verdict => {
  const left = job.createdTime + wholeDeadline(deadlines) + graceMilliseconds - now;
  if (left > 0) {
    return { type: 'Running', ...(state.progress === undefined ? {} : { progress: state.progress }), againMilliseconds: left };
  }
  return { type: 'Failed', ...lateFailure, retryable: false, started: true, endTime: now };
};

const lateFailure: Failure = {
  category: 'Deadline',
  message: 'It took longer than its deadline. Find what was slow, or raise spec.jobs.deadlines.',
};

type Ended = Extract<JobFacts['state'], { type: 'Ended' }>;

const judgeEnded = (job: JobFacts, state: Ended, expected: Expected): Verdict => {
  const { endTime, result } = state;
  if (result !== undefined && speaksOf(result, expected)) {
    if (result.outcome === 'Succeeded') {
      return { type: 'Succeeded', result, entries: state.entries ?? [], seconds: Math.max(0, (endTime - job.createdTime) / 1000) };
    }
    return {
      type: 'Failed',
      category: result.category,
      ...(result.code === undefined ? {} : { code: result.code }),
      message: result.message ?? 'The agent gave no reason.',
      retryable: result.retryable ?? false,
      started: true,
      endTime,
    };
  }
  if (state.cause === 'Deadline') {
    return { type: 'Failed', ...lateFailure, retryable: false, started: state.started, endTime };
  }
  return {
    type: 'Lost',
    category: 'Interrupted',
    message: state.message ?? 'The pod ended and left no result.',
    endTime,
  };
};

const speaksOf = (result: AgentResult, expected: Expected): boolean =>
  result.verb === expected.verb &&
  (!('backupId' in result) || result.backupId === expected.backupId) &&
  (!('component' in result) || result.component === expected.component) &&
  (!('attempt' in result) || result.attempt === expected.attempt) &&
  (!('tier' in result) || result.tier === expected.tier);

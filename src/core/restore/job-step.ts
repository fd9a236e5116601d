// One component's way through the attempts of one stage's Job.
import type { RecoverMode, RecoverResult } from '../../api/recover.ts';
import type { RestoredComponent, RestoreStatus } from '../../api/restore-status.ts';
import { attemptBackoff } from '../jobs/attempt-backoff.ts';
import { shownProgress, stepAll } from '../jobs/component-steps.ts';
import { deadlinesFor } from '../jobs/deadlines.ts';
import { stopJob } from '../jobs/facts.ts';
import type { JobFacts } from '../jobs/facts.ts';
import { judge } from '../jobs/judge.ts';
import type { Verdict } from '../jobs/judge.ts';
import { createJob } from '../jobs/request.ts';
import type { Action, RecoverRequest } from '../jobs/request.ts';
import { cut } from '../plan/conditions.ts';
import { instantOf, isoTime, second } from '../plan/time.ts';
import type { AgentResult } from '../../api/agent.ts';
import { withHeld } from './held.ts';
import { isRecoverResult, restoreJobName, sourceTier } from './observed.ts';
import type { RunningRestore } from './observed.ts';

export type StageWork = {
  // In the name of the Job.
  what: 'plan' | 'restore' | 'check' | 'undo' | 'discard';
  mode: RecoverMode;
  // How a component is called that is done.
  done: RestoredComponent['outcome'];
  request: (component: RestoredComponent) => RecoverRequest;
  // What a result adds to the component.
  learned: (result: RecoverResult) => Partial<RestoredComponent>;
  // How often it is tried; default: jobs.attempts of the policy. Infinity: until it works.
  attempts?: number;
  // Codes of refusals that no further attempt changes, however many there may be.
  isFinal?: (code: string) => boolean;
};

export type Step = {
  component: RestoredComponent;
  actions: Action[];
  againMilliseconds?: number;
  progress?: NonNullable<RestoreStatus['progress']>;
  result?: RecoverResult;
};

const lookAgainMilliseconds = second;

const still = (component: RestoredComponent): Step => ({ component, actions: [] });

// Moves a component that is not done yet. `mayStart`: there is room for another Job.
export const stepComponent = (observed: RunningRestore, work: StageWork, component: RestoredComponent, mayStart: boolean): Step => {
  if (component.outcome === work.done || component.outcome === 'Failed') {
    return still(component);
  }
  return component.outcome === 'Running' ? watch(observed, work, component) : start(observed, work, component, mayStart);
};

const start = (observed: RunningRestore, work: StageWork, component: RestoredComponent, mayStart: boolean): Step => {
  const wait = (instantOf(component.nextAttemptTime) ?? 0) - observed.now;
  if (wait > 0 || !mayStart) {
    return { ...still(component), ...(wait > 0 ? { againMilliseconds: wait } : {}) };
  }
  const attempt = (component.attempt ?? 0) + 1;
  const before = stillAtWork(observed, work, component, attempt);
  if (before !== undefined) {
    return { ...still({ ...component, message: before }), againMilliseconds: lookAgainMilliseconds };
  }
  const { nextAttemptTime: _next, message: _message, ...rest } = component;
  const recover = work.request(component);
  const job = createJob({
    name: nameOf(observed, work, component.name, attempt),
    verb: 'recover',
    attempt,
    owner: 'Restore',
    tier: recover.copies?.tier ?? sourceTier(observed),
    component: component.name,
    recover: { ...recover, mode: work.mode },
  });
  return { component: { ...rest, outcome: 'Running', attempt }, actions: [job] };
};

// Two never write in one place: a Job that is gone may have left a pod that still ends, and one of a lost node ends when nobody knows.
// A Job that is there already was made by an earlier look.
const stillAtWork = (
  { agents = [], ...observed }: RunningRestore,
  work: StageWork,
  { name }: RestoredComponent,
  attempt: number,
): string | undefined => {
  const { mode } = work;
  const writes = mode === 'Restore' || mode === 'Undo' || mode === 'Discard';
  const isMade = observed.jobs.some((job) => job.name === nameOf(observed, work, name, attempt));
  const found = writes && !isMade ? agents.find(({ component }) => component === name) : undefined;
  return (
    found &&
    `It waits until pod ${found.pod} of an earlier Job has ended. If its node is lost for good: kubectl delete pod ${found.pod} --force`
  );
};

const nameOf = (observed: RunningRestore, { what }: StageWork, component: string, attempt: number): string =>
  restoreJobName(observed, `${what}-${component}`, attempt);

// The Job of a component's newest attempt.
export const jobOf = (observed: RunningRestore, work: StageWork, { name, attempt = 1 }: RestoredComponent): JobFacts | undefined =>
  observed.jobs.find((job) => job.name === nameOf(observed, work, name, attempt));

const watch = (observed: RunningRestore, work: StageWork, component: RestoredComponent): Step => {
  const attempt = component.attempt ?? 1;
  const job = jobOf(observed, work, component);
  const verdict = judge(
    job,
    { verb: 'recover', component: component.name, attempt },
    deadlinesFor(observed.policy, 'recover'),
    observed.now,
  );
  switch (verdict.type) {
    case 'Waiting': {
      const { message, againMilliseconds } = verdict;
      return { ...still({ ...component, ...(message === undefined ? {} : { message: cut(message) }) }), againMilliseconds };
    }
    case 'Running': {
      const { message: _message, ...running } = component;
      const { progress, againMilliseconds } = verdict;
      const shown = progress && { progress: shownProgress(component.name, progress) };
      return { ...still(running), againMilliseconds, ...shown };
    }
    case 'Succeeded':
      return isRecoverResult(verdict.result)
        ? { ...still(learn(component, work, verdict.result)), result: verdict.result }
        : still(component);
    case 'Failed':
    case 'Lost':
      return { ...failed(observed, work, component, verdict, resultOf(job)), actions: stopJob(job) };
  }
};

const resultOf = (job: JobFacts | undefined): AgentResult | undefined => (job?.state.type === 'Ended' ? job.state.result : undefined);

const learn = (component: RestoredComponent, work: StageWork, result: RecoverResult): RestoredComponent => {
  const { message: _message, category: _category, code: _code, ...rest } = component;
  return {
    ...withHeld(rest, result),
    outcome: work.done,
    ...(result.note === undefined ? {} : { message: cut(result.note) }),
    ...work.learned(result),
  };
};

// What vanished without a result is tried again: every Job of a Restore goes on from whatever is there.
const failed = (
  observed: RunningRestore,
  { mode, attempts: usual = observed.policy.spec.jobs.attempts, isFinal = () => false }: StageWork,
  before: RestoredComponent,
  verdict: Extract<Verdict, { type: 'Failed' | 'Lost' }>,
  result: AgentResult | undefined,
): Step => {
  const component = result !== undefined && isRecoverResult(result) ? withHeld(before, result) : before;
  const attempt = component.attempt ?? 1;
  // With an empty place nothing else can be done but to fill it.
  const attempts = mode === 'Undo' && component.away === true ? Infinity : usual;
  const why = {
    category: verdict.category,
    ...(verdict.code === undefined ? {} : { code: verdict.code }),
    message: cut(verdict.message),
  };
  const mayHelp = verdict.type === 'Lost' || verdict.retryable || attempts === Infinity;
  if (mayHelp && attempt < attempts && !isFinal(verdict.code ?? '')) {
    const next = verdict.endTime + attemptBackoff(attempt);
    return {
      ...still({ ...component, ...why, outcome: 'Pending', attempt, nextAttemptTime: isoTime(next) }),
      againMilliseconds: Math.max(0, next - observed.now),
    };
  }
  return still({ ...component, ...why, outcome: 'Failed' });
};

// All components of a stage, so many Jobs at a time as the policy allows.
export const stepStage = (observed: RunningRestore, work: StageWork, components: RestoredComponent[]): Step[] =>
  stepAll(observed.policy.spec.jobs.parallelism, components, (component, mayStart) => stepComponent(observed, work, component, mayStart));

// All components, those among them that a stage has moved as they are now.
export const afterSteps = (all: RestoredComponent[], steps: Step[]): RestoredComponent[] =>
  all.map((component) => steps.find((step) => step.component.name === component.name)?.component ?? component);

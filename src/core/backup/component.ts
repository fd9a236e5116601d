// One component's way through its attempts.
import type { DumpResult } from '../../api/agent.ts';
import { deadlinesFor } from '../jobs/deadlines.ts';
import { shownProgress } from '../jobs/component-steps.ts';
import { stopJob } from '../jobs/facts.ts';
import { judge } from '../jobs/judge.ts';
import type { Verdict } from '../jobs/judge.ts';
import { createJob } from '../jobs/request.ts';
import { cut } from '../plan/conditions.ts';
import { instantOf } from '../plan/time.ts';
import { componentNow, failedAttempt, kept, still, waiting } from './attempts.ts';
import type { ComponentStatus, ComponentStep } from './attempts.ts';
import { findJob, ownJobName, primaryTier } from './observed.ts';
import type { StartedRun } from './observed.ts';

// Moves a component that runs or waits. `mayStart`: there is room for another Job.
export const stepComponent = (observed: StartedRun, component: ComponentStatus, mayStart: boolean): ComponentStep => {
  switch (component.outcome) {
    case 'Succeeded':
    case 'Failed':
      return still(component);
    case 'Running':
      return watchAttempt(observed, component);
    case 'Pending':
      return startAttempt(observed, component, mayStart);
  }
};

const startAttempt = (observed: StartedRun, component: ComponentStatus, mayStart: boolean): ComponentStep => {
  const wait = (instantOf(component.nextAttemptTime) ?? 0) - observed.now;
  if (wait > 0) {
    return { ...still(component), againMilliseconds: wait };
  }
  const { problem } = componentNow(observed, component.name);
  if (problem !== undefined) {
    return still({ ...kept(component), outcome: 'Failed', category: 'Configuration', message: problem });
  }
  if (!mayStart) {
    return still(component);
  }
  const attempt = (component.attempt ?? 0) + 1;
  const { parent } = component;
  // How much changed, only the server can guess.
  const predictedBytes = parent === undefined ? wholeBytes(observed, component.name) : undefined;
  const job = createJob({
    name: ownJobName(observed, `dump-${component.name}`, attempt),
    verb: 'dump',
    attempt,
    owner: 'Backup',
    tier: primaryTier(observed.policy),
    backup: observed.run,
    component: component.name,
    ...(predictedBytes === undefined ? {} : { predictedBytes }),
    ...(parent === undefined ? {} : { parent }),
  });
  return { component: { ...kept(component), outcome: 'Running', attempt }, actions: [job] };
};

const wholeBytes = ({ policy }: StartedRun, component: string): number | undefined =>
  policy.status?.components?.find(({ name }) => name === component)?.wholeBytes;

const watchAttempt = (observed: StartedRun, component: ComponentStatus): ComponentStep => {
  const attempt = component.attempt ?? 1;
  const job = findJob(observed, ownJobName(observed, `dump-${component.name}`, attempt));
  const expected = { verb: 'dump', backupId: observed.run.id, component: component.name, attempt } as const;
  const verdict = judge(job, expected, deadlinesFor(observed.policy, 'dump'), observed.now);
  const running: ComponentStatus = { ...kept(component), outcome: 'Running', attempt };
  switch (verdict.type) {
    case 'Waiting':
      return waiting(running, verdict);
    case 'Running': {
      const { progress, againMilliseconds } = verdict;
      const shown = progress && { progress: shownProgress(component.name, progress) };
      return { ...still(running), againMilliseconds, ...shown };
    }
    case 'Succeeded':
      return succeeded(observed, running, verdict);
    case 'Failed':
    case 'Lost':
      return { ...failedAttempt(observed, running, verdict), actions: stopJob(job) };
  }
};

const succeeded = (observed: StartedRun, running: ComponentStatus, verdict: Extract<Verdict, { type: 'Succeeded' }>): ComponentStep => {
  const { result, seconds } = verdict;
  if (result.verb !== 'dump') {
    return still(running);
  }
  const { bytes, restorableTo, verification } = result;
  return {
    component: {
      ...based(running, result),
      outcome: 'Succeeded',
      ...(bytes === undefined ? {} : { bytes }),
      ...(restorableTo === undefined ? {} : { restorableTo }),
    },
    actions: [],
    phases: [{ name: `dump ${running.name}`, seconds }],
    ...(verification === undefined
      ? {}
      : { verification: { ...verification, tier: primaryTier(observed.policy), component: running.name, time: result.time } }),
  };
};

// The agent has asked the server and the store: what it says it has built on counts.
const based = (running: ComponentStatus, { parent, whole = running.whole }: Pick<DumpResult, 'parent' | 'whole'>): ComponentStatus => {
  const { parent: _parent, whole: _whole, ...rest } = running;
  return parent === undefined
    ? { ...rest, ...(whole === undefined ? {} : { whole: { ...whole, message: cut(whole.message) } }) }
    : { ...rest, parent };
};

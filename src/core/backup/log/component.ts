// One component's way through the attempts of a Log. Whatever became of one, another may follow: none of them changes what is stored already.
import type { ReceiveResult } from '../../../api/agent.ts';
import { deadlinesFor } from '../../jobs/deadlines.ts';
import { stopJob } from '../../jobs/facts.ts';
import { judge } from '../../jobs/judge.ts';
import type { Verdict } from '../../jobs/judge.ts';
import { createJob } from '../../jobs/request.ts';
import { instantOf, second } from '../../plan/time.ts';
import { archiveMode } from '../../plan/wal-archive.ts';
import { componentNow, failedAttempt, kept, still, waiting } from '../attempts.ts';
import type { ComponentStatus, ComponentStep } from '../attempts.ts';
import { findJob, ownJobName, primaryTier } from '../observed.ts';
import type { PolicyThere } from '../observed.ts';
import { mayReceive } from './may-receive.ts';

// Moves a component that runs or waits. `mayStart`: there is room for another Job.
export const stepLog = (observed: PolicyThere, component: ComponentStatus, mayStart: boolean): ComponentStep => {
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

// A change of the policy is seen at once; this is for deadlines.
const lookAgainMilliseconds = 30 * second;

const what = (component: string): string => `log-${component}`;

// With a receiver at work the Job only waits for it; without one it fetches the WAL itself.
const startAttempt = (observed: PolicyThere, component: ComponentStatus, mayStart: boolean): ComponentStep => {
  const wait = (instantOf(component.nextAttemptTime) ?? 0) - observed.now;
  if (wait > 0) {
    return { ...still(component), againMilliseconds: wait };
  }
  const { spec, problem } = componentNow(observed, component.name);
  const receivable = problem === undefined ? mayReceive(observed, component.name) : { problem };
  if (typeof receivable === 'object') {
    return still({ ...kept(component), outcome: 'Failed', category: 'Configuration', message: receivable.problem });
  }
  if (receivable === 'NotYet' || !mayStart) {
    return { ...still(component), ...(receivable === 'NotYet' ? { againMilliseconds: lookAgainMilliseconds } : {}) };
  }
  const attempt = (component.attempt ?? 0) + 1;
  const job = createJob({
    name: ownJobName(observed, what(component.name), attempt),
    verb: 'receive',
    attempt,
    owner: 'Backup',
    tier: primaryTier(observed.policy),
    component: component.name,
    receive: { mode: spec !== undefined && archiveMode(spec) === 'Scheduled' ? 'Once' : 'Barrier' },
  });
  return { component: { name: component.name, outcome: 'Running', attempt }, actions: [job] };
};

const watchAttempt = (observed: PolicyThere, component: ComponentStatus): ComponentStep => {
  const { name, attempt = 1 } = component;
  const job = findJob(observed, ownJobName(observed, what(name), attempt));
  const verdict = judge(job, { verb: 'receive', component: name }, deadlinesFor(observed.policy, 'receive'), observed.now);
  const running: ComponentStatus = { name, outcome: 'Running', attempt };
  switch (verdict.type) {
    case 'Waiting':
      return waiting(running, verdict);
    case 'Running':
      return { ...still(running), againMilliseconds: verdict.againMilliseconds };
    case 'Succeeded':
      return succeeded(observed, running, verdict);
    case 'Failed':
    case 'Lost':
      return { ...failedAttempt(observed, running, verdict), actions: stopJob(job) };
  }
};

// Success names a place and a time: one that does not has proven nothing.
const succeeded = (observed: PolicyThere, running: ComponentStatus, verdict: Extract<Verdict, { type: 'Succeeded' }>): ComponentStep => {
  const place = placeOf(verdict.result as ReceiveResult);
  if (place === undefined) {
    const message = 'The Job says that it succeeded, and not up to where. Use agent and operator of one release.';
    return failedAttempt(observed, running, {
      type: 'Failed',
      category: 'Verification',
      message,
      retryable: true,
      started: true,
      endTime: Date.parse(verdict.result.time),
    });
  }
  return {
    component: { ...running, outcome: 'Succeeded', ...place },
    actions: [],
    phases: [{ name: `log ${running.name}`, seconds: verdict.seconds }],
  };
};

const placeOf = ({ timeline, storedLsn, restorableTo }: ReceiveResult) =>
  timeline === undefined || storedLsn === undefined || restorableTo === undefined ? undefined : { timeline, storedLsn, restorableTo };

// Attempts at one component, whatever a Job does for it: how they count, and what a failure comes to.
import type { BackupStatus } from '../../api/backup.ts';
import type { Component } from '../../api/policy.ts';
import { attemptBackoff } from '../jobs/attempt-backoff.ts';
import { remarksOf } from '../jobs/component-steps.ts';
import type { Verdict } from '../jobs/judge.ts';
import type { Action } from '../jobs/request.ts';
import { cut } from '../plan/conditions.ts';
import { isoTime, soonest } from '../plan/time.ts';
import type { PolicyThere } from './observed.ts';

export type ComponentStatus = NonNullable<BackupStatus['components']>[number];
type Progress = NonNullable<BackupStatus['progress']>;
type Verification = NonNullable<BackupStatus['verification']>[number];
type PhaseSeconds = NonNullable<BackupStatus['phases']>[number];

export type ComponentStep = {
  component: ComponentStatus;
  actions: Action[];
  againMilliseconds?: number;
  progress?: Progress;
  // What a success adds to the status of the run.
  verification?: Verification;
  phases?: PhaseSeconds[];
};

export const unfinished = ({ outcome }: ComponentStatus): boolean => outcome === 'Pending' || outcome === 'Running';

// What it builds on stays with it through all its attempts.
export const kept = ({ name, parent, whole }: ComponentStatus): Pick<ComponentStatus, 'name' | 'parent' | 'whole'> => ({
  name,
  ...(parent === undefined ? {} : { parent }),
  ...(whole === undefined ? {} : { whole }),
});

export const still = (component: ComponentStatus): ComponentStep => ({ component, actions: [] });

// Its Job has not started: what holds it up is said.
export const waiting = (
  running: ComponentStatus,
  { message, againMilliseconds }: Extract<Verdict, { type: 'Waiting' }>,
): ComponentStep => ({
  ...still({ ...running, ...(message === undefined ? {} : { message: cut(message) }) }),
  againMilliseconds,
});

// When to look again: at once where all of them have ended.
export const lookAgain = (steps: ComponentStep[]): number | undefined =>
  steps.some(({ component }) => unfinished(component)) ? soonest(...steps.map(({ againMilliseconds }) => againMilliseconds)) : 0;

// How many of them are done, in words, and what there is to say of each.
export const describeComponents = (components: ComponentStatus[], done: (ended: string) => string): string => {
  const ended = components.filter(({ outcome }) => outcome === 'Succeeded').length;
  return cut([done(`${ended} of ${components.length} components`), ...remarksOf(components)].join(' · '));
};

// What has changed since the run began, so that no Job can work on the component any more: with the component, where it is still there.
export const componentNow = (
  { policy, agentMajors }: PolicyThere,
  name: string,
): { spec: Component; problem?: string } | { spec?: undefined; problem: string } => {
  const spec = policy.spec.components.find((each) => each.name === name);
  if (spec === undefined) {
    return { problem: 'The component was taken out of the policy while the Backup ran.' };
  }
  const major = spec.postgresql?.version;
  return major === undefined || agentMajors.includes(major)
    ? { spec }
    : { spec, problem: `The operator has no agent image for PostgreSQL ${major}. Add it to agent.images in the values of the chart.` };
};

// An attempt failed, or went away without a word: there is another one, or that was the last.
export const failedAttempt = (
  { policy, now }: PolicyThere,
  running: ComponentStatus,
  verdict: Extract<Verdict, { type: 'Failed' | 'Lost' }>,
): ComponentStep => {
  const attempt = running.attempt ?? 1;
  const retryable = verdict.type === 'Lost' || verdict.retryable;
  const base = { ...kept(running), attempt, category: verdict.category };
  if (!retryable || attempt >= policy.spec.jobs.attempts) {
    return still({ ...base, outcome: 'Failed', message: cut(verdict.message) });
  }
  const next = verdict.endTime + attemptBackoff(attempt);
  return {
    ...still({
      ...base,
      outcome: 'Pending',
      nextAttemptTime: isoTime(next),
      message: cut(`Attempt ${attempt} failed: ${verdict.message}`),
    }),
    againMilliseconds: Math.max(0, next - now),
  };
};

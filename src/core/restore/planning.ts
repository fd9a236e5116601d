// What will be read and replaced is worked out, and the source is checked. Nothing is stopped, and nothing is written.
import type { PlannedComponent, RestoreStatus } from '../../api/restore-status.ts';
import type { Action } from '../jobs/request.ts';
import { remarksOf } from '../jobs/component-steps.ts';
import { cut } from '../plan/conditions.ts';
import { isoTime, soonest } from '../plan/time.ts';
import { directoryOf } from './directory.ts';
import { fail, failByComponents, hasFailed } from './fail.ts';
import { stepStage } from './job-step.ts';
import type { StageWork, Step } from './job-step.ts';
import { componentsOf, holdOn, statusOf } from './observed.ts';
import type { RestoreDecision, RunningRestore } from './observed.ts';
import { goingOn } from './outcome.ts';
import { asPhase, enter } from './stages.ts';
import { afterPlanning, stopsWorkloads } from './targets.ts';
import { quiesceWish } from './wish.ts';
import { announce, quiescePlan } from './workloads/plan.ts';

type Plan = NonNullable<RestoreStatus['plan']>;

export const planning = (observed: RunningRestore): RestoreDecision => {
  const work: StageWork = {
    what: 'plan',
    mode: 'Plan',
    done: 'Planned',
    request: (component) => ({ mode: 'Plan', ...directoryOf(component) }),
    learned: () => ({}),
  };
  const steps = stepStage(observed, work, componentsOf(observed));
  const components = steps.map(({ component }) => component);
  const actions = [...steps.flatMap((step) => step.actions), ...holdOn(observed)];
  if (hasFailed(components)) {
    const failed = failByComponents(observed, components);
    return { ...failed, actions: [...actions, ...failed.actions] };
  }
  const planned = steps.flatMap(({ result }) => result?.planned ?? []);
  const status: RestoreStatus = { ...statusOf(observed), components, ...withPlanned(observed, planned) };
  if (components.every(({ outcome }) => outcome === 'Planned')) {
    return whenPlanned(observed, status, actions);
  }
  const wait = soonest(...steps.map(({ againMilliseconds }) => againMilliseconds));
  const message = describe(steps);
  return {
    actions,
    status: goingOn(observed, status, { phase: 'Planning', reason: 'Planning', message }),
    ...(wait === undefined ? {} : { againMilliseconds: wait }),
  };
};

// What has to stop is looked up when everything else is known, so that whoever approves it reads it, too.
const whenPlanned = (observed: RunningRestore, status: RestoreStatus, actions: Action[]): RestoreDecision => {
  const { restore, workloads } = observed;
  const made = { phase: 'Planning', reason: 'Planning', message: 'The plan is made.' } as const;
  if (!stopsWorkloads(restore) || status.plan === undefined) {
    const next = enter(observed, status, afterPlanning(restore), asPhase(observed, 'plan'));
    return { actions, status: goingOn(observed, next, made), againMilliseconds: 0 };
  }
  if (workloads === undefined) {
    return { actions, status: goingOn(observed, status, made), againMilliseconds: 0 };
  }
  const stops = quiescePlan(workloads, quiesceWish(observed));
  if (stops.kind === 'refusal') {
    const failed = fail(observed, status, { reason: stops.code, message: stops.message });
    return { ...failed, actions: [...actions, ...failed.actions] };
  }
  const whole = { ...status, plan: { ...status.plan, ...announce(stops) } };
  const next = enter(observed, whole, afterPlanning(restore), asPhase(observed, 'plan'));
  return { actions, status: goingOn(observed, next, made), againMilliseconds: 0 };
};

const describe = (steps: Step[]): string => {
  const remarks = remarksOf(steps.map(({ component }) => component));
  return cut(['What will be read and replaced is being worked out, and the source is checked.', ...remarks].join(' '));
};

// Adds what was planned to the plan of the whole.
export const withPlanned = (observed: RunningRestore, planned: PlannedComponent[]): Pick<RestoreStatus, 'plan'> => {
  const known = statusOf(observed).plan;
  if (planned.length === 0) {
    return known === undefined ? {} : { plan: known };
  }
  const components = [...(known?.components ?? []).filter(({ name }) => !planned.some((each) => each.name === name)), ...planned].toSorted(
    (a, b) => a.name.localeCompare(b.name),
  );
  const hash = hashOf(observed, components);
  const time = known?.hash === hash ? known.time : isoTime(observed.now);
  const { stops, notes } = known ?? {};
  const around = { ...(stops === undefined ? {} : { stops }), ...(notes === undefined ? {} : { notes }) };
  return { plan: { hash, time, ...sums(components), components, ...around } };
};

// Of one component it is that of the component itself.
const hashOf = ({ hash }: RunningRestore, components: PlannedComponent[]): string => {
  const all = components.map((component) => component.hash);
  return all.length === 1 ? (all[0] ?? '') : `${hash(all.join())}${hash(`and ${all.join()}`)}`;
};

const sums = (components: PlannedComponent[]): Pick<Plan, 'fetchBytes' | 'estimateSeconds'> => {
  const seconds = components.map(({ estimateSeconds }) => estimateSeconds);
  return {
    fetchBytes: components.reduce((sum, { fetchBytes }) => sum + fetchBytes, 0),
    ...(seconds.includes(undefined) ? {} : { estimateSeconds: seconds.reduce<number>((sum, each) => sum + (each ?? 0), 0) }),
  };
};

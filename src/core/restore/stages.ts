// From one stage to the next: when it began, how long the last one took.
import type { RestoredComponent, RestoreStage, RestoreStatus } from '../../api/restore-status.ts';
import { isoTime, second } from '../plan/time.ts';
import type { RestoreObserved } from './observed.ts';
import { statusOf } from './observed.ts';

type Phases = NonNullable<RestoreStatus['phases']>;

// How long the stage has lasted.
export const stageSeconds = (observed: RestoreObserved): number => {
  const { stageTime, startTime } = statusOf(observed);
  const began = Date.parse(stageTime ?? startTime ?? isoTime(observed.now));
  return Math.max(0, (Date.parse(isoTime(observed.now)) - began) / second);
};

// The status at the beginning of a stage. What was measured in the one before stands in its phases; attempts are counted anew.
export const enter = (observed: RestoreObserved, status: RestoreStatus, stage: RestoreStage, phases: Phases): RestoreStatus => {
  const { progress: _, ...rest } = status;
  return {
    ...rest,
    stage,
    stageTime: isoTime(observed.now),
    components: (status.components ?? []).map(withoutAttempts),
    phases: addPhases(status.phases ?? [], phases),
  };
};

const withoutAttempts = (component: RestoredComponent): RestoredComponent => {
  const { attempt: _attempt, nextAttemptTime: _next, ...rest } = component;
  return rest;
};

// A step that comes twice, such as a verification, is one phase.
export const addPhases = (known: Phases, more: Phases): Phases =>
  more.reduce<Phases>((all, phase) => {
    const at = all.findIndex(({ name }) => name === phase.name);
    return at < 0
      ? [...all, phase]
      : all.map((each, index) => (index === at ? { ...each, seconds: rounded(each.seconds + phase.seconds) } : each));
  }, known);

export const rounded = (seconds: number): number => Math.round(seconds * 10) / 10;

// A stage as one phase.
export const asPhase = (observed: RestoreObserved, name: string): Phases => [{ name, seconds: rounded(stageSeconds(observed)) }];

// A stage in which an agent did the work: its own steps, and before them whatever went by until it began.
export const asAgentPhases = (observed: RestoreObserved, agent: Phases): Phases => {
  const all = stageSeconds(observed);
  const known = agent.filter(({ seconds }) => seconds >= 0.05).map(({ name, seconds }) => ({ name, seconds: rounded(seconds) }));
  const rest = rounded(all - known.reduce((sum, { seconds }) => sum + seconds, 0));
  return addPhases(rest > 0 ? [{ name: 'provision', seconds: rest }] : [], known);
};

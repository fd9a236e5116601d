// Data is read, unpacked, replayed, checked, and put in its place: one Job for each component.
import type { RestoredComponent, RestoreStatus } from '../../api/restore-status.ts';
import type { RecoverResult } from '../../api/recover.ts';
import type { Action } from '../jobs/request.ts';
import { sizeBytes } from '../plan/size.ts';
import { newestProgress, remarksOf } from '../jobs/component-steps.ts';
import { cut } from '../plan/conditions.ts';
import { soonest } from '../plan/time.ts';
import { claimExists } from './refusals.ts';
import { complete } from './complete.ts';
import { directoryOf } from './directory.ts';
import { fail, failByComponents, hasFailed } from './fail.ts';
import { copyPhases, whileCopying } from './held.ts';
import { jobOf, stepStage } from './job-step.ts';
import type { StageWork, Step } from './job-step.ts';
import { componentsOf, holdOn, sourceTier, statusOf } from './observed.ts';
import type { RestoreDecision, RunningRestore } from './observed.ts';
import { goingOn } from './outcome.ts';
import { withPlanned } from './planning.ts';
import { asAgentPhases, enter } from './stages.ts';
import { wantedTarget } from './targets.ts';
import { drift, sooner } from './drift.ts';

export const restoring = (observed: RunningRestore): RestoreDecision => {
  const drifted = drift(observed);
  if (drifted !== undefined) {
    return fail(observed, statusOf(observed), drifted);
  }
  const claims = missingClaims(observed);
  if (claims.taken !== undefined) {
    return fail(observed, statusOf(observed), { reason: 'ClaimExists', message: claims.taken });
  }
  const work = restoreWork(observed);
  const steps = stepStage(observed, work, componentsOf(observed));
  const components = steps.map(({ component, progress }) =>
    component.outcome === 'Running' ? { ...whileCopying(component, sourceTier(observed), progress), begun: true } : component,
  );
  const stepped = steps.flatMap((step) => step.actions);
  if (hasFailed(components)) {
    // A claim that is missing now was removed by an earlier look that nobody knows of: it is not made again.
    const failed = failByComponents(observed, components);
    return { ...failed, actions: [...stepped, ...failed.actions] };
  }
  const actions = [...claims.actions, ...stepped, ...holdOn(observed)];
  const status: RestoreStatus = { ...statusOf(observed), components, ...withPlanned(observed, plannedIn(observed, work, steps)) };
  if (components.every(({ outcome }) => outcome === 'Restored')) {
    return whenRestored(observed, status, steps, actions);
  }
  const progress = newestProgress(steps);
  const wait = sooner(observed, soonest(...steps.map(({ againMilliseconds }) => againMilliseconds)));
  const next = progress === undefined ? status : { ...status, progress };
  return {
    actions,
    status: goingOn(observed, next, { phase: 'Running', reason: 'Restoring', message: describe(components, progress) }),
    ...(wait === undefined ? {} : { againMilliseconds: wait }),
  };
};

const restoreWork = (observed: RunningRestore): StageWork => ({
  what: 'restore',
  mode: 'Restore',
  done: 'Restored',
  request: (component) => {
    const planned = statusOf(observed).plan?.components.find(({ name }) => name === component.name);
    return {
      mode: 'Restore',
      ...directoryOf(component),
      ...(planned === undefined ? {} : { planned }),
    };
  },
  learned: ({ replaced, kept, reachedLsn, timeline, systemId }: RecoverResult) => ({
    ...(replaced === undefined ? {} : { replaced }),
    ...(kept === undefined ? {} : { kept }),
    ...(reachedLsn === undefined ? {} : { reachedLsn }),
    ...(timeline === undefined ? {} : { timeline }),
    ...(systemId === undefined ? {} : { systemId }),
  }),
});

// What the agents have printed of their plans, where nothing was planned before.
const plannedIn = (observed: RunningRestore, work: StageWork, steps: Step[]) =>
  steps.flatMap(({ component, result }) => {
    const state = jobOf(observed, work, component)?.state;
    return result?.planned ?? (state?.type === 'Running' ? state.planned : undefined) ?? [];
  });

// The steps of the one that took longest are the phases: the others went on beside it.
const whenRestored = (observed: RunningRestore, status: RestoreStatus, steps: Step[], actions: Action[]): RestoreDecision => {
  const [longest = []] = steps
    .flatMap(({ result }) => (result?.phases === undefined ? [] : [result.phases]))
    .toSorted((a, b) => total(b) - total(a));
  const phases = asAgentPhases(observed, longest);
  if (status.quiesce === undefined) {
    return complete(observed, enter(observed, status, 'Restoring', phases), actions);
  }
  const next = enter(observed, status, 'Resuming', phases);
  const message = 'Everything is restored. The workloads get their replicas back.';
  return { actions, status: goingOn(observed, next, { phase: 'Running', reason: 'Resuming', message }), againMilliseconds: 0 };
};

const total = (phases: { seconds: number }[]): number => phases.reduce((sum, { seconds }) => sum + seconds, 0);

const describe = (components: RestoredComponent[], progress: RestoreStatus['progress']): string => {
  const done = components.filter(({ outcome }) => outcome === 'Restored').length;
  const copying =
    progress?.phase === copyPhases.copying
      ? [`${progress.component}: the volume has no room for both, so the old data is copied into the store first`]
      : [];
  return cut([`${done} of ${components.length} components restored`, ...copying, ...remarksOf(components)].join(' · '));
};

// A claim of that name that was not made for this Restore is somebody's data.
const missingClaims = (observed: RunningRestore): { actions: Action[]; taken?: string } => {
  const { restore, policy, claims } = observed;
  const actions: Action[] = [];
  for (const { name, claimName, kind } of componentsOf(observed)) {
    if (kind !== 'volume' || claimName === undefined) {
      continue;
    }
    const there = claims.find((claim) => claim.name === claimName);
    if (there !== undefined && there.madeFor !== restore.metadata.uid) {
      return {
        actions: [],
        taken: claimExists(there, restore.metadata.namespace),
      };
    }
    if (there === undefined) {
      const { size, storageClassName } = wantedTarget(restore, policy, name).volume ?? {};
      const bytes = size === undefined ? defaultBytes(observed, name) : sizeBytes(size);
      const storageClass = storageClassName === undefined ? {} : { storageClassName };
      actions.push({ type: 'createRestoreClaim', component: name, name: claimName, bytes, ...storageClass });
    }
  }
  return { actions };
};

const gibibyte = 1024 ** 3;

// A third more than it takes, and room for the WAL that is replayed.
const defaultBytes = (observed: RunningRestore, component: string): number => {
  const planned = statusOf(observed).plan?.components.find(({ name }) => name === component);
  const needed = planned?.spaceBytes ?? 4 * (planned?.fetchBytes ?? gibibyte);
  return Math.ceil((needed * 4) / 3 / gibibyte + 1) * gibibyte;
};

// The components are being dumped, so many at a time as the policy allows.
import type { BackupStatus } from '../../api/backup.ts';
import { newestProgress, stepAll } from '../jobs/component-steps.ts';
import { describeComponents, lookAgain, unfinished } from './attempts.ts';
import { stepComponent } from './component.ts';
import { holdOn, statusOf } from './observed.ts';
import type { BackupDecision, StartedRun } from './observed.ts';
import { goingOn } from './outcome.ts';

// Answers as long as a component has not ended.
export const dumping = (observed: StartedRun): BackupDecision | undefined => {
  const status = statusOf(observed);
  if (!(status.components ?? []).some(unfinished)) {
    return undefined;
  }
  const steps = stepAll(observed.policy.spec.jobs.parallelism, status.components ?? [], (component, mayStart) =>
    stepComponent(observed, component, mayStart),
  );
  const actions = [...steps.flatMap((step) => step.actions), ...holdOn(observed)];
  const next: BackupStatus = { ...status, components: steps.map(({ component }) => component) };
  const verification = steps.flatMap((step) => step.verification ?? []);
  if (verification.length > 0) {
    next.verification = [...(status.verification ?? []), ...verification];
  }
  const phases = steps.flatMap((step) => step.phases ?? []);
  if (phases.length > 0) {
    next.phases = [...(status.phases ?? []), ...phases];
  }
  const progress = newestProgress(steps);
  if (progress !== undefined) {
    next.progress = progress;
  }
  const wait = lookAgain(steps);
  return {
    actions,
    status: goingOn(
      observed,
      next,
      'Running',
      'Running',
      describeComponents(next.components ?? [], (ended) => `${ended} dumped`),
    ),
    ...(wait === undefined ? {} : { againMilliseconds: wait }),
  };
};

// A Log runs: for each component a Job waits until the archive holds what the server has, or fetches it.
import type { BackupStatus } from '../../../api/backup.ts';
import { stepAll } from '../../jobs/component-steps.ts';
import { describeComponents, lookAgain, unfinished } from '../attempts.ts';
import { holdOn, statusOf } from '../observed.ts';
import type { BackupFact } from '../observed.ts';
import { goingOn } from '../outcome.ts';
import { stepLog } from './component.ts';
import { concludeLog } from './conclude.ts';

// Answers from the start to the end.
export const archiving: BackupFact = (observed) => {
  const { policy } = observed;
  const status = statusOf(observed);
  if (status.startTime === undefined || policy === undefined) {
    return undefined;
  }
  const there = { ...observed, policy };
  const before = status.components ?? [];
  if (!before.some(unfinished)) {
    return concludeLog(there);
  }
  const steps = stepAll(policy.spec.jobs.parallelism, before, (component, mayStart) => stepLog(there, component, mayStart));
  const components = steps.map(({ component }) => component);
  const phases = [...(status.phases ?? []), ...steps.flatMap((step) => step.phases ?? [])];
  const next: BackupStatus = { ...status, components, ...(phases.length === 0 ? {} : { phases }) };
  const wait = lookAgain(steps);
  return {
    actions: [...steps.flatMap(({ actions }) => actions), ...holdOn(observed)],
    status: goingOn(
      observed,
      next,
      'Running',
      'Archiving',
      describeComponents(components, (ended) => `WAL of ${ended} is archived up to now`),
    ),
    ...(wait === undefined ? {} : { againMilliseconds: wait }),
  };
};

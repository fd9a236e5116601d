// Whether something was started again that has to be stopped while its data is being replaced.
import { second, soonest } from '../plan/time.ts';
import type { Failure } from './fail.ts';
import { statusOf } from './observed.ts';
import type { RunningRestore } from './observed.ts';
import { drifted } from './workloads/drift.ts';

// Nothing tells of a workload that was started again: it is looked for.
export const driftMilliseconds = 5 * second;

// What a decision waits for, where something has to stay stopped.
export const sooner = (observed: RunningRestore, milliseconds: number | undefined): number | undefined =>
  statusOf(observed).quiesce === undefined ? milliseconds : soonest(milliseconds, driftMilliseconds);

export const drift = (observed: RunningRestore): Failure | undefined => {
  const { quiesce } = statusOf(observed);
  const refusal = quiesce === undefined || observed.workloads === undefined ? undefined : drifted(quiesce.workloads, observed.workloads);
  return refusal === undefined ? undefined : { reason: refusal.code, message: refusal.message };
};

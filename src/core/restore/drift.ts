// Whether something was started again that has to be stopped while its data is being replaced.
import type { Failure } from './fail.ts';
import { statusOf } from './observed.ts';
import type { RunningRestore } from './observed.ts';
import { drifted } from './workloads/drift.ts';

export const drift = (observed: RunningRestore): Failure | undefined => {
  const { quiesce } = statusOf(observed);
  const refusal = quiesce === undefined || observed.workloads === undefined ? undefined : drifted(quiesce.workloads, observed.workloads);
  return refusal === undefined ? undefined : { reason: refusal.code, message: refusal.message };
};

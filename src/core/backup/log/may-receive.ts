// Whether a Job may ask for WAL of a component now. Its slot must stand in the policy's status first: what is not known cannot be dropped.
import { durationMilliseconds, instantOf } from '../../plan/time.ts';
import { receivingComponents } from '../../receiver-slots/slots.ts';
import { slotOf, whyDropped } from '../../receiver-slots/wanted.ts';
import { statusOf } from '../observed.ts';
import type { PolicyThere } from '../observed.ts';

export type MayReceive = 'Yes' | 'NotYet' | { problem: string };

const problems = {
  Suspended: 'spec.suspend is true for so long that the replication slot is dropped: the archive stands still. Set spec.suspend to false.',
  ArchivingOff: 'postgresql.walArchive of the component was switched off while the Backup ran.',
  PolicyDeleted: 'The policy is being deleted.',
  Uninstalled: 'Holdfast is being uninstalled.',
};

// The slot is written down by the policy's next decision; nobody waits for that longer than for a pod.
export const mayReceive = (observed: PolicyThere, component: string): MayReceive => {
  const { policy, hash, now } = observed;
  if (receivingComponents(observed).includes(component)) {
    return 'Yes';
  }
  const spec = policy.spec.components.find(({ name }) => name === component);
  const hasSlot = policy.status?.walArchive?.find((each) => each.component === component)?.slot !== undefined;
  const reason = whyDropped(observed, spec && slotOf(policy, spec, hash), hasSlot);
  if (reason !== undefined) {
    return { problem: reason in problems ? problems[reason as keyof typeof problems] : reason };
  }
  const since = instantOf(statusOf(observed).startTime) ?? now;
  return now - since < durationMilliseconds(policy.spec.jobs.deadlines.start)
    ? 'NotYet'
    : { problem: 'The replication slot could not be written into the status of the policy in time. Look at the log of the operator.' };
};

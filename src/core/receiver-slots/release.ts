// A policy that goes away, or Holdfast itself: its receivers stop and its slots are dropped. Nobody is held up for ever by a server that does not answer.
import { slotFinalizer } from '../../api/group.ts';
import type { JobFacts } from '../jobs/facts.ts';
import { instantOf, minute, soonest } from '../plan/time.ts';
import type { PolicyDecision, PolicyObserved } from '../policy/observed.ts';
import { isDropJob } from './drop.ts';
import { leftBehind, receiverSlots } from './slots.ts';

// How long a deletion waits. In a namespace that goes away no Job can be made any more; one that is at work is waited for.
const longestMilliseconds = 10 * minute;
const terminatingMilliseconds = minute;

export const release = (observed: PolicyObserved): PolicyDecision => {
  const { policy, now } = observed;
  const status = policy.status ?? {};
  const until = releaseBy(observed);
  const isHeld = policy.metadata.finalizers?.includes(slotFinalizer) === true;
  // Let go already. What became of its slots may not have been written down yet.
  if (!isHeld && (policy.metadata.deletionTimestamp !== undefined || now >= until)) {
    return { actions: [], status };
  }
  const slots = receiverSlots(observed);
  const left = leftBehind(slots.walArchive);
  if (left.length > 0 && now >= until) {
    const tells = left.map((message) => ({ type: 'tell' as const, reason: 'SlotNotDropped', message }));
    return { actions: [...tells, { type: 'removeFinalizer' }], status };
  }
  const wait = soonest(slots.againMilliseconds, left.length > 0 ? until - now : undefined);
  return {
    actions: slots.actions,
    status: slots.walArchive.length === 0 ? status : { ...status, walArchive: slots.walArchive },
    ...(wait === undefined ? {} : { againMilliseconds: wait }),
  };
};

const releaseBy = ({ policy, now, namespaceTerminating, jobs, uninstalling }: PolicyObserved): number => {
  const deleted = instantOf(policy.metadata.deletionTimestamp);
  if (deleted === undefined) {
    return uninstalling?.until ?? now;
  }
  if (!namespaceTerminating) {
    return deleted + longestMilliseconds;
  }
  return jobs.some(isAtWork) ? deleted + terminatingMilliseconds : now;
};

const isAtWork = (job: JobFacts): boolean => isDropJob(job) && job.state.type !== 'Ended' && !job.deleting;

// The replication slots of a policy. Each is written down before it is made, and stays written down until a server said that it is gone.
import type { WalArchiveStatus } from '../../api/wal-status.ts';
import { slotFinalizer } from '../../api/group.ts';
import type { BackupPolicy } from '../../api/objects.ts';
import type { Action } from '../jobs/request.ts';
import { soonest } from '../plan/time.ts';
import type { PolicyObserved } from '../policy/observed.ts';
import { byHand, componentSlots } from './component.ts';
import { isSameSlot, slotOf, suspensionEnd, whyDropped } from './wanted.ts';

export type ReceiverSlots = { actions: Action[]; walArchive: WalArchiveStatus[]; againMilliseconds?: number };

// A policy that cannot work as it is written makes no slot; one that it has is kept.
export const receiverSlots = (observed: PolicyObserved, isValid = true): ReceiverSlots => {
  const { policy, hash, now, receivingPods } = observed;
  const known = policy.status?.walArchive ?? [];
  const names = [...new Set([...policy.spec.components.map(({ name }) => name), ...known.map(({ component }) => component)])];
  const parts = names.flatMap((name) => {
    const component = policy.spec.components.find((each) => each.name === name);
    const before = known.find((each) => each.component === name) ?? { component: name };
    const wanted = component === undefined || (!isValid && before.slot === undefined) ? undefined : slotOf(policy, component, hash);
    const reason = whyDropped(observed, wanted, before.slot !== undefined);
    const isReceiverThere = receivingPods.includes(name);
    const found = componentSlots(observed, { component: name, before, wanted, reason, isReceiverThere });
    const { slot: _slot, formerSlots: _former, dropped: _dropped, ...others } = before;
    const entry: WalArchiveStatus = { ...others, ...found.status };
    // A component that is gone is forgotten with its last slot.
    const isForgotten = slotsOf([entry]).length === 0 && (component === undefined || Object.keys(entry).length === 1);
    return [{ ...found, entries: isForgotten ? [] : [entry] }];
  });
  const end = suspensionEnd(policy, now);
  const wait = soonest(...parts.map(({ againMilliseconds }) => againMilliseconds), end === undefined || end <= now ? undefined : end - now);
  const walArchive = parts.flatMap(({ entries }) => entries);
  return {
    actions: [...holding(policy, walArchive), ...parts.flatMap(({ actions }) => actions)],
    walArchive,
    ...(wait === undefined ? {} : { againMilliseconds: wait }),
  };
};

const slotsOf = (walArchive: readonly WalArchiveStatus[]) =>
  walArchive.flatMap(({ slot, formerSlots = [] }) => [...(slot === undefined ? [] : [slot]), ...formerSlots]);

// The policy is held as long as one of its slots may be there.
const holding = (policy: BackupPolicy, walArchive: readonly WalArchiveStatus[]): Action[] => {
  const isHeld = policy.metadata.finalizers?.includes(slotFinalizer) === true;
  const needed = slotsOf(walArchive).length > 0;
  if (isHeld === needed) {
    return [];
  }
  return needed && policy.metadata.deletionTimestamp !== undefined ? [] : [{ type: needed ? 'addFinalizer' : 'removeFinalizer' }];
};

// What is to be dropped by hand.
export const leftBehind = (walArchive: readonly WalArchiveStatus[]): string[] => slotsOf(walArchive).map(byHand);

// Components whose WAL may be received now: by their Deployment or by Jobs. Their slot is on record and the policy held, so that whatever happens next it
// can be dropped; nothing is dropping it; and the policy is neither going nor suspended for long.
export const receivingComponents = (observed: Pick<PolicyObserved, 'policy' | 'hash' | 'now' | 'uninstalling'>): string[] => {
  const { policy, hash } = observed;
  if (policy.metadata.finalizers?.includes(slotFinalizer) !== true) {
    return [];
  }
  return policy.spec.components.flatMap((component) => {
    const wanted = slotOf(policy, component, hash);
    const slot = policy.status?.walArchive?.find((each) => each.component === component.name)?.slot;
    const isThere = wanted !== undefined && slot !== undefined && slot.dropping === undefined && isSameSlot(slot, wanted);
    return isThere && whyDropped(observed, wanted, true) === undefined ? [component.name] : [];
  });
};

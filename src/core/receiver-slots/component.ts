// The replication slots of one component: the one that it has, and those that it had before, until they are dropped.
import type { DropReason, SlotFacts } from '../../api/slot-status.ts';
import type { WalArchiveStatus } from '../../api/wal-status.ts';
import { walGapReasons } from '../../api/wal-gap.ts';
import type { Action } from '../jobs/request.ts';
import { day, instantOf, isoTime, minute, soonest } from '../plan/time.ts';
import type { PolicyObserved } from '../policy/observed.ts';
import { calledOff, dropStep } from './drop.ts';
import type { DropStep, LeavingSlot } from './drop.ts';
import { isSameAddress, isSameSlot } from './wanted.ts';
import type { WantedSlot } from './wanted.ts';

export type ComponentInput = {
  component: string;
  before: WalArchiveStatus;
  wanted: WantedSlot | undefined;
  // Why no slot shall be kept.
  reason: DropReason | undefined;
  isReceiverThere: boolean;
};

export type ComponentSlots = {
  actions: Action[];
  status: Pick<WalArchiveStatus, 'slot' | 'formerSlots' | 'dropped'>;
  againMilliseconds?: number;
};

// One that was replaced keeps the WAL until the new one does.
const replacedMilliseconds = 5 * minute;
// A server that does not come back within this time is gone, with its slot.
const formerMilliseconds = day;

export const componentSlots = (observed: PolicyObserved, input: ComponentInput): ComponentSlots => {
  const { wanted, reason } = input;
  const arranged = arrange(observed, input);
  const current = arranged.slot === undefined ? undefined : ofCurrent(observed, input, arranged.slot);
  const former = arranged.formerSlots.map((slot) => ofFormer(observed, input, slot, reason === undefined ? wanted : undefined));
  const wait = soonest(...[...(current === undefined ? [] : [current]), ...former].map(({ againMilliseconds }) => againMilliseconds));
  const dropped = droppedNow(input.before, arranged.slot, current);
  const left = former.flatMap(({ slot }) => slot ?? []);
  return {
    actions: [
      ...(current?.actions ?? []),
      ...former.flatMap(({ actions }) => actions),
      ...[...(current === undefined ? [] : [current]), ...former].flatMap(toldOf(input)),
    ],
    status: {
      ...(current?.slot === undefined ? {} : { slot: current.slot }),
      ...(left.length === 0 ? {} : { formerSlots: left }),
      ...(dropped === undefined ? {} : { dropped }),
    },
    ...(wait === undefined ? {} : { againMilliseconds: wait }),
  };
};

type Arranged = { slot?: SlotFacts; formerSlots: LeavingSlot[] };

const leaving = (slot: SlotFacts, reason: DropReason, now: number): LeavingSlot => ({
  ...slot,
  dropping: slot.dropping ?? { reason, since: isoTime(now), attempt: 0 },
});

// What is wanted now becomes the current slot; another one that was current is a former one.
const arrange = ({ now }: PolicyObserved, { before, wanted, reason }: ComponentInput): Arranged => {
  const { slot, formerSlots = [] } = before;
  const former = formerSlots.map((each) => leaving(each, 'SlotRenamed', now));
  if (wanted === undefined || reason !== undefined) {
    return { ...(slot === undefined ? {} : { slot }), formerSlots: former };
  }
  if (slot !== undefined && isSameSlot(slot, wanted)) {
    return { slot: { ...slot, connection: wanted.connection }, formerSlots: former };
  }
  const replaced = slot === undefined ? [] : [leaving(slot, isSameAddress(slot, wanted) ? 'SlotRenamed' : 'ServerChanged', now)];
  const all = [...former, ...replaced];
  const back = all.find((each) => isSameSlot(each, wanted));
  if (back === undefined) {
    return { slot: { ...wanted, since: isoTime(now) }, formerSlots: all };
  }
  // It was the slot before. It is so again once nothing can drop it any more.
  return { slot: { ...back, connection: wanted.connection }, formerSlots: all.filter((each) => each !== back) };
};

const ofCurrent = (observed: PolicyObserved, { component, reason, isReceiverThere }: ComponentInput, slot: SlotFacts): DropStep => {
  if (reason === undefined) {
    return slot.dropping === undefined ? { actions: [], slot } : calledOff(observed, component, leaving(slot, 'SlotLost', observed.now));
  }
  if (slot.dropping === undefined) {
    // Written down before anything is done about it.
    return { actions: [], slot: leaving(slot, reason, observed.now), againMilliseconds: 0 };
  }
  return dropStep(observed, {
    component,
    slot: leaving({ ...slot, dropping: { ...slot.dropping, reason } }, reason, observed.now),
    isReceiverThere,
  });
};

const ofFormer = (
  observed: PolicyObserved,
  { component, reason }: ComponentInput,
  slot: LeavingSlot,
  current: WantedSlot | undefined,
): DropStep => {
  const { now } = observed;
  const { dropping } = slot;
  const since = instantOf(dropping.since) ?? now;
  if (now - since > formerMilliseconds) {
    return { actions: [], gone: { time: isoTime(now), told: `It was given up after a day. ${byHand(slot)}` } };
  }
  const wait = reason === undefined ? since + replacedMilliseconds - now : 0;
  return dropping.attempt === 0 && wait > 0
    ? { actions: [], slot, againMilliseconds: wait }
    : dropStep(observed, { component, slot, ...(current?.name === slot.name ? { current } : {}), isReceiverThere: false });
};

// What a person can do about a slot that is left behind.
export const byHand = ({ name, connection: { host, port }, dropping }: SlotFacts): string =>
  `The replication slot "${name}" may still be on the server ${host}:${port} and keep WAL there${dropping?.message === undefined ? '' : ` (${dropping.message})`}. Run there: SELECT pg_drop_replication_slot('${name}');`;

const toldOf =
  ({ component }: ComponentInput) =>
  ({ gone }: DropStep): Action[] =>
    gone?.told === undefined ? [] : [{ type: 'tell', reason: 'SlotNotDropped', message: `${component}: ${gone.told}` }];

// Remembered for the receiver that comes after: it names the gap by it.
const droppedNow = (before: WalArchiveStatus, slot: SlotFacts | undefined, step: DropStep | undefined): WalArchiveStatus['dropped'] => {
  const reason = walGapReasons.find((each) => each === slot?.dropping?.reason);
  return step?.gone === undefined || slot === undefined || reason === undefined
    ? before.dropped
    : { name: slot.name, reason, time: step.gone.time };
};

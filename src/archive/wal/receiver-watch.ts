// Whether a receiver is at work at all, by its slot on the server: who waits for one that is not there waits in vain.
import type { ReceivePlan } from '../../api/agent.ts';
import { EngineError } from '../../engines/engine.ts';
import { connect } from '../../engines/postgresql/client.ts';
import { readSlot } from '../../engines/wal/server.ts';
import type { SlotState } from '../../engines/wal/server.ts';
import { ArchiveError } from '../errors.ts';
import { stallSecondsOf, targetOf } from './server-side.ts';

export type ReceiverWatch = () => Promise<void>;

// A receiver that is started anew is given so many times the silence after which a connection is given up: one minute, as a rule.
const patienceStalls = 2;

// Throws once nobody has held the slot for too long, or once the server could not be asked for as long. A look that fails does not hide what others have found.
export const receiverWatch = (plan: ReceivePlan): ReceiverWatch => {
  const patienceSeconds = patienceStalls * stallSecondsOf(plan);
  let awaySince: number | undefined;
  let found: { slot: SlotState | undefined } | undefined;
  return async () => {
    const askedAt = performance.now();
    const { slot, error } = await askSlot(plan);
    if (slot?.isActive === true) {
      awaySince = undefined;
      found = undefined;
      return;
    }
    awaySince ??= askedAt;
    found = error === undefined ? { slot } : found;
    if (performance.now() - awaySince >= patienceSeconds * 1000) {
      throw found === undefined ? error : notAtWork(plan, found.slot, patienceSeconds, error);
    }
  };
};

type Answer = { slot?: SlotState | undefined; error?: EngineError };

// On a connection of its own: an hour may pass between two of them that say something. A connection that fails now may come about later.
const askSlot = async (plan: ReceivePlan): Promise<Answer> => {
  try {
    const session = await connect(targetOf(plan));
    try {
      return { slot: await readSlot(session, plan.slot) };
    } finally {
      await session.end();
    }
  } catch (error) {
    if (error instanceof EngineError && error.retryable) {
      return { error };
    }
    throw error;
  }
};

const notAtWork = (
  plan: ReceivePlan,
  slot: SlotState | undefined,
  patienceSeconds: number,
  last: EngineError | undefined,
): ArchiveError => {
  const found =
    slot === undefined ? `there is no replication slot "${plan.slot}" on the server` : `nobody holds the replication slot "${plan.slot}"`;
  const unasked = last === undefined ? '' : ` The last time it was asked: ${last.message}`;
  return new ArchiveError(
    'ReceiverNotAtWork',
    `No receiver archives the WAL of "${plan.component}": for ${patienceSeconds} s ${found}.${unasked} What was committed lately is on the server only. Look at the receiver's Deployment and its log: kubectl get pods -l holdfast.dev/verb=receive`,
    { retryable: true },
  );
};

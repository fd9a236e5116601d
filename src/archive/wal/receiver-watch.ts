// Whether a receiver is at work at all, by its slot on the server: who waits for one that is not there waits in vain.
import type { ReceivePlan } from '../../api/agent.ts';
import { connect } from '../../engines/postgresql/client.ts';
import { readSlot } from '../../engines/wal/server.ts';
import { ArchiveError } from '../errors.ts';
import { stallSecondsOf, targetOf } from './server-side.ts';

export type ReceiverWatch = () => Promise<void>;

// A receiver that is started anew is given so many times the silence after which a connection is given up: one minute, as a rule.
const patienceStalls = 2;

// Throws once nobody has held the slot for too long, at each question.
export const receiverWatch = (plan: ReceivePlan): ReceiverWatch => {
  let awaySince: number | undefined;
  return async () => {
    const slot = await askSlot(plan);
    const now = performance.now();
    awaySince = slot?.isActive === true ? undefined : (awaySince ?? now);
    const patienceSeconds = patienceStalls * stallSecondsOf(plan);
    if (awaySince === undefined || now - awaySince < patienceSeconds * 1000) {
      return;
    }
    const found =
      slot === undefined ? `there is no replication slot "${plan.slot}" on the server` : `nobody holds the replication slot "${plan.slot}"`;
    throw new ArchiveError(
      'ReceiverNotAtWork',
      `No receiver archives the WAL of "${plan.component}": for ${patienceSeconds} s ${found}. What was committed lately is on the server only. Look at the receiver's Deployment and its log: kubectl get pods -l holdfast.dev/verb=receive`,
      { retryable: true },
    );
  };
};

// On a connection of its own: an hour may pass between two of them that say something.
const askSlot = async (plan: ReceivePlan) => {
  const session = await connect(targetOf(plan));
  try {
    return await readSlot(session, plan.slot);
  } finally {
    await session.end();
  }
};

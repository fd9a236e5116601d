// The server comes before the archive: a slot for which it keeps more WAL than it may is dropped, whatever is lost by that.
import type { ReceivePlan } from '../../api/agent.ts';
import { connect } from '../../engines/postgresql/client.ts';
import { takeSample } from '../../engines/wal/server.ts';
import { dropSlot } from '../../engines/wal/slot.ts';
import type { Log } from '../../telemetry/log.ts';
import { targetOf } from './server-side.ts';

// Drops the slot. What is missing then becomes a gap with this reason.
export const letGo = async (plan: ReceivePlan, retainedBytes: bigint, log: Log): Promise<void> => {
  log.error('Dropping the slot: the server keeps more WAL for it than walArchive.maxRetained allows', {
    slot: plan.slot,
    retainedBytes: String(retainedBytes),
    maxRetainedBytes: plan.maxRetainedBytes,
  });
  await dropSlot(targetOf(plan), plan.slot).catch((error: unknown) => log.warn('The slot could not be dropped yet', { error }));
};

// For a receiver that cannot begin, because its store is away or its settings are wrong: nobody else looks at the server meanwhile. True: it was dropped.
export const letGoIfTooMuch = async (plan: ReceivePlan, log: Log): Promise<boolean> => {
  if (plan.maxRetainedBytes === undefined) {
    return false;
  }
  try {
    const retained = await retainedNow(plan);
    if (retained === undefined || retained <= BigInt(plan.maxRetainedBytes)) {
      return false;
    }
    await letGo(plan, retained, log);
    return true;
  } catch (error) {
    log.warn('It is not known how much WAL the server keeps', { error });
    return false;
  }
};

const retainedNow = async (plan: ReceivePlan): Promise<bigint | undefined> => {
  const session = await connect(targetOf(plan));
  try {
    return (await takeSample(session, plan.slot))?.retainedBytes;
  } finally {
    await session.end();
  }
};

// The server comes before the archive: a slot for which it keeps more WAL than it may is dropped, whatever is lost by that.
import type { ReceivePlan } from '../../api/agent.ts';
import { connect } from '../../engines/postgresql/client.ts';
import { takeSample } from '../../engines/wal/server.ts';
import { releaseSlot } from '../../engines/wal/release-slot.ts';
import type { AgentContext } from '../context.ts';
import { releaseMilliseconds, targetOf } from './server-side.ts';

// Drops the slot. What is missing then becomes a gap with this reason.
export const letGo = async (
  plan: ReceivePlan,
  retainedBytes: bigint,
  { log, signal }: Pick<AgentContext, 'log' | 'signal'>,
): Promise<void> => {
  log.error('Dropping the slot: the server keeps more WAL for it than walArchive.maxRetained allows', {
    slot: plan.slot,
    retainedBytes: String(retainedBytes),
    maxRetainedBytes: plan.maxRetainedBytes,
  });
  await releaseSlot(targetOf(plan), plan.slot, releaseMilliseconds, signal).catch((error: unknown) =>
    log.warn('The slot could not be dropped yet', { error }),
  );
};

// For a receiver that cannot begin, because its store is away or its settings are wrong: nobody else looks at the server meanwhile. True: it was dropped.
export const letGoIfTooMuch = async (plan: ReceivePlan, context: Pick<AgentContext, 'log' | 'signal'>): Promise<boolean> => {
  if (plan.maxRetainedBytes === undefined) {
    return false;
  }
  try {
    const retained = await retainedNow(plan);
    if (retained === undefined || retained <= BigInt(plan.maxRetainedBytes)) {
      return false;
    }
    await letGo(plan, retained, context);
    return true;
  } catch (error) {
    context.log.warn('It is not known how much WAL the server keeps', { error });
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

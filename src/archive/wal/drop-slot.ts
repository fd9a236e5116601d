// The verb `receive` in its mode Drop: no receiver shall go on, so its slot must not keep WAL on the server.
import type { DropSlotPlan, ReceiveResult, WalSource } from '../../api/agent.ts';
import { connect } from '../../engines/postgresql/client.ts';
import type { Target } from '../../engines/postgresql/client.ts';
import { releaseSlot } from '../../engines/wal/release-slot.ts';
import { isSameServer } from '../../engines/wal/same-server.ts';
import type { AgentContext } from '../context.ts';
import { serverTarget } from './server-side.ts';

export type DropOutcome = Pick<ReceiveResult, 'slot'>;

const usualPatienceSeconds = 90;
const answerMilliseconds = 30_000;

const targetOf = (source: WalSource): Target => serverTarget(source, answerMilliseconds);

// Throws what keeps it from being dropped; a server that does not answer may be asked again.
export const dropSlot = async (plan: DropSlotPlan, { log, signal, step }: AgentContext): Promise<DropOutcome> => {
  const { slot, postgresql, unlessServer, patienceSeconds = usualPatienceSeconds } = plan;
  const target = targetOf(postgresql);
  if (unlessServer !== undefined && (await step('compare the servers', () => isSame(target, targetOf(unlessServer))))) {
    log.info('The slot is in use: both addresses lead to one server', { slot, was: postgresql.host, is: unlessServer.host });
    return { slot: 'Kept' };
  }
  const isDropped = await step('drop the slot', () => releaseSlot(target, slot, patienceSeconds * 1000, signal));
  log.info(isDropped ? 'Dropped the replication slot' : 'There is no such replication slot', { slot });
  return { slot: isDropped ? 'Dropped' : 'Absent' };
};

const isSame = async (one: Target, other: Target): Promise<boolean> => {
  const first = await connect(one);
  try {
    const second = await connect(other);
    try {
      return await isSameServer(first, second);
    } finally {
      await second.end();
    }
  } finally {
    await first.end();
  }
};

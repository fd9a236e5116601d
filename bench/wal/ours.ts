// Holdfast: the receiver as its image has it, over the whole backlog. The clock stops when the agent has ended: all is stored, named by signed documents, and acknowledged.
import type { ReceivePlan } from '../../src/api/agent.ts';
import { agentCommand } from '../common/agent.ts';
import type { Contestant, Target } from '../common/contestant.ts';
import { signingKeyFile } from '../common/keys.ts';
import type { Keys } from '../common/keys.ts';
import { measure } from '../common/measure.ts';
import { policyOf, repositoryOf, serverOf, tierOf } from '../common/plans.ts';
import { storedIn } from '../common/stored.ts';
import type { Turn } from '../common/contestant.ts';
import { database, withSlot } from './backlog.ts';

export const slot = 'holdfast_bench';

export const planOf = (target: Target, turn: Pick<Turn, 'server' | 's3' | 'directory' | 'prefix'>, keys: Keys): ReceivePlan => ({
  verb: 'receive',
  ...policyOf(keys),
  component: 'db',
  mode: 'Once',
  tiers: [{ ...tierOf(target, turn), acknowledge: true }],
  recipients: [keys.recipient],
  signingKeyFile,
  postgresql: serverOf(turn.server.port, database),
  slot,
  flushSeconds: 10,
  synchronous: false,
});

export const ours = (target: Target, keys: Keys): Contestant => ({
  name: 'holdfast',
  target,
  run: (turn) =>
    withSlot(turn.server, slot, async () => {
      const measured = await measure(await agentCommand(planOf(target, turn, keys)));
      return { ...measured, stored: await storedIn(repositoryOf(target, turn)) };
    }),
});

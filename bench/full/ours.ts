// Holdfast: the agent as its image has it, with a plan as the operator makes it. The clock stops at the last uploaded byte; the read-back that follows is a row of its own.
import type { DumpPlan } from '../../src/api/agent.ts';
import { agentCommand } from '../common/agent.ts';
import type { Contestant, Others, Target, Turn } from '../common/contestant.ts';
import { keysDirectory, signingKeyFile } from '../common/keys.ts';
import type { Keys } from '../common/keys.ts';
import { measure } from '../common/measure.ts';
import type { Measured } from '../common/measure.ts';
import { policyOf, repositoryOf, serverOf, tierOf } from '../common/plans.ts';
import { stepReader } from '../common/steps.ts';
import { storedIn } from '../common/stored.ts';
import { database } from './data.ts';
import { readBackByStockTools } from './read-back.ts';

const planOf = (target: Target, turn: Turn, keys: Keys): DumpPlan => ({
  verb: 'dump',
  ...policyOf(keys),
  backup: { id: '20261122T020000Z-full-3f9a1c04', type: 'Full', slot: '2026-11-22T02:00:00.000Z' },
  component: 'db',
  attempt: 1,
  tier: tierOf(target, turn),
  recipients: [keys.recipient],
  signingKeyFile,
  deadlineSeconds: 3600,
  postgresql: {
    ...serverOf(turn.server.port, database),
    physical: true,
    logical: { enabled: false, databases: [], globals: false, credentialsDirectory: keysDirectory },
  },
});

export const ours = (target: Target, keys: Keys): Contestant => ({
  name: 'holdfast',
  target,
  async run(turn) {
    const steps = stepReader<Measured & Others>((measured) => ({ ...measured, ...turn.others() }));
    const whole = await measure({ ...(await agentCommand(planOf(target, turn, keys))), onLine: steps.onLine });
    const repository = repositoryOf(target, turn);
    const uploaded = steps.ended('dump base.tar');
    const readBack = steps.ended('read back base.tar');
    const stock = await readBackByStockTools(repository, keys.identityFile);
    return {
      seconds: uploaded.seconds,
      cpuSeconds: uploaded.cpuSeconds,
      // Of the whole run: a container is not given other memory for the read-back.
      peakRssMiB: whole.peakRssMiB,
      peakOf: whole.peakOf,
      stored: await storedIn(repository),
      others: { serverCpuSeconds: uploaded.serverCpuSeconds, s3CpuSeconds: uploaded.s3CpuSeconds },
      extra: {
        beforeFirstByteSeconds: steps.ended('preflight').seconds,
        dumpPeakRssMiB: uploaded.peakRssMiB,
        readBackSeconds: readBack.seconds - uploaded.seconds,
        readBackCpuSeconds: readBack.cpuSeconds - uploaded.cpuSeconds,
        stockReadBackSeconds: stock.seconds,
        stockReadBackCpuSeconds: stock.cpuSeconds,
        totalSeconds: whole.seconds,
      },
    };
  },
});

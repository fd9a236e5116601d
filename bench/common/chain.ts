// Backups of ours that build on one another, as the operator has agents make them: dump, then seal.
import type { DumpPlan, SealPlan } from '../../src/api/agent.ts';
import { agentCommand } from './agent.ts';
import type { Target, Turn } from './contestant.ts';
import { database } from './copied-set.ts';
import { keysDirectory, signingKeyFile, stateIdentityFile, stateRecipientFile } from './keys.ts';
import type { Keys } from './keys.ts';
import { measure } from './measure.ts';
import type { Measured } from './measure.ts';
import { policyOf, serverOf, tierOf } from './plans.ts';
import { stepReader } from './steps.ts';

export type Repository = Pick<Turn, 'server' | 's3' | 'directory' | 'prefix'> & { target: Target };
// `uploaded`: at the last byte of base.tar. `dump`: of the whole agent with its read-back.
export type Made = { id: string; uploaded: Measured; dump: Measured };

let backups = 0;

const nextSlot = (): string => {
  backups += 1;
  return new Date(Date.UTC(2026, 10, 22, 2) + backups * 3600_000).toISOString().replace('.000', '');
};

// Makes the next backup, on that one or whole. Throws where it came out whole although it should not.
export const makeBackup = async (repository: Repository, keys: Keys, parentId?: string): Promise<Made> => {
  const slot = nextSlot();
  const type = parentId === undefined ? ('Full' as const) : ('Incremental' as const);
  const backup = { id: `${slot.replaceAll(/[-:]/g, '')}-${type.toLowerCase()}-3f9a1c04`, type, slot };
  const tier = tierOf(repository.target, repository);
  const plan: DumpPlan = {
    verb: 'dump',
    ...policyOf(keys),
    backup,
    component: 'db',
    attempt: 1,
    tier,
    recipients: [keys.recipient],
    signingKeyFile,
    stateRecipientFile,
    deadlineSeconds: 3600,
    ...(parentId === undefined ? {} : { increment: { parentId, stateIdentityFile, required: true } }),
    postgresql: {
      ...serverOf(repository.server.port, database),
      physical: true,
      logical: { enabled: false, databases: [], globals: false, credentialsDirectory: keysDirectory },
    },
  };
  const steps = stepReader((measured) => measured);
  const dump = await measure({ ...(await agentCommand(plan)), onLine: steps.onLine });
  const seal: SealPlan = {
    verb: 'seal',
    ...policyOf(keys),
    backup,
    tier,
    signingKeyFile,
    components: [{ name: 'db', attempt: 1 }],
    failed: [],
  };
  await measure(await agentCommand(seal));
  return { id: backup.id, uploaded: steps.ended('dump base.tar'), dump };
};

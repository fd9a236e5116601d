// The copies of one component of one Restore, for who undoes or discards it. The store is opened only where it is needed.
import type { CopiesPlan, RecoverPlan } from '../../../api/recover.ts';
import type { AgentContext } from '../../context.ts';
import type { Store } from '../../../stores/store.ts';
import { findRepository } from '../../repository.ts';
import { readVerifiers } from '../../signing/keys.ts';
import { checkWriter, findWriter } from '../../writers.ts';
import { readIdentities, recoveryContextOf } from '../verb/context.ts';
import { openCopy } from './fetch-copy.ts';
import type { OpenCopy } from './fetch-copy.ts';
import { removeCopies } from './remove-copy.ts';

export type Copies = {
  tier: string;
  // Everything of it was read and compared when `work` begins.
  withCopy: (attempt: number, work: (copy: OpenCopy) => Promise<void>) => Promise<void>;
  remove: () => Promise<void>;
};

export const copiesOf = (
  { restore, component, verificationKeys, policy, clusterId, copies }: RecoverPlan & { copies?: CopiesPlan },
  agent: AgentContext,
): Copies | undefined => {
  if (copies === undefined) {
    return undefined;
  }
  const { tier, identityFile } = copies;
  const of = { uid: restore.uid, component };
  const withStore = async <T>(work: (store: Store) => Promise<T>): Promise<T> => {
    const store = await agent.openStore(tier.location);
    try {
      return await work(store);
    } finally {
      await store.close();
    }
  };
  return {
    tier: tier.name,
    withCopy: (attempt, work) =>
      withStore(async (store) => {
        const identities = identityFile === undefined ? [] : await readIdentities(identityFile);
        await work(await openCopy(store, { of, attempt, verificationKeys, identities }, recoveryContextOf(agent)));
      }),
    // What is another's by now is left to it.
    remove: () =>
      withStore(async (store) => {
        const repository = await findRepository(store);
        const writer = repository && (await findWriter(store, repository.repositoryId, readVerifiers(verificationKeys)));
        if (writer !== undefined) {
          checkWriter(writer, { clusterId, ...policy }, store);
          await removeCopies(store, of);
        }
      }),
  };
};

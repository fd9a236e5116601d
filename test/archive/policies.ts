// Policies of the tests of one file, whose folders are gone at its end.
import { rm } from 'node:fs/promises';
import { inFolder, makePolicy } from './repository.ts';
import type { Policy } from './repository.ts';

type Hooks = { before: (work: () => Promise<void>) => void; after: { always: (work: () => Promise<unknown>) => void } };

const remove = ({ directory }: Policy): Promise<void> => rm(directory, { recursive: true, force: true });

// Each policy with keys of its own.
export const ownPolicies = ({ after }: Pick<Hooks, 'after'>): typeof makePolicy => {
  const made: Policy[] = [];
  after.always(() => Promise.all(made.map(remove)));
  return async (...changes) => {
    const policy = await makePolicy(...changes);
    made.push(policy);
    return policy;
  };
};

// All policies share their keys, which are slow to make; each has a folder of its own.
export const policiesOfOneKey = ({ before, after }: Hooks): (() => Promise<Policy>) => {
  let keys: Policy | undefined;
  let folders = 0;
  before(async () => {
    keys = await makePolicy();
  });
  after.always(async () => keys && (await remove(keys)));
  return async () => {
    folders += 1;
    return inFolder(keys ?? (await makePolicy()), `policy-${folders}`);
  };
};

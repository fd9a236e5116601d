// The verb `adopt`: makes this policy the writer of a repository that another cluster or policy wrote, on every tier. Somebody has asked for it by name.
import { readFile } from 'node:fs/promises';
import type { AdoptPlan, AdoptResult } from '../api/agent.ts';
import type { Store } from '../stores/store.ts';
import type { AgentContext } from './context.ts';
import { ArchiveError } from './errors.ts';
import { writerEpoch, writerKey, writersPrefix } from './layout.ts';
import { copyRepository, findRepository } from './repository.ts';
import { readListedSigner, readVerifiers } from './signing/keys.ts';
import type { Signer, Verifiers } from './signing/keys.ts';
import { largestDocumentBytes } from './small-objects.ts';
import { isSelf, openWriter, sealWriter, writerName } from './writers.ts';

export type AdoptOutcome = Pick<AdoptResult, 'repositoryId' | 'epoch' | 'tiers'>;

type Tier = { name: string; store: Store; repositoryId?: string; sha256?: string; epoch: number; ours?: Buffer };
type Wanted = { repositoryId: string; from: Tier; bytes: Buffer; epoch: number };

export const adopt = async (plan: AdoptPlan, context: AgentContext): Promise<AdoptOutcome> => {
  const verifiers = readVerifiers(plan.verificationKeys);
  const signer = readListedSigner(await readFile(plan.signingKeyFile, 'utf8'), verifiers);
  const stores: Store[] = [];
  try {
    const tiers: Tier[] = [];
    for (const { name, location } of plan.tiers) {
      const store = await context.openStore(location);
      stores.push(store);
      tiers.push(await context.step(`look at ${name}`, () => lookAt(plan, name, store, verifiers)));
    }
    const wanted = wantedWriter(plan, tiers, context.now().toISOString(), signer);
    // The tier that is a repository already comes first: of two that take over at once, one is refused there, and has written nothing.
    for (const tier of [wanted.from, ...tiers.filter((each) => each !== wanted.from)]) {
      await context.step(`write to ${tier.name}`, () => become(plan, tier, wanted, verifiers));
    }
    return { repositoryId: wanted.repositoryId, epoch: wanted.epoch, tiers: tiers.length };
  } finally {
    await Promise.all(stores.map((store) => store.close()));
  }
};

// The newest epoch counts also where its writer cannot be believed: that is one reason to take over.
const lookAt = async (plan: AdoptPlan, name: string, store: Store, verifiers: Verifiers): Promise<Tier> => {
  const repository = await findRepository(store);
  if (repository === undefined) {
    return { name, store, epoch: 0 };
  }
  const { repositoryId, sha256 } = repository;
  let newest: string | undefined;
  for await (const { key } of store.list(writersPrefix)) {
    newest = writerEpoch(key) === undefined ? newest : key;
  }
  if (newest === undefined) {
    return { name, store, repositoryId, sha256, epoch: 0 };
  }
  const bytes = await store.get(newest, largestDocumentBytes);
  return {
    name,
    store,
    repositoryId,
    sha256,
    epoch: writerEpoch(newest) ?? 0,
    ...(isOurs(plan, bytes, newest, repositoryId, verifiers) ? { ours: bytes } : {}),
  };
};

const isOurs = (plan: AdoptPlan, bytes: Buffer, key: string, repositoryId: string, verifiers: Verifiers): boolean => {
  try {
    return isSelf(openWriter(bytes, key, repositoryId, verifiers), { clusterId: plan.clusterId, ...plan.policy });
  } catch {
    return false;
  }
};

const wantedWriter = (plan: AdoptPlan, tiers: readonly Tier[], startTime: string, signer: Signer): Wanted => {
  const held = tiers.filter(({ repositoryId }) => repositoryId !== undefined);
  const [from] = held;
  if (from?.repositoryId === undefined) {
    throw new ArchiveError(
      'NotARepository',
      'No tier of the policy holds a repository: there is nothing to take over. Check bucket and prefix, or just take a backup.',
    );
  }
  const { repositoryId } = from;
  const other = held.find((tier) => tier.repositoryId !== repositoryId);
  if (other !== undefined) {
    throw new ArchiveError(
      'RepositoryMismatch',
      `${other.store.description} holds the repository ${other.repositoryId}, ${from.store.description} holds ${repositoryId}. Nothing was changed: give each policy a prefix of its own.`,
    );
  }
  const newest = Math.max(...held.map(({ epoch }) => epoch));
  // An earlier attempt got so far: its writer is repeated on the tiers that lack it.
  const begun = held.find(({ epoch, ours }) => epoch === newest && ours !== undefined);
  if (begun?.ours !== undefined) {
    return { repositoryId, from: begun, bytes: begun.ours, epoch: newest };
  }
  const epoch = newest + 1;
  const self = { clusterId: plan.clusterId, ...plan.policy };
  return { repositoryId, from, bytes: sealWriter({ repositoryId, sha256: from.sha256 }, epoch, self, startTime, signer), epoch };
};

const become = async (plan: AdoptPlan, tier: Tier, { repositoryId, from, bytes, epoch }: Wanted, verifiers: Verifiers): Promise<void> => {
  const { store } = tier;
  if (tier.repositoryId === undefined) {
    await copyRepository(from.store, store, repositoryId);
  }
  const key = writerKey(epoch);
  const { created } = await store.put(key, bytes);
  const found = await store.get(key, largestDocumentBytes);
  if (!created && !isOurs(plan, found, key, repositoryId, verifiers)) {
    throw new ArchiveError(
      'WriterReplaced',
      `${store.description}: ${writerName(found, key, repositoryId, verifiers)} took over at the same time. Find out who, before you try again.`,
    );
  }
};

// The verb `seal`: from the records of the components to the signed manifest, which is what makes a backup.
import { readFile } from 'node:fs/promises';
import type { SealPlan, SealResult } from '../api/agent.ts';
import type { Manifest } from '../api/stored/backup.ts';
import type { Store } from '../stores/store.ts';
import { checkChains } from './check-chain.ts';
import type { AgentContext } from './context.ts';
import { readComponentRecord, readManifest, sealManifest } from './documents.ts';
import { ArchiveError } from './errors.ts';
import { writeKit } from './kit/kit.ts';
import { manifestKey } from './layout.ts';
import { checkPresence, manifestObjects, totalBytes } from './manifest-objects.ts';
import { ensureRepository } from './repository.ts';
import { readListedSigner, readVerifiers } from './signing/keys.ts';
import type { Verifiers } from './signing/keys.ts';
import { ensureWriter, recheckWriter } from './writers.ts';

export type SealOutcome = Pick<SealResult, 'repositoryId' | 'bytes'>;

export const seal = async (plan: SealPlan, context: AgentContext): Promise<SealOutcome> => {
  const createdTime = context.now().toISOString();
  const verifiers = readVerifiers(plan.verificationKeys);
  const signer = readListedSigner(await readFile(plan.signingKeyFile, 'utf8'), verifiers);
  const store = await context.openStore(plan.tier.location);
  try {
    const repository = await ensureRepository(store, createdTime);
    const { repositoryId } = repository;
    const self = { clusterId: plan.clusterId, ...plan.policy };
    const writer = await ensureWriter(store, repository, self, createdTime, signer, verifiers);
    const components = await context.step('read records', () => readRecords(plan, store, repositoryId, verifiers));
    const manifest: Manifest = {
      schema: 'holdfast.dev/manifest/v1',
      minReader: 1,
      repositoryId,
      key: manifestKey(plan.backup.id),
      backupId: plan.backup.id,
      epoch: writer.document.epoch,
      type: plan.backup.type,
      slot: plan.backup.slot,
      policy: plan.policy,
      createdTime: context.now().toISOString(),
      components,
      failed: plan.failed,
      ...skew(components),
    };
    await context.step('check presence', () => checkPresence(store, manifestObjects(manifest)));
    await context.step('check chains', () => checkChains(store, manifest, verifiers));
    await context.step('write kit', () => writeKit(store));
    await recheckWriter(store, writer, repositoryId, verifiers);
    const stored = await context.step('write manifest', () => writeOrFind(store, manifest, sealManifest(manifest, signer), verifiers));
    await context.step('check sealed', () => checkPresence(store, manifestObjects(stored)));
    await recheckWriter(store, writer, repositoryId, verifiers);
    return { repositoryId, bytes: totalBytes(manifestObjects(stored)) };
  } finally {
    await store.close();
  }
};

const readRecords = async (plan: SealPlan, store: Store, repositoryId: string, verifiers: Verifiers): Promise<Manifest['components']> => {
  const components: Manifest['components'] = [];
  for (const { name, attempt } of plan.components) {
    const { record, object } = await readComponentRecord(
      store,
      { backupId: plan.backup.id, component: name, attempt },
      repositoryId,
      verifiers,
    );
    components.push({ ...record.component, record: object });
  }
  return components;
};

// How far apart the components are in time.
const skew = (components: Manifest['components']): { skewSeconds?: number } => {
  const times = components.flatMap(({ facts }) => (facts.restorableTo === undefined ? [] : [Date.parse(facts.restorableTo)]));
  return times.length < 2 ? {} : { skewSeconds: (Math.max(...times) - Math.min(...times)) / 1000 };
};

// Writes the manifest, or finds the one that an earlier attempt wrote and whose answer was lost. What counts is what the store hands back.
const writeOrFind = async (store: Store, manifest: Manifest, bytes: Buffer, verifiers: Verifiers): Promise<Manifest> => {
  const { created } = await store.put(manifest.key, bytes);
  const found = await readManifest(store, manifest.backupId, manifest.repositoryId, verifiers);
  if (created && !found.bytes.equals(bytes)) {
    throw new ArchiveError(
      'DigestMismatch',
      `${store.description} handed back another manifest than was written. Do not trust this store.`,
    );
  }
  if (attempts(found.manifest) !== attempts(manifest)) {
    throw new ArchiveError(
      'AlreadyStored',
      `${manifest.key} exists already and names other attempts than this run. Nothing is overwritten.`,
    );
  }
  return found.manifest;
};

const attempts = (of: Manifest): string => JSON.stringify(of.components.map(({ name, attempt }) => [name, attempt]));

// The verb `inspect`: what one tier really holds. Every manifest is read, its signature checked, and every object that it names looked for (level L0).
import type { EntryLine, InspectPlan, InspectResult } from '../api/agent.ts';
import type { Manifest } from '../api/stored/backup.ts';
import { StoreError } from '../stores/errors.ts';
import type { Store } from '../stores/store.ts';
import type { AgentContext } from './context.ts';
import { readManifest } from './documents.ts';
import { ArchiveError } from './errors.ts';
import { backupIdOf, logsPrefix, manifestKey, manifestsPrefix } from './layout.ts';
import { inOrder } from './in-order.ts';
import { checkPresence, componentObjects, manifestObjects, totalBytes } from './manifest-objects.ts';
import { findRepository } from './repository.ts';
import { readVerifiers } from './signing/keys.ts';
import type { Verifiers } from './signing/keys.ts';
import { largestDocumentBytes } from './small-objects.ts';

// Together at most 16 requests at a time.
const backupsAtOnce = 4;
const objectsAtOnce = 4;

export type InspectOutcome = Pick<InspectResult, 'repositoryId' | 'backups' | 'refused'>;

export const inspect = async (plan: InspectPlan, context: AgentContext): Promise<InspectOutcome> => {
  const verifiers = readVerifiers(plan.verificationKeys);
  const store = await context.openStore(plan.tier.location);
  try {
    if (plan.logsOf !== undefined) {
      await printLogs(store, plan.logsOf, context);
      return {};
    }
    const repository = await findRepository(store);
    if (repository === undefined) {
      return { backups: 0, refused: 0 };
    }
    const counts = { backups: 0, refused: 0 };
    const judge = (backupId: string) => inspectBackup(store, plan, backupId, repository.repositoryId, verifiers);
    await context.step('read catalogue', async () => {
      for await (const entry of inOrder(backupIds(store, plan.backupId), backupsAtOnce, judge)) {
        context.signal.throwIfAborted();
        context.report(entry);
        counts[entry.verdict === 'Passed' ? 'backups' : 'refused'] += 1;
      }
    });
    return { repositoryId: repository.repositoryId, ...counts };
  } finally {
    await store.close();
  }
};

// The ids of all manifests, or the one that was asked for, where it is there.
export async function* backupIds(store: Store, only?: string): AsyncGenerator<string> {
  if (only !== undefined) {
    if ((await store.head(manifestKey(only))) !== undefined) {
      yield only;
    }
    return;
  }
  for await (const { key } of store.list(manifestsPrefix)) {
    const id = backupIdOf(key);
    if (id !== undefined) {
      yield id;
    }
  }
}

// One backup, judged. A store that fails in between is Inconclusive, never Failed: nothing was seen. A manifest too large to be one was seen.
export const inspectBackup = async (
  store: Store,
  plan: InspectPlan,
  backupId: string,
  repositoryId: string,
  verifiers: Verifiers,
): Promise<EntryLine> => {
  const tier = plan.tier.name;
  let manifest: Manifest | undefined;
  try {
    ({ manifest } = await readManifest(store, backupId, repositoryId, verifiers));
    checkPolicy(plan.policy, manifest, store);
    await checkPresence(store, manifestObjects(manifest), objectsAtOnce);
    return { ...describe(tier, backupId, manifest), verdict: 'Passed' };
  } catch (error) {
    if (error instanceof ArchiveError || error instanceof StoreError) {
      const seen = error instanceof ArchiveError || error.code === 'ObjectTooLarge';
      return { ...describe(tier, backupId, manifest), verdict: seen ? 'Failed' : 'Inconclusive', code: error.code, message: error.message };
    }
    throw error;
  }
};

// Where two policies share their keys, only this tells the backups of one from those of the other. Who reads without a policy takes all.
const checkPolicy = ({ namespace, name }: InspectPlan['policy'], { policy, backupId }: Manifest, store: Store): void => {
  if (name !== '' && (policy.namespace !== namespace || policy.name !== name)) {
    throw new ArchiveError(
      'RepositoryMismatch',
      `${backupId} in ${store.description} is a backup of the policy ${policy.namespace}/${policy.name}. One prefix belongs to one policy: mend the tier's prefix.`,
    );
  }
};

const describe = (tier: string, backupId: string, manifest: Manifest | undefined): Omit<EntryLine, 'verdict'> => ({
  kind: 'entry',
  tier,
  backupId,
  type: manifest?.type ?? 'Full',
  slot: manifest?.slot ?? '',
  bytes: manifest === undefined ? 0 : totalBytes(manifestObjects(manifest)),
  seconds: manifest === undefined ? 0 : seconds(manifest),
  components: (manifest?.components ?? []).map((component) => ({
    name: component.name,
    bytes: totalBytes(componentObjects(component)),
    ...(component.facts.restorableTo === undefined ? {} : { restorableTo: component.facts.restorableTo }),
  })),
  failed: (manifest?.failed ?? []).map(({ name }) => name),
});

// From the first dump's start to the manifest.
const seconds = (manifest: Manifest): number => {
  const start = Math.min(...manifest.components.map(({ startTime }) => Date.parse(startTime)));
  return Math.max(0, (Date.parse(manifest.createdTime) - start) / 1000);
};

// Prints the stored logs of a backup, oldest first.
const printLogs = async (store: Store, backupId: string, context: AgentContext): Promise<void> => {
  for await (const { key } of store.list(logsPrefix(backupId))) {
    const text = (await store.get(key, largestDocumentBytes)).toString('utf8');
    for (const line of text.split('\n').filter((each) => each !== '')) {
      context.report({ kind: 'stored-log', object: key, line });
    }
  }
};

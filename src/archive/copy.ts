// The verb `copy`: one backup from the primary tier to a further one, byte for byte, its manifest last. It may be repeated at any time.
import type { CopyPlan, CopyResult } from '../api/agent.ts';
import type { Manifest, StoredObject } from '../api/stored/backup.ts';
import type { Store } from '../stores/store.ts';
import { abandon } from './abandon.ts';
import type { AgentContext } from './context.ts';
import { readManifest } from './documents.ts';
import { ArchiveError } from './errors.ts';
import { writeKit } from './kit/kit.ts';
import { dataPrefix, manifestKey } from './layout.ts';
import { checkPresence, manifestObjects, totalBytes } from './manifest-objects.ts';
import { progressReporter } from './progress.ts';
import { copyRepository, ensureRepository, findRepository, openRepository } from './repository.ts';
import { readVerifiers } from './signing/keys.ts';
import type { Verifiers } from './signing/keys.ts';
import { putOnce } from './small-objects.ts';
import { readObject } from './volumes.ts';
import { checkWriter, ensureWriterCopy, findWriter, recheckWriter } from './writers.ts';
import type { CurrentWriter } from './writers.ts';

export type CopyOutcome = Pick<CopyResult, 'bytes'>;

export const copy = async (plan: CopyPlan, context: AgentContext): Promise<CopyOutcome> => {
  const verifiers = readVerifiers(plan.verificationKeys);
  const from = await context.openStore(plan.from.location);
  const to = await context.openStore(plan.to.location).catch(async (error: unknown) => {
    await from.close();
    throw error;
  });
  try {
    const { repositoryId, createdTime } = await openRepository(from);
    const { manifest, bytes } = await readManifest(from, plan.backup.id, repositoryId, verifiers);
    const writer = await context.step('check writer', () => prepareTier(plan, from, to, { repositoryId, createdTime }, verifiers));
    await refuseOrphan(to, manifest);
    await sweepEarlierAttempts(to, manifest.backupId, context);
    const objects = manifestObjects(manifest);
    await context.step('copy objects', () => copyObjects(from, to, objects, context));
    await context.step('check presence', () => checkPresence(to, objects));
    await context.step('write kit', () => writeKit(to));
    await context.step('write manifest', async () => {
      await recheckWriter(to, writer, repositoryId, verifiers);
      await putOnce(to, manifest.key, bytes);
      await readManifest(to, manifest.backupId, repositoryId, verifiers);
      await recheckWriter(to, writer, repositoryId, verifiers);
    });
    return { bytes: totalBytes(objects) };
  } finally {
    await from.close();
    await to.close();
  }
};

// An increment without what it builds on is worth nothing there: its parents come first.
const refuseOrphan = async (to: Store, { backupId, components }: Manifest): Promise<void> => {
  for (const { parent } of components) {
    if (parent !== null && (await to.head(manifestKey(parent))) === undefined) {
      throw new ArchiveError(
        'ChainBroken',
        `${backupId} builds on ${parent}, which ${to.description} does not hold yet. It is copied first.`,
        {
          retryable: true,
        },
      );
    }
  }
};

// Makes sure that the tier is this repository and that we are its writer.
const prepareTier = async (
  plan: CopyPlan,
  from: Store,
  to: Store,
  { repositoryId, createdTime }: { repositoryId: string; createdTime: string },
  verifiers: Verifiers,
): Promise<CurrentWriter> => {
  const writer = await findWriter(from, repositoryId, verifiers);
  if (writer === undefined) {
    throw new ArchiveError('NotARepository', `${from.description} has backups and no writer. Somebody removed objects from it.`);
  }
  const self = { clusterId: plan.clusterId, ...plan.policy };
  checkWriter(writer, self, from);
  if ((await findRepository(to)) === undefined) {
    await copyRepository(from, to, repositoryId);
  }
  await ensureRepository(to, createdTime, repositoryId);
  await ensureWriterCopy(to, repositoryId, self, writer, verifiers);
  return writer;
};

// A copy that was killed could not abort its upload. What cannot be swept now harms nothing but the bill.
const sweepEarlierAttempts = async (to: Store, backupId: string, { log }: AgentContext): Promise<void> => {
  await to.sweep(dataPrefix(backupId)).catch((error: unknown) => log.warn('Could not sweep what an earlier copy left', { error }));
};

const copyObjects = async (from: Store, to: Store, objects: readonly StoredObject[], context: AgentContext): Promise<void> => {
  const progress = progressReporter(context.report, context.now);
  let done = 0;
  for (const object of objects) {
    context.signal.throwIfAborted();
    await copyObject(from, to, object, context.signal, (bytes) => progress('copy', done + bytes));
    done += object.bytes;
    progress('copy', done);
  }
};

// Copies one object, checking its digest on the way. What an earlier attempt left there is read and compared instead: size alone proves nothing.
const copyObject = async (
  from: Store,
  to: Store,
  object: StoredObject,
  signal: AbortSignal,
  onDurable: (bytes: number) => void,
): Promise<void> => {
  if ((await to.head(object.key)) !== undefined) {
    await checkCopied(to, object, signal);
    return;
  }
  const upload = await to.upload(object.key, { signal, onDurable });
  try {
    for await (const chunk of readObject(from, object, signal)) {
      await upload.write(chunk);
    }
    if (!(await upload.finish()).created) {
      await checkCopied(to, object, signal);
    }
  } catch (error) {
    await abandon(upload);
    throw error;
  }
};

const checkCopied = async (to: Store, object: StoredObject, signal: AbortSignal): Promise<void> => {
  for await (const _ of readObject(to, object, signal)) {
    // Read to the end: size and digest are compared there.
  }
};

// The verb `dump`: one attempt at one component, from preflight to its signed record on the primary tier.
import { readFile } from 'node:fs/promises';
import type { DumpPlan, DumpResult } from '../api/agent.ts';
import type { WholeCopy } from '../api/backup-type.ts';
import type { ArtifactRecord, ComponentRecord } from '../api/stored/backup.ts';
import type { ComponentFacts, EngineRun } from '../engines/engine.ts';
import type { Store } from '../stores/store.ts';
import { registerSecret } from '../telemetry/redact.ts';
import type { AttemptArchive } from './artifacts.ts';
import { readBackArtifact, storeArtifact, storeDocument } from './artifacts.ts';
import { makeAttemptKey } from './attempt-key.ts';
import type { AgentContext } from './context.ts';
import { readComponentRecord, writeComponentRecord } from './documents.ts';
import { attemptPrefix, componentRecordKey } from './layout.ts';
import { checkPresence, componentObjects, totalBytes } from './manifest-objects.ts';
import { progressReporter } from './progress.ts';
import { readParent, refuseWhole } from './read-parent.ts';
import { ensureRepository } from './repository.ts';
import { readListedSigner, readVerifiers } from './signing/keys.ts';
import type { Verifiers } from './signing/keys.ts';
import { checkSpace } from './space.ts';
import { ensureWriter, recheckWriter } from './writers.ts';

// What a dump adds to the envelope of every result.
export type DumpOutcome = Pick<DumpResult, 'bytes' | 'restorableTo' | 'verification' | 'parent' | 'whole'>;

export const dump = async (plan: DumpPlan, engine: EngineRun, context: AgentContext): Promise<DumpOutcome> => {
  try {
    const store = await context.openStore(plan.tier.location);
    try {
      return await dumpInto(store, plan, engine, context);
    } finally {
      await store.close();
    }
  } finally {
    // What is stored is judged by itself: a source that cannot be let go of does not make it worse.
    await engine.close().catch((error: unknown) => context.log.warn('Could not let go of the source', { error }));
  }
};

const dumpInto = async (store: Store, plan: DumpPlan, engine: EngineRun, context: AgentContext): Promise<DumpOutcome> => {
  const startTime = context.now().toISOString();
  const verifiers = readVerifiers(plan.verificationKeys);
  const signer = readListedSigner(await readFile(plan.signingKeyFile, 'utf8'), verifiers);
  const planned = await context.step('preflight', () => preflight(plan, store, engine, verifiers, context));
  const repository = await ensureRepository(store, startTime);
  const self = { clusterId: plan.clusterId, ...plan.policy };
  const writer = await ensureWriter(store, repository, self, startTime, signer, verifiers);

  await sweepEarlierAttempts(plan, store, context);
  const archive = await openAttempt(plan, store, context.signal);
  const artifacts = await storeAll(archive, engine, context);
  const { facts, documents, whole } = await context.step('facts', () => engine.finish(context.signal));
  const base = whole === undefined ? planned : { whole };
  for (const document of documents) {
    artifacts.push(await storeDocument(archive, document));
  }

  const record = componentRecord(
    plan,
    { repositoryId: repository.repositoryId, epoch: writer.document.epoch, startTime, endTime: context.now().toISOString(), base },
    archive,
    artifacts,
    facts,
  );
  await context.step('record', async () => {
    await checkPresence(store, componentObjects(record.component));
    await recheckWriter(store, writer, repository.repositoryId, verifiers);
    await writeComponentRecord(store, record, signer);
    await readComponentRecord(store, attemptOf(plan), repository.repositoryId, verifiers);
  });
  return {
    bytes: totalBytes(componentObjects(record.component)),
    ...(facts.restorableTo === undefined ? {} : { restorableTo: facts.restorableTo }),
    ...base,
    verification: { level: 'L2', verdict: 'Passed' },
  };
};

const attemptOf = (plan: DumpPlan): { backupId: string; component: string; attempt: number } => ({
  backupId: plan.backup.id,
  component: plan.component,
  attempt: plan.attempt,
});

// What the copy builds on, or why it builds on nothing although that was wanted.
type Base = { parent?: string; whole?: WholeCopy };

// Room first: where the last backup tells the size, the source is not even asked.
const preflight = async (plan: DumpPlan, store: Store, engine: EngineRun, verifiers: Verifiers, context: AgentContext): Promise<Base> => {
  if (plan.predictedBytes !== undefined) {
    await checkSpace(store, plan.predictedBytes);
  }
  const found = plan.increment && (await readParent(plan, plan.increment, store, verifiers, context.signal));
  const parent = found !== undefined && 'parent' in found ? found.parent : undefined;
  const asked = await engine.preflight(context.signal, parent);
  const { predictedBytes, whole = found !== undefined && 'whole' in found ? found.whole : undefined } = asked;
  if (plan.increment !== undefined && whole !== undefined) {
    refuseWhole(plan.increment, whole);
    context.log.warn('This copy is whole, although an increment was wanted', whole);
  }
  if (plan.predictedBytes === undefined && predictedBytes !== undefined) {
    await checkSpace(store, predictedBytes);
  }
  return whole === undefined ? (parent === undefined ? {} : { parent: parent.backupId }) : { whole };
};

// An attempt that was killed could not abort its uploads. What cannot be swept now harms nothing but the bill.
const sweepEarlierAttempts = async ({ backup, component, attempt }: DumpPlan, store: Store, { log }: AgentContext): Promise<void> => {
  for (let earlier = 1; earlier < attempt; earlier += 1) {
    await store
      .sweep(attemptPrefix(backup.id, component, earlier))
      .catch((error: unknown) => log.warn('Could not sweep what an earlier attempt left', { attempt: earlier, error }));
  }
};

const openAttempt = async (plan: DumpPlan, store: Store, signal: AbortSignal): Promise<AttemptArchive> => {
  const key = await makeAttemptKey(store, plan.recipients, attemptOf(plan));
  registerSecret(key.identity);
  return {
    store,
    prefix: attemptPrefix(plan.backup.id, plan.component, plan.attempt),
    key,
    signal,
    ...(plan.stateRecipientFile === undefined ? {} : { stateRecipient: (await readFile(plan.stateRecipientFile, 'utf8')).trim() }),
  };
};

// Each artifact is stored and read back before the next one begins.
const storeAll = async (archive: AttemptArchive, engine: EngineRun, context: AgentContext): Promise<ArtifactRecord[]> => {
  const progress = progressReporter(context.report, context.now);
  const records: ArtifactRecord[] = [];
  for await (const artifact of engine.artifacts(context.signal)) {
    const record = await context.step(`dump ${artifact.name}`, () =>
      storeArtifact(archive, artifact, (bytes) => progress(`dump ${artifact.name}`, bytes)),
    );
    records.push(record);
    progress(`read back ${artifact.name}`, totalBytes(record.volumes));
    const { derived } = await context.step(`read back ${artifact.name}`, () => readBackArtifact(archive, artifact, record));
    for (const document of derived) {
      records.push(await storeDocument(archive, document));
    }
  }
  return records;
};

const componentRecord = (
  plan: DumpPlan,
  run: { repositoryId: string; epoch: number; startTime: string; endTime: string; base: Base },
  archive: AttemptArchive,
  artifacts: ArtifactRecord[],
  facts: ComponentFacts,
): ComponentRecord => ({
  schema: 'holdfast.dev/component/v1',
  minReader: 1,
  repositoryId: run.repositoryId,
  key: componentRecordKey(plan.backup.id, plan.component, plan.attempt),
  backupId: plan.backup.id,
  epoch: run.epoch,
  component: {
    name: plan.component,
    engine: 'postgresql',
    attempt: plan.attempt,
    parent: run.base.parent ?? null,
    keyId: archive.key.keyId,
    keys: [archive.key.sidecar],
    artifacts,
    facts,
    startTime: run.startTime,
    endTime: run.endTime,
    verification: { level: 'L2', verdict: 'Passed', time: run.endTime },
  },
});

// The verb `audit`: leaves a signed record of a destructive act in the store. It is written once; nothing replaces it.
import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import type { AuditPlan, AuditResult } from '../api/agent.ts';
import { auditSchema } from '../api/stored/audit.ts';
import type { AuditDocument } from '../api/stored/audit.ts';
import { payloadTypes } from '../api/stored/envelope.ts';
import type { Store } from '../stores/store.ts';
import type { AgentContext } from './context.ts';
import { auditKey } from './layout.ts';
import { findRepository } from './repository.ts';
import { openDocument, sealDocument } from './signing/envelope.ts';
import { readListedSigner, readVerifiers } from './signing/keys.ts';
import type { Verifiers } from './signing/keys.ts';
import { alreadyStored, largestDocumentBytes } from './small-objects.ts';
import { findWriter, isSelf } from './writers.ts';

export type AuditOutcome = Pick<AuditResult, 'written' | 'key' | 'note'>;

const notWritten = (note: string): AuditOutcome => ({ written: false, note });

// A repository that is another's is only read, and none is made for the sake of a record: that is no failure, and the result says it.
export const audit = async (plan: AuditPlan, context: AgentContext): Promise<AuditOutcome> => {
  const verifiers = readVerifiers(plan.verificationKeys);
  const signer = readListedSigner(await readFile(plan.signingKeyFile, 'utf8'), verifiers);
  const store = await context.openStore(plan.tier.location);
  try {
    const repository = await findRepository(store);
    if (repository === undefined) {
      return notWritten(`${store.description} holds no repository yet: there is nowhere to leave a record.`);
    }
    const { repositoryId } = repository;
    const writer = await findWriter(store, repositoryId, verifiers);
    if (writer === undefined) {
      return notWritten(`${store.description} has no writer yet: there is nowhere to leave a record.`);
    }
    const { clusterId, namespace, name, epoch } = writer.document;
    if (!isSelf(writer.document, { clusterId: plan.clusterId, ...plan.policy })) {
      return notWritten(
        `${store.description} belongs to the policy ${namespace}/${name} of the cluster ${clusterId} (epoch ${epoch}); here it is only read.`,
      );
    }
    const key = auditKey(plan.record.endTime, 'restore', plan.record.restore.uid);
    const document: AuditDocument = auditSchema.parse({
      schema: 'holdfast.dev/audit/v1',
      minReader: 1,
      repositoryId,
      key,
      epoch,
      clusterId: plan.clusterId,
      createdTime: context.now().toISOString(),
      act: 'Restore',
      record: plan.record,
    });
    await context.step('write record', () => writeOrFind(store, document, sealDocument(payloadTypes.audit, document, signer), verifiers));
    return { written: true, key };
  } finally {
    await store.close();
  }
};

// What counts is what the store hands back. Where an earlier attempt wrote it and nobody heard, it says the same, but for its own time.
const writeOrFind = async (store: Store, document: AuditDocument, bytes: Buffer, verifiers: Verifiers): Promise<void> => {
  await store.put(document.key, bytes);
  const found = readAudit(await store.get(document.key, largestDocumentBytes), document.key, document.repositoryId, verifiers);
  if (!isDeepStrictEqual(found.record, document.record)) {
    throw alreadyStored(document.key, store);
  }
};

// Opens the bytes of a record.
export const readAudit = (bytes: Buffer, key: string, repositoryId: string, verifiers: Verifiers): AuditDocument =>
  openDocument(bytes, { key, payloadType: payloadTypes.audit, schema: auditSchema, repositoryId }, verifiers);

// Copies an old data directory into the store, cold and whole: sealed to the recipients of the policy, read back, compared with what lies on the volume,
// and described at the end. Nothing on the volume is changed.
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { SafetyPlan } from '../../../api/recover.ts';
import type { SafetyDocument } from '../../../api/stored/safety.ts';
import { directoryArtifact } from '../../../engines/postgresql/recovery/copy-directory.ts';
import type { Store } from '../../../stores/store.ts';
import { registerSecret } from '../../../telemetry/redact.ts';
import { readBackArtifact, storeArtifact } from '../../artifacts.ts';
import type { AttemptArchive } from '../../artifacts.ts';
import { makeKey } from '../../attempt-key.ts';
import { ArchiveError } from '../../errors.ts';
import { safetyAttemptPrefix, safetyDescriptionKey, safetySidecarKey } from '../../layout.ts';
import { openRepository } from '../../repository.ts';
import { readListedSigner, readVerifiers } from '../../signing/keys.ts';
import { checkSpace } from '../../space.ts';
import { checkWriter, findWriter, recheckWriter } from '../../writers.ts';
import type { CurrentWriter } from '../../writers.ts';
import type { RecoveryContext } from '../context.ts';
import { openSidecar } from '../keys.ts';
import { lookAtTree } from '../volume/tree.ts';
import type { Tree } from '../volume/tree.ts';
import { writeDescription } from './description.ts';
import { freeAttempt } from './attempts.ts';

export type CopyOptions = {
  store: Store;
  directory: string;
  plan: SafetyPlan;
  // Those that open the backup: they must open the copy, too.
  identities: readonly string[];
  context: Pick<RecoveryContext, 'signal' | 'progress' | 'now' | 'log'>;
};

export type StoredCopy = { document: SafetyDocument; tree: Tree };

export const artifactName = 'directory.tar';

export const storeCopy = async (options: CopyOptions): Promise<StoredCopy> => {
  const { store, directory, plan, context } = options;
  const verifiers = readVerifiers(plan.verificationKeys);
  const signer = readListedSigner(await readFile(plan.signingKeyFile, 'utf8'), verifiers);
  const { repositoryId } = await openRepository(store);
  const writer = await ownWriter(store, plan, repositoryId, verifiers);
  const tree = await lookAtTree(directory, context.signal);
  await checkSpace(store, tree.bytes, 'the copy');
  const attempt = await freeAttempt(store, plan.of);
  const archive = await openArchive(options, attempt);
  const artifact = directoryArtifact(artifactName, directory, tree.entries);
  const record = await storeArtifact(archive, artifact, (bytes) => context.progress('safety', bytes, tree.bytes));
  await readBackArtifact(archive, artifact, record);
  await mustBeUnchanged(directory, tree, context.signal);
  await recheckWriter(store, writer, repositoryId, verifiers);
  const document: SafetyDocument = {
    schema: 'holdfast.dev/safety/v1',
    minReader: 1,
    repositoryId,
    key: safetyDescriptionKey(plan.of.uid, plan.of.component, attempt),
    epoch: writer.document.epoch,
    clusterId: plan.clusterId,
    policy: plan.policy,
    restore: { name: plan.restoreName, uid: plan.of.uid },
    component: plan.of.component,
    attempt,
    claimName: plan.claimName,
    path: plan.path,
    createdTime: context.now().toISOString(),
    keys: [archive.key.sidecar],
    artifact: record,
    tree: { entries: tree.entries, bytes: tree.bytes, mac: treeMac(tree, archive.key.identity) },
  };
  await writeDescription(store, document, signer, verifiers);
  return { document, tree };
};

// What is stored tells nothing of names and times in plain text.
export const treeMac = ({ digest }: Tree, identity: string): string => createHmac('sha256', identity).update(digest).digest('hex');

// Who only reads a repository writes no copy into it either.
const ownWriter = async (
  store: Store,
  plan: SafetyPlan,
  repositoryId: string,
  verifiers: Parameters<typeof findWriter>[2],
): Promise<CurrentWriter> => {
  const writer = await findWriter(store, repositoryId, verifiers);
  if (writer === undefined) {
    throw new ArchiveError('WriterUnknown', `${store.description} has no writer.`);
  }
  checkWriter(writer, { clusterId: plan.clusterId, ...plan.policy }, store);
  return writer;
};

// A copy that nobody here could open again is none.
const openArchive = async ({ store, plan, identities, context }: CopyOptions, attempt: number): Promise<AttemptArchive> => {
  const { uid, component } = plan.of;
  const place = (fingerprint: string): string => safetySidecarKey(uid, component, attempt, fingerprint);
  const key = await makeKey(store, plan.recipients, `safety.${component}.${attempt}`, place);
  registerSecret(key.identity);
  if ((await openSidecar(store, key.sidecar, identities)) !== key.identity) {
    throw new ArchiveError(
      'IdentityInvalid',
      'The identity of this Restore opens the backup, but it is none of spec.encryption.recipients of the policy: nobody here could open the copy again. Put a present identity into the same Secret, as a second line.',
    );
  }
  return { store, prefix: safetyAttemptPrefix(uid, component, attempt), key, signal: context.signal };
};

const mustBeUnchanged = async (directory: string, { digest }: Tree, signal: AbortSignal): Promise<void> => {
  if ((await lookAtTree(directory, signal)).digest !== digest) {
    throw new ArchiveError('DirectoryStrange', `Somebody wrote to ${directory} while it was copied.`, { retryable: true });
  }
};

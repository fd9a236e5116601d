// writers/<epoch>.json: which cluster and policy may write a repository. The newest epoch holds the right; everybody else only reads.
import { payloadTypes } from '../api/stored/envelope.ts';
import { writerSchema } from '../api/stored/repository.ts';
import type { WriterDocument } from '../api/stored/repository.ts';
import type { Store } from '../stores/store.ts';
import { ArchiveError } from './errors.ts';
import { writerKey, writersPrefix } from './layout.ts';
import type { Repository } from './repository.ts';
import { openDocument, sealDocument } from './signing/envelope.ts';
import type { Signer, Verifiers } from './signing/keys.ts';
import { largestDocumentBytes, putOnce } from './small-objects.ts';

export type Writer = { clusterId: string; namespace: string; name: string };
export type CurrentWriter = { document: WriterDocument; bytes: Buffer };

export const openWriter = (bytes: Buffer, key: string, repositoryId: string, verifiers: Verifiers): WriterDocument => {
  const document = openDocument(bytes, { key, payloadType: payloadTypes.writer, schema: writerSchema, repositoryId }, verifiers);
  if (writerKey(document.epoch) !== key) {
    throw new ArchiveError('DocumentInvalid', `${key} describes the epoch ${document.epoch}.`);
  }
  return document;
};

// The document of a writer, as it is stored.
export const sealWriter = (
  { repositoryId, sha256 }: { repositoryId: string; sha256?: string | undefined },
  epoch: number,
  self: Writer,
  startTime: string,
  signer: Signer,
): Buffer => {
  const vouched = sha256 === undefined ? {} : { repositorySha256: sha256 };
  const named = { schema: 'holdfast.dev/writer/v1', minReader: 1, repositoryId, key: writerKey(epoch) } as const;
  const document: WriterDocument = { ...named, epoch, ...self, startTime, ...vouched };
  return sealDocument(payloadTypes.writer, document, signer);
};

export const isSelf = (document: WriterDocument, self: Writer): boolean =>
  document.clusterId === self.clusterId && document.namespace === self.namespace && document.name === self.name;

// The writer of the newest epoch, or undefined in a new repository. A writer that no known key signed stops us: somebody else has taken over.
export const findWriter = async (store: Store, repositoryId: string, verifiers: Verifiers): Promise<CurrentWriter | undefined> => {
  let newest: string | undefined;
  for await (const { key } of store.list(writersPrefix)) {
    newest = key;
  }
  if (newest === undefined) {
    return undefined;
  }
  const bytes = await store.get(newest, largestDocumentBytes);
  try {
    return { document: openWriter(bytes, newest, repositoryId, verifiers), bytes };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ArchiveError('WriterUnknown', `Nothing is written to ${store.description}: its newest writer cannot be verified. ${why}`, {
      cause,
    });
  }
};

// Throws WriterReplaced where somebody else is the writer.
export const checkWriter = ({ document }: CurrentWriter, self: Writer, store: Store): void => {
  if (isSelf(document, self)) {
    return;
  }
  throw new ArchiveError(
    'WriterReplaced',
    `${store.description} belongs to the policy ${document.namespace}/${document.name} of the cluster ${document.clusterId} (epoch ${document.epoch}). ` +
      'One prefix belongs to one policy: use another prefix. Where that cluster is lost and this policy shall go on with its backups: kubectl holdfast adopt <policy> --take-over.',
  );
};

// Asked again before each document that counts, and at the end of a run: somebody may have taken over meanwhile. One request, when nobody has.
export const recheckWriter = async (
  store: Store,
  { document }: CurrentWriter,
  repositoryId: string,
  verifiers: Verifiers,
): Promise<void> => {
  for await (const { key } of store.list(writersPrefix, { after: document.key })) {
    const successor = writerName(await store.get(key, largestDocumentBytes), key, repositoryId, verifiers);
    throw new ArchiveError(
      'WriterSuperseded',
      `${store.description} was taken over by ${successor} while this run was at work; what it writes does not count any more. ` +
        'Where that was on purpose, suspend or delete this policy. Else find out who did it, and take over again: kubectl holdfast adopt <policy> --take-over.',
    );
  }
};

// For messages: who it is, or that nobody knows.
export const writerName = (bytes: Buffer, key: string, repositoryId: string, verifiers: Verifiers): string => {
  try {
    const { namespace, name, clusterId, epoch } = openWriter(bytes, key, repositoryId, verifiers);
    return `the policy ${namespace}/${name} of the cluster ${clusterId} (epoch ${epoch})`;
  } catch {
    return `somebody whose ${key} cannot be verified`;
  }
};

// Makes sure that we are the writer, and becomes it in a new repository. Every writer asks this of the tier that it writes, each time.
export const ensureWriter = async (
  store: Store,
  { repositoryId, sha256 }: Pick<Repository, 'repositoryId' | 'sha256'>,
  self: Writer,
  startTime: string,
  signer: Signer,
  verifiers: Verifiers,
): Promise<CurrentWriter> => {
  let current = await findWriter(store, repositoryId, verifiers);
  if (current === undefined) {
    await store.put(writerKey(1), sealWriter({ repositoryId, sha256 }, 1, self, startTime, signer));
    current = await findWriter(store, repositoryId, verifiers);
  }
  if (current === undefined) {
    throw new ArchiveError(
      'NotARepository',
      `${store.description} does not list what was just written to it. Check that the store lists consistently.`,
      { retryable: true },
    );
  }
  checkWriter(current, self, store);
  return current;
};

// The same for a further tier: the writer of the primary is repeated there byte for byte, since a copy has no signing key.
export const ensureWriterCopy = async (
  store: Store,
  repositoryId: string,
  self: Writer,
  primary: CurrentWriter,
  verifiers: Verifiers,
): Promise<void> => {
  const current = await findWriter(store, repositoryId, verifiers);
  if (current !== undefined) {
    checkWriter(current, self, store);
  }
  if (current === undefined || current.document.epoch < primary.document.epoch) {
    await putOnce(store, primary.document.key, primary.bytes);
  }
};

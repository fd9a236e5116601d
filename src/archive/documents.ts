// Component records and manifests: written signed, read back, and believed only after every check.
import type { Store } from '../stores/store.ts';
import { componentRecordSchema, manifestSchema } from '../api/stored/backup.ts';
import type { ComponentRecord, Manifest, StoredObject } from '../api/stored/backup.ts';
import { payloadTypes } from '../api/stored/envelope.ts';
import { ArchiveError } from './errors.ts';
import { componentRecordKey, manifestKey } from './layout.ts';
import { openDocument, sealDocument } from './signing/envelope.ts';
import type { Signer, Verifiers } from './signing/keys.ts';
import { describeObject, largestDocumentBytes, putOnce } from './small-objects.ts';

// Both documents pass their schema before they are signed: what no reader could open is never written.
export const writeComponentRecord = (store: Store, record: ComponentRecord, signer: Signer): Promise<StoredObject> =>
  putOnce(store, record.key, sealDocument(payloadTypes.component, componentRecordSchema.parse(record), signer));

// Reads the record of one attempt. Throws RecordMissing where the attempt never ended well.
export const readComponentRecord = async (
  store: Store,
  attempt: { backupId: string; component: string; attempt: number },
  repositoryId: string,
  verifiers: Verifiers,
): Promise<{ record: ComponentRecord; object: StoredObject }> => {
  const key = componentRecordKey(attempt.backupId, attempt.component, attempt.attempt);
  if ((await store.head(key)) === undefined) {
    throw new ArchiveError('RecordMissing', `${key} is not in ${store.description}: the dump of "${attempt.component}" did not end well.`);
  }
  const bytes = await store.get(key, largestDocumentBytes);
  const record = openDocument(bytes, { key, payloadType: payloadTypes.component, schema: componentRecordSchema, repositoryId }, verifiers);
  if (record.backupId !== attempt.backupId || record.component.name !== attempt.component || record.component.attempt !== attempt.attempt) {
    throw new ArchiveError('DocumentInvalid', `${key} describes another attempt than its place says.`);
  }
  return { record, object: describeObject(key, bytes) };
};

export const sealManifest = (manifest: Manifest, signer: Signer): Buffer =>
  sealDocument(payloadTypes.manifest, manifestSchema.parse(manifest), signer);

// Opens the bytes of a manifest that lie at manifests/<backupId>.json.
export const openManifest = (bytes: Buffer, backupId: string, repositoryId: string, verifiers: Verifiers): Manifest => {
  const key = manifestKey(backupId);
  const manifest = openDocument(bytes, { key, payloadType: payloadTypes.manifest, schema: manifestSchema, repositoryId }, verifiers);
  if (manifest.backupId !== backupId) {
    throw new ArchiveError('DocumentInvalid', `${key} describes the backup ${manifest.backupId}.`);
  }
  return manifest;
};

export const readManifest = async (
  store: Store,
  backupId: string,
  repositoryId: string,
  verifiers: Verifiers,
): Promise<{ manifest: Manifest; bytes: Buffer }> => {
  const bytes = await store.get(manifestKey(backupId), largestDocumentBytes);
  return { manifest: openManifest(bytes, backupId, repositoryId, verifiers), bytes };
};

// The signed description of a safety copy: written last, and without it there is no copy.
import type { Store } from '../../../stores/store.ts';
import { payloadTypes } from '../../../api/stored/envelope.ts';
import { safetySchema } from '../../../api/stored/safety.ts';
import type { SafetyDocument } from '../../../api/stored/safety.ts';
import { ArchiveError } from '../../errors.ts';
import { safetyDescriptionKey } from '../../layout.ts';
import { totalBytes } from '../../manifest-objects.ts';
import { openDocument, sealDocument } from '../../signing/envelope.ts';
import type { Signer, Verifiers } from '../../signing/keys.ts';
import { largestDocumentBytes, putOnce } from '../../small-objects.ts';

// Whose copy it is.
export type CopyOf = { uid: string; component: string };

// What counts is what the store hands back.
export const writeDescription = async (store: Store, document: SafetyDocument, signer: Signer, verifiers: Verifiers): Promise<void> => {
  await putOnce(store, document.key, sealDocument(payloadTypes.safety, safetySchema.parse(document), signer));
  await readDescription(
    store,
    { uid: document.restore.uid, component: document.component },
    document.attempt,
    document.repositoryId,
    verifiers,
  );
};

// Throws ObjectMissing, and whatever is wrong with it.
export const readDescription = async (
  store: Store,
  { uid, component }: CopyOf,
  attempt: number,
  repositoryId: string,
  verifiers: Verifiers,
): Promise<SafetyDocument> => {
  const key = safetyDescriptionKey(uid, component, attempt);
  const bytes = await store.get(key, largestDocumentBytes);
  const document = openDocument(bytes, { key, payloadType: payloadTypes.safety, schema: safetySchema, repositoryId }, verifiers);
  if (document.restore.uid !== uid || document.component !== component || document.attempt !== attempt) {
    throw new ArchiveError('DocumentInvalid', `${key} describes another copy than its place says.`);
  }
  return document;
};

// Stored bytes of the copy.
export const storedBytes = ({ artifact, keys }: SafetyDocument): number => totalBytes([...keys, ...artifact.volumes]);

// The age identity of one attempt: made for it, kept in memory, and stored wrapped to the recipients of the policy.
import { createHash } from 'node:crypto';
import type { StoredObject } from '../api/stored/backup.ts';
import type { Store } from '../stores/store.ts';
import { encryptBytes } from './age/file.ts';
import { makeIdentity } from './age/header.ts';
import type { AgeIdentity } from './age/header.ts';
import { ArchiveError } from './errors.ts';
import { keyId, sidecarKey } from './layout.ts';
import { largestDocumentBytes, putOnce } from './small-objects.ts';

export type AttemptKey = AgeIdentity & { readonly keyId: string; readonly sidecar: StoredObject };

// Names a set of recipients, whatever their order.
export const recipientsFingerprint = (recipients: readonly string[]): string =>
  createHash('sha256')
    .update([...recipients].toSorted().join('\n'))
    .digest('hex')
    .slice(0, 16);

export const makeAttemptKey = (
  store: Store,
  recipients: readonly string[],
  attempt: { backupId: string; component: string; attempt: number },
): Promise<AttemptKey> => makeKey(store, recipients, keyId(attempt.backupId, attempt.component, attempt.attempt));

// Makes an identity, writes its sidecar before any data, and reads it back: data without a key would be noise.
// `placeOf`: where the sidecar lies, by the fingerprint of the recipients.
export const makeKey = async (
  store: Store,
  recipients: readonly string[],
  id: string,
  placeOf = (fingerprint: string): string => sidecarKey(id, fingerprint),
): Promise<AttemptKey> => {
  const made = await makeIdentity();
  const wrapped = await encryptBytes(Buffer.from(`${made.identity}\n`), recipients);
  const sidecar = await putOnce(store, placeOf(recipientsFingerprint(recipients)), wrapped);
  if (!wrapped.equals(await store.get(sidecar.key, largestDocumentBytes))) {
    throw new ArchiveError(
      'DigestMismatch',
      `${sidecar.key} was read back from ${store.description} with other content. Do not trust this store.`,
      {
        retryable: true,
      },
    );
  }
  return { ...made, keyId: id, sidecar };
};

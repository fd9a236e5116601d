// Opens the keys of backups with the identity out of the safe. Each attempt has a key of its own.
import type { ComponentEntry } from '../../api/stored/backup.ts';
import type { Store } from '../../stores/store.ts';
import { registerSecret } from '../../telemetry/redact.ts';
import { decryptBytes } from '../age/file.ts';
import { ArchiveError } from '../errors.ts';
import { describeObject, largestDocumentBytes } from '../small-objects.ts';

const identityLine = /^AGE-SECRET-KEY-1[0-9A-Z]+$/gm;

// The identities in a file such as identity.txt. `where`: what the user calls it. Throws IdentityInvalid where there is none.
export const identitiesIn = (text: string, where = 'The file'): string[] => {
  const found = text.match(identityLine) ?? [];
  if (found.length === 0) {
    throw new ArchiveError(
      'IdentityInvalid',
      `${where} holds no age identity: no line begins with AGE-SECRET-KEY-1. The identity.txt that keygen wrote has one.`,
    );
  }
  found.forEach(registerSecret);
  return found;
};

// The identity of an attempt. Throws what the store or the key says; DecryptionFailed where no identity fits.
export const openAttemptKey = async (store: Store, component: ComponentEntry, identities: readonly string[]): Promise<string> => {
  const sidecars = await sidecarsOf(store, component);
  for (const sidecar of sidecars) {
    const opened = await openSidecar(store, sidecar, identities);
    if (opened !== undefined) {
      return opened;
    }
  }
  throw new ArchiveError('DecryptionFailed', `none of its ${sidecars.length} key objects (${component.keyId}) is encrypted for it.`);
};

// The identity in one key object. Undefined: none of the identities opens it.
export const openSidecar = async (
  store: Store,
  { key, sha256 }: { key: string; sha256?: string },
  identities: readonly string[],
): Promise<string | undefined> => {
  const wrapped = await store.get(key, largestDocumentBytes);
  if (sha256 !== undefined && describeObject(key, wrapped).sha256 !== sha256) {
    throw new ArchiveError('DigestMismatch', `The bytes of ${key} are not those that were stored: their SHA-256 differs.`);
  }
  const opened = await tryOpen(wrapped, identities);
  if (opened !== undefined) {
    registerSecret(opened);
  }
  return opened;
};

// Those that the manifest names, then those that a later rotation of keys has added.
const sidecarsOf = async (store: Store, { keyId, keys }: ComponentEntry): Promise<{ key: string; sha256?: string }[]> => {
  const sidecars: { key: string; sha256?: string }[] = [...keys];
  for await (const { key } of store.list(`keys/${keyId}/`)) {
    if (!keys.some((known) => known.key === key)) {
      sidecars.push({ key });
    }
  }
  return sidecars;
};

const tryOpen = async (wrapped: Buffer, identities: readonly string[]): Promise<string | undefined> => {
  try {
    return (await decryptBytes(wrapped, identities)).toString('utf8').trim();
  } catch (error) {
    if (error instanceof ArchiveError && error.code === 'DecryptionFailed') {
      return undefined;
    }
    throw error;
  }
};

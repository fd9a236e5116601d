// Headers of age files, by the age-encryption package: it wraps and unwraps the file key. The payload is ours (payload.ts), ten times as fast.
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { ArchiveError } from '../errors.ts';

const headerEnd = Buffer.from('\n--- ');
const nonceBytes = 16;
const longestHeaderBytes = 64 * 1024;

export type AgeIdentity = { readonly identity: string; readonly recipient: string };

// A fresh X25519 identity: the kind that every release of `age` opens.
export const makeIdentity = async (): Promise<AgeIdentity> => {
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
};

const identityInvalid = (cause: unknown): ArchiveError =>
  new ArchiveError('IdentityInvalid', 'This is no age identity. It must be a line that begins with AGE-SECRET-KEY-1.', { cause });

// The public recipient of an identity. Throws IdentityInvalid.
export const recipientOf = async (identity: string): Promise<string> => {
  try {
    return await identityToRecipient(identity.trim());
  } catch (cause) {
    throw identityInvalid(cause);
  }
};

const headerLength = (file: Buffer): number => {
  const mark = file.indexOf(headerEnd);
  const end = mark < 0 ? -1 : file.indexOf('\n', mark + headerEnd.length);
  return end < 0 ? -1 : end + 1;
};

// A header for these recipients with a fresh file key. The library never hands the key out, so we stand in line as one more recipient.
export const makeHeader = async (recipients: readonly string[]): Promise<{ header: Buffer; fileKey: Buffer }> => {
  if (recipients.length === 0) {
    throw new ArchiveError(
      'RecipientInvalid',
      'There is no recipient: nobody could ever open this object. Set spec.encryption.recipients.',
    );
  }
  const encrypter = new Encrypter();
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(recipient);
    } catch (cause) {
      throw new ArchiveError('RecipientInvalid', `"${recipient}" is no age recipient. Copy it again from the output of keygen.`, { cause });
    }
  }
  let fileKey: Buffer | undefined;
  encrypter.addRecipient({
    wrapFileKey: (key) => {
      fileKey = Buffer.from(key);
      return [];
    },
  });
  const empty = Buffer.from(await encrypter.encrypt(new Uint8Array(0)));
  if (fileKey === undefined) {
    throw new TypeError('age-encryption did not ask the capturing recipient for stanzas');
  }
  return { header: empty.subarray(0, headerLength(empty)), fileKey };
};

// Splits the beginning of an age file into header, payload nonce and rest. Undefined: more bytes are needed.
export const splitHeader = (file: Buffer): { header: Buffer; nonce: Buffer; rest: Buffer } | undefined => {
  const length = headerLength(file);
  if (length < 0 || file.length < length + nonceBytes) {
    if (file.length > longestHeaderBytes) {
      throw new ArchiveError('DecryptionFailed', 'This object does not begin with the header of an age file.');
    }
    return undefined;
  }
  return { header: file.subarray(0, length), nonce: file.subarray(length, length + nonceBytes), rest: file.subarray(length + nonceBytes) };
};

// The file key, unwrapped by one of the identities. Throws DecryptionFailed.
export const openHeader = async (header: Buffer, identities: readonly string[]): Promise<Buffer> => {
  const decrypter = new Decrypter();
  for (const identity of identities) {
    try {
      decrypter.addIdentity(identity.trim());
    } catch (cause) {
      throw identityInvalid(cause);
    }
  }
  try {
    return Buffer.from(await decrypter.decryptHeader(header));
  } catch (cause) {
    throw new ArchiveError('DecryptionFailed', 'None of the identities opens this object. Use the identity of one of its recipients.', {
      cause,
    });
  }
};

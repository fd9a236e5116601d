// Signed documents: JSON in a DSSE envelope (https://github.com/secure-systems-lab/dsse), signed with Ed25519.
import { sign, verify } from 'node:crypto';
import type { z } from 'zod';
import { envelopeSchema } from '../../api/stored/envelope.ts';
import type { Envelope, PayloadType } from '../../api/stored/envelope.ts';
import { ArchiveError } from '../errors.ts';
import type { Signer, Verifiers } from './keys.ts';

// The highest `minReader` that this release understands.
const readerVersion = 1;

// What is signed: type and payload with their lengths, so that neither can pass for the other.
const preAuthEncoding = (payloadType: string, payload: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `), payload]);

// Signs a document. The result is what is stored.
export const sealDocument = (payloadType: PayloadType, document: unknown, signer: Signer): Buffer => {
  const payload = Buffer.from(JSON.stringify(document));
  const sig = sign(null, preAuthEncoding(payloadType, payload), signer.privateKey).toString('base64');
  const envelope: Envelope = { payloadType, payload: payload.toString('base64'), signatures: [{ keyid: signer.keyId, sig }] };
  return Buffer.from(`${JSON.stringify(envelope)}\n`);
};

const parseJson = (bytes: Buffer, key: string): unknown => {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new ArchiveError('DocumentInvalid', `${key} is not JSON: it was cut or overwritten.`, { cause });
  }
};

const checkSignature = (envelope: Envelope, payload: Buffer, key: string, verifiers: Verifiers): void => {
  const known = envelope.signatures.filter(({ keyid }) => verifiers.has(keyid));
  if (known.length === 0) {
    const signers = envelope.signatures.map(({ keyid }) => keyid.slice(0, 40)).join(', ');
    throw new ArchiveError(
      'SignerUnknown',
      `${key} is signed by ${signers}, which is not among the verification keys. Do not trust it, or add the key.`,
    );
  }
  const bytes = preAuthEncoding(envelope.payloadType, payload);
  for (const { keyid, sig } of known) {
    const verifier = verifiers.get(keyid);
    if (verifier !== undefined && verify(null, bytes, verifier, Buffer.from(sig, 'base64'))) {
      return;
    }
  }
  throw new ArchiveError('SignatureInvalid', `The signature of ${key} does not fit its content: it was changed after it was signed.`);
};

// Opens a signed document: signature first, then type, age of the format, schema, and that it lies under its own key and in its own repository.
export const openDocument = <S extends z.ZodType<{ key: string; repositoryId: string }>>(
  bytes: Buffer,
  expected: { key: string; payloadType: PayloadType; schema: S; repositoryId: string },
  verifiers: Verifiers,
): z.output<S> => {
  const { key } = expected;
  const parsed = envelopeSchema.safeParse(parseJson(bytes, key));
  if (!parsed.success) {
    throw new ArchiveError('SignatureInvalid', `${key} is not signed: it is no DSSE envelope. Do not trust it.`);
  }
  const envelope = parsed.data;
  const payload = Buffer.from(envelope.payload, 'base64');
  checkSignature(envelope, payload, key, verifiers);
  if (envelope.payloadType !== expected.payloadType) {
    throw new ArchiveError('DocumentInvalid', `${key} holds a document of the type ${envelope.payloadType}, not ${expected.payloadType}.`);
  }
  const content = parseJson(payload, key);
  checkReader(content, key);
  const document = expected.schema.safeParse(content);
  if (!document.success) {
    throw new ArchiveError(
      'DocumentInvalid',
      `${key} does not fit its schema: ${document.error.issues[0]?.path.join('.')} ${document.error.issues[0]?.message}`,
    );
  }
  if (document.data.key !== key) {
    throw new ArchiveError('DocumentInvalid', `${key} holds the document of ${document.data.key}: somebody moved it.`);
  }
  if (document.data.repositoryId !== expected.repositoryId) {
    throw new ArchiveError('DocumentInvalid', `${key} belongs to the repository ${document.data.repositoryId}, not to this one.`);
  }
  return document.data;
};

// Refuses a document that a later release wrote in a way this one cannot read.
export const checkReader = (content: unknown, key: string): void => {
  const minReader = typeof content === 'object' && content !== null && 'minReader' in content ? content.minReader : undefined;
  if (typeof minReader === 'number' && minReader > readerVersion) {
    throw new ArchiveError(
      'FormatTooNew',
      `${key} needs a reader of version ${minReader}; this one has ${readerVersion}. Use a later release of Holdfast.`,
    );
  }
};

// Whole age files as streams: header, nonce, payload.
import { randomBytes } from 'node:crypto';
import { ArchiveError } from '../errors.ts';
import { makeHeader, openHeader, splitHeader } from './header.ts';
import { openPayload, payloadKey, sealPayload } from './payload.ts';

// Encrypts a stream to the recipients. Stock `age -d` opens the result.
export async function* encrypt(source: AsyncIterable<Uint8Array>, recipients: readonly string[]): AsyncGenerator<Buffer> {
  const { header, fileKey } = await makeHeader(recipients);
  const nonce = randomBytes(16);
  yield Buffer.concat([header, nonce]);
  yield* sealPayload(payloadKey(fileKey, nonce), source);
}

// Decrypts a stream with the first identity that fits. Throws DecryptionFailed. Each yielded buffer is the consumer's to keep.
export async function* decrypt(source: AsyncIterable<Uint8Array>, identities: readonly string[]): AsyncGenerator<Buffer> {
  const iterator = source[Symbol.asyncIterator]();
  try {
    let start = Buffer.alloc(0);
    let parts = splitHeader(start);
    while (parts === undefined) {
      const next = await iterator.next();
      if (next.done === true) {
        throw new ArchiveError('DecryptionFailed', 'This object ends inside the header of an age file.');
      }
      start = Buffer.concat([start, next.value]);
      parts = splitHeader(start);
    }
    const { header, nonce, rest } = parts;
    const key = payloadKey(await openHeader(header, identities), nonce);
    yield* openPayload(
      key,
      (async function* payload() {
        yield rest;
        for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
          yield next.value;
        }
      })(),
    );
  } finally {
    await iterator.return?.();
  }
}

async function* once(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}

const gather = async (source: AsyncIterable<Buffer>): Promise<Buffer> => {
  const parts: Buffer[] = [];
  for await (const part of source) {
    parts.push(Buffer.from(part));
  }
  return Buffer.concat(parts);
};

// Encrypts a small document.
export const encryptBytes = (content: Uint8Array, recipients: readonly string[]): Promise<Buffer> =>
  gather(encrypt(once(content), recipients));

// Decrypts a small document.
export const decryptBytes = (content: Uint8Array, identities: readonly string[]): Promise<Buffer> =>
  gather(decrypt(once(content), identities));

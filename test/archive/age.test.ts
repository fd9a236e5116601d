// Our age files against the stock tool, against the format's own test vectors, and against somebody who changes them.
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { array, assert, asyncProperty, constantFrom, integer, pre, tuple } from 'fast-check';
import { decrypt, decryptBytes, encrypt, encryptBytes } from '../../src/archive/age/file.ts';
import { makeIdentity, recipientOf } from '../../src/archive/age/header.ts';
import type { AgeIdentity } from '../../src/archive/age/header.ts';
import { ArchiveError } from '../../src/archive/errors.ts';
import { readVectors } from './age-vectors.ts';

const chunk = 64 * 1024;
const sealedChunk = chunk + 16;
let scratch: string;
let key: AgeIdentity;
let other: AgeIdentity;
let identityFile: string;

test.before(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'holdfast-age-'));
  key = await makeIdentity();
  other = await makeIdentity();
  identityFile = join(scratch, 'identity');
  await writeFile(identityFile, `${key.identity}\n`, { mode: 0o600 });
});

test.after.always(() => rm(scratch, { recursive: true, force: true }));

// The stock tool, with its input and output as bytes.
const age = (parameters: string[], input: Buffer): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const child = spawn('age', parameters, { stdio: ['pipe', 'pipe', 'pipe'] });
    const output: Buffer[] = [];
    let complaint = '';
    child.stdout.on('data', (part: Buffer) => output.push(part));
    child.stderr.on('data', (part: Buffer) => (complaint += part.toString()));
    child.stdin.on('error', () => undefined);
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve(Buffer.concat(output)) : reject(new Error(complaint))));
    child.stdin.end(input);
  });

async function* inPieces(content: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  const held = Buffer.alloc(Math.max(...sizes, 1));
  let at = 0;
  for (let index = 0; at < content.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1;
    const copied = content.copy(held, 0, at, at + size);
    yield held.subarray(0, copied);
    // A source may use its buffer again.
    held.fill(0xaa);
    at += size;
  }
}

const gather = async (source: AsyncIterable<Buffer>): Promise<{ content: Buffer; failure?: unknown }> => {
  const parts: Buffer[] = [];
  try {
    for await (const part of source) {
      parts.push(Buffer.from(part));
    }
  } catch (failure) {
    return { content: Buffer.concat(parts), failure };
  }
  return { content: Buffer.concat(parts) };
};

// Sizes around the borders of chunks (64 KiB) and of our batches (1 MiB).
const borders = tuple(constantFrom(0, 1, 2, 15, 16, 17, 31, 32, 33), integer({ min: -17, max: 17 })).map(([chunks, delta]) =>
  Math.max(0, chunks * chunk + delta),
);
const pieces = array(constantFrom(1, 100, 16, chunk - 1, chunk, sealedChunk, sealedChunk + 1, 1024 ** 2, 3_000_000), {
  minLength: 1,
  maxLength: 5,
});
const fewBytesAtATime = (sizes: readonly number[]): boolean => sizes.every((size) => size < 1000);

test('what we encrypt, the stock tool decrypts, and the other way round', async (t) => {
  await assert(
    asyncProperty(borders, async (size) => {
      const content = randomBytes(size);
      const ours = await encryptBytes(content, [key.recipient]);
      t.true((await age(['--decrypt', '--identity', identityFile], ours)).equals(content));
      const theirs = await age(['--encrypt', '--recipient', key.recipient], content);
      t.true((await decryptBytes(theirs, [key.identity])).equals(content));
      t.is(ours.length, theirs.length);
    }),
    { numRuns: 25 },
  );
});

test('the pieces in which bytes come change nothing', async (t) => {
  await assert(
    asyncProperty(borders, pieces, pieces, async (size, plainPieces, sealedPieces) => {
      pre(size < 200_000 || !(fewBytesAtATime(plainPieces) || fewBytesAtATime(sealedPieces)));
      const content = randomBytes(size);
      const sealed = await gather(encrypt(inPieces(content, plainPieces), [key.recipient]));
      const opened = await gather(decrypt(inPieces(sealed.content, sealedPieces), [key.identity]));
      t.is(opened.failure, undefined);
      t.true(opened.content.equals(content));
    }),
    { numRuns: 40 },
  );
});

test('decrypted buffers stay as they are when the next one is asked for', async (t) => {
  const content = randomBytes(5 * 1024 ** 2 + 3);
  const sealed = await encryptBytes(content, [key.recipient]);
  const kept: Buffer[] = [];
  for await (const part of decrypt(inPieces(sealed, [100_000]), [key.identity])) {
    kept.push(part);
  }
  t.true(kept.length > 3);
  t.true(Buffer.concat(kept).equals(content));
});

test('every recipient opens it, nobody else does', async (t) => {
  const content = randomBytes(1000);
  const sealed = await encryptBytes(content, [key.recipient, other.recipient]);
  t.true((await decryptBytes(sealed, [key.identity])).equals(content));
  t.true((await decryptBytes(sealed, [other.identity])).equals(content));
  t.true((await age(['--decrypt', '--identity', identityFile], sealed)).equals(content));
  const third = await makeIdentity();
  const error = await t.throwsAsync(decryptBytes(sealed, [third.identity]), { instanceOf: ArchiveError, code: 'DecryptionFailed' });
  t.regex(error.message, /identity of one of its recipients/);
  t.true((await decryptBytes(sealed, [third.identity, ` ${other.identity}\n`])).equals(content));
  t.is(await recipientOf(`${key.identity}\n`), key.recipient);
});

test('recipients and identities that are none are named, and none at all is refused', async (t) => {
  for (const recipients of [[], ['age1nonsense'], [key.recipient, ''], ['ssh-ed25519 AAAA']]) {
    await t.throwsAsync(encryptBytes(Buffer.from('x'), recipients), { instanceOf: ArchiveError, code: 'RecipientInvalid' });
  }
  const sealed = await encryptBytes(Buffer.from('x'), [key.recipient]);
  for (const identity of ['', 'AGE-SECRET-KEY-1NONSENSE', key.recipient]) {
    const error = await t.throwsAsync(decryptBytes(sealed, [identity]), { instanceOf: ArchiveError, code: 'IdentityInvalid' });
    t.false(error.message.includes('NONSENSE'));
    await t.throwsAsync(recipientOf(identity), { instanceOf: ArchiveError, code: 'IdentityInvalid' });
  }
});

// Everything that comes out of a damaged file is a beginning of the truth, and then an error.
const isRefused = async (damaged: Buffer, content: Buffer): Promise<boolean> => {
  const { content: released, failure } = await gather(decrypt(inPieces(damaged, [1024 ** 2]), [key.identity]));
  return (
    failure instanceof ArchiveError &&
    failure.code === 'DecryptionFailed' &&
    released.length < Math.max(1, content.length) &&
    content.subarray(0, released.length).equals(released)
  );
};

test('a file that was cut anywhere is refused', async (t) => {
  for (const size of [0, 5, chunk, chunk + 1, 2 * chunk, 16 * chunk, 16 * chunk + 5, 20 * chunk]) {
    const content = randomBytes(size);
    const sealed = await encryptBytes(content, [key.recipient]);
    const start = sealed.indexOf('\n', sealed.indexOf('\n--- ') + 5) + 1 + 16;
    const wholeChunks = Array.from(
      { length: Math.floor((sealed.length - start) / sealedChunk) },
      (_, index) => start + index * sealedChunk,
    );
    const cuts = [
      0,
      1,
      20,
      start - 17,
      start - 16,
      start - 1,
      ...wholeChunks,
      start + 1,
      start + 15,
      sealed.length - 16,
      sealed.length - 1,
    ];
    for (const cut of new Set(cuts.filter((each) => each < sealed.length))) {
      t.true(await isRefused(sealed.subarray(0, cut), content), `${size} cut at ${cut}`);
    }
    for (const extra of [1, 15, 16, 17, sealedChunk]) {
      t.true(await isRefused(Buffer.concat([sealed, randomBytes(extra)]), content), `${size} with ${extra} more`);
    }
  }
});

test('chunks that were swapped, dropped, doubled or taken from another file are refused', async (t) => {
  const content = randomBytes(20 * chunk + 7);
  const sealed = await encryptBytes(content, [key.recipient]);
  const start = sealed.length - (20 * sealedChunk + 7 + 16);
  const at = (index: number): Buffer => sealed.subarray(start + index * sealedChunk, start + (index + 1) * sealedChunk);
  const rebuild = (order: Buffer[]): Buffer => Buffer.concat([sealed.subarray(0, start), ...order]);
  const chunks = Array.from({ length: 21 }, (_, index) => at(index));
  t.true(rebuild(chunks).equals(sealed));
  const elsewhere = await encryptBytes(content, [key.recipient]);

  for (const index of [0, 1, 14, 15, 16, 19]) {
    t.true(await isRefused(rebuild(chunks.with(index, at(index + 1)).with(index + 1, at(index))), content), `swapped ${index}`);
    t.true(await isRefused(rebuild(chunks.toSpliced(index, 1)), content), `dropped ${index}`);
    t.true(await isRefused(rebuild(chunks.toSpliced(index, 0, at(index))), content), `doubled ${index}`);
    const foreign = elsewhere.subarray(start + index * sealedChunk, start + (index + 1) * sealedChunk);
    t.true(await isRefused(rebuild(chunks.with(index, foreign)), content), `foreign ${index}`);
  }
  // The payload of one file under the header of the other.
  t.true(await isRefused(Buffer.concat([elsewhere.subarray(0, start), sealed.subarray(start)]), content));
});

test('one changed bit is noticed, wherever it is', async (t) => {
  const content = randomBytes(17 * chunk + 100);
  const sealed = await encryptBytes(content, [key.recipient]);
  const start = sealed.length - (17 * (chunk + 16) + 116);
  const borderBytes = [
    start,
    start + chunk - 1,
    start + chunk,
    start + sealedChunk - 1,
    start + 16 * sealedChunk,
    sealed.length - 17,
    sealed.length - 1,
  ];
  const everywhere = [...Array.from({ length: start }, (_, index) => index), ...borderBytes];
  for (const at of everywhere) {
    const damaged = Buffer.from(sealed);
    damaged[at] = (damaged[at] as number) ^ 1;
    t.true(await isRefused(damaged, content), `byte ${at} of ${sealed.length}`);
  }
});

test('what is no age file at all is refused, and not kept in memory', async (t) => {
  for (const nothing of [Buffer.alloc(0), Buffer.from('x'), randomBytes(1000), Buffer.alloc(3_000_000, '\n'), Buffer.alloc(3_000_000)]) {
    t.true(await isRefused(nothing, Buffer.alloc(0)));
  }
  let asked = 0;
  async function* endless(): AsyncGenerator<Buffer> {
    for (;;) {
      asked += 1;
      yield Buffer.alloc(1000, 'a');
    }
  }
  await t.throwsAsync(
    gather(decrypt(endless(), [key.identity])).then(({ failure }) => Promise.reject(failure)),
    { code: 'DecryptionFailed' },
  );
  t.true(asked < 100);
});

async function* broken(): AsyncGenerator<Buffer> {
  yield randomBytes(2_000_000);
  throw new Error('the source broke off');
}

test('an error of the source is not an end', async (t) => {
  const { failure } = await gather(encrypt(broken(), [key.recipient]));
  t.is((failure as Error).message, 'the source broke off');
});

test('the test vectors of the format', async (t) => {
  const vectors = await readVectors();
  let checked = 0;
  for (const { name, expect, identities, hasPassphrase, isArmored, payload, file } of vectors) {
    // Passphrases are not for us.
    if (hasPassphrase) {
      continue;
    }
    const { content, failure } = await gather(decrypt(inPieces(file, [100_000]), identities));
    if (expect === 'success' && !isArmored) {
      t.is(failure, undefined, name);
      t.is(createHash('sha256').update(content).digest('hex'), String(payload), name);
    } else {
      // Armor is text around a file: nothing that we write.
      t.true(failure instanceof ArchiveError && failure.code === 'DecryptionFailed', `${name}: ${String(failure)}`);
      t.true(expect === 'payload failure' || content.length === 0, name);
    }
    checked += 1;
  }
  t.log(`${checked} of ${vectors.length} vectors`);
  t.true(checked > 80);
});

// What a reader of the WAL archive believes: only what a signed document names, byte for byte, and never more than that.
import { appendFileSync, copyFileSync, globSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { parseSegmentName, segmentName } from '../../src/api/lsn.ts';
import { ArchiveError } from '../../src/archive/errors.ts';
import type { ArchiveErrorCode } from '../../src/archive/errors.ts';
import { segmentReader } from '../../src/archive/wal/read-segment.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { makeFixture } from '../engines/server-fixture.ts';
import type { Fixture } from '../engines/server-fixture.ts';
import { flushedLsn, lineage, newestLineage, storedTo } from './archive-check.ts';
import { killReceivers, startReceiver, until, walPolicy } from './receiver-run.ts';
import type { WalPolicy } from './receiver-run.ts';

let fixture: Fixture;
let policy: WalPolicy;
let root: string;

const segmentBytes = 16 * 1024 ** 2;
const bulk = `CREATE TABLE IF NOT EXISTS bulk (body text); INSERT INTO bulk SELECT repeat(md5(n::text || random()), 8) FROM generate_series(1, 30000) n`;

// An archive with whole segments, pieces, and two tails or more.
test.before(async () => {
  fixture = await makeFixture();
  const server = await fixture.start('trust', { wal_keep_size: '1GB', max_slot_wal_keep_size: '1GB' });
  policy = await walPolicy(fixture);
  root = join(policy.directory, 'local');
  const receiver = startReceiver(await policy.plan(server));
  for (let round = 0; round < 4; round += 1) {
    await server.query(bulk);
    const end = await flushedLsn(server);
    await until('it is stored', async () => storedTo(await newestLineage(policy)) >= end, 40, receiver);
  }
  await receiver.stop();
});
test.after.always(async () => {
  killReceivers();
  await fixture.stop();
});

const files = (pattern: string): string[] => globSync(pattern, { cwd: root }).toSorted();

const read = async (name: string, upTo?: bigint): Promise<Buffer> => {
  const store = await policy.store('local');
  const reader = segmentReader(store, await lineage(policy), [policy.identity]);
  const options = upTo === undefined ? {} : { upTo };
  const parts: Buffer[] = [];
  const path = join(temporaryFolder('segment'), name);
  const [whole, written] = await Promise.allSettled([
    (async () => {
      for await (const part of reader.read(name, options)) {
        parts.push(Buffer.from(part));
      }
    })(),
    reader.write(name, path, options),
  ]);
  // As a file or as a stream: the same bytes, or the same refusal.
  if (whole.status === 'rejected' || written.status === 'rejected') {
    const codes = [whole, written].map((one) => (one.status === 'rejected' ? (one.reason as ArchiveError).code : 'none'));
    throw codes[0] === codes[1]
      ? (whole as PromiseRejectedResult).reason
      : new Error(`read and write end differently: ${codes.join(', ')}`);
  }
  const bytes = Buffer.concat(parts);
  if (!bytes.equals(readFileSync(path))) {
    throw new Error('read and write give different bytes');
  }
  return bytes;
};

// Does something to a file, and puts it right again.
const spoiled = async (file: string, spoil: (path: string) => void, work: () => Promise<void>): Promise<void> => {
  const path = join(root, file);
  const kept = readFileSync(path);
  spoil(path);
  try {
    await work();
  } finally {
    writeFileSync(path, kept);
  }
};

const refused = async (t: ExecutionContext, work: () => Promise<unknown>, code: ArchiveErrorCode): Promise<void> => {
  const error = await t.throwsAsync(work, { instanceOf: ArchiveError });
  t.is(error?.code, code);
};

const flipLast = (path: string): void => {
  const bytes = readFileSync(path);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  writeFileSync(path, bytes);
};

test.serial('a stored segment that was changed, cut, lengthened or taken away is refused', async (t) => {
  const [whole = ''] = files('wal/*/00000001/0*.zst.age');
  const name = basename(whole).slice(0, 24);
  t.is((await read(name)).length, segmentBytes);
  await spoiled(whole, flipLast, () => refused(t, () => read(name), 'DigestMismatch'));
  await spoiled(
    whole,
    (path) => writeFileSync(path, readFileSync(path).subarray(0, -1)),
    () => refused(t, () => read(name), 'SizeMismatch'),
  );
  await spoiled(
    whole,
    (path) => appendFileSync(path, '+'),
    () => refused(t, () => read(name), 'SizeMismatch'),
  );
  await spoiled(
    whole,
    (path) => rmSync(path),
    async () => void (await t.throwsAsync(() => read(name), { code: 'ObjectMissing' })),
  );
  t.is((await read(name)).length, segmentBytes);
});

test.serial('a segment under the name of another one is refused', async (t) => {
  const [first = '', second = ''] = files('wal/*/00000001/0*.zst.age');
  await spoiled(
    first,
    (path) => copyFileSync(join(root, second), path),
    async () => {
      const error = await t.throwsAsync(() => read(basename(first).slice(0, 24)), { instanceOf: ArchiveError });
      t.true(['SizeMismatch', 'DigestMismatch'].includes(error?.code ?? ''));
    },
  );
});

test.serial('WAL that no document names counts for nothing, whoever put it there', async (t) => {
  const before = await lineage(policy);
  const end = storedTo(before);
  const [whole = ''] = files('wal/*/00000001/0*.zst.age');
  const next = segmentName(1, end + BigInt(segmentBytes), segmentBytes);
  const planted = join(root, whole.replace(basename(whole).slice(0, 24), next));
  copyFileSync(join(root, whole), planted);
  t.is(storedTo(await lineage(policy)), end);
  await refused(t, () => read(next), 'WalMissing');
  rmSync(planted);
});

test.serial('the newest tail is changed or moved: it is named as damaged, and the one before it counts', async (t) => {
  const tails = files('wal/*/marks/00000001/*.json');
  t.true(tails.length >= 2);
  const newest = tails.at(-1) ?? '';
  const end = storedTo(await lineage(policy));
  const before = join(root, tails.at(-2) ?? '');
  await spoiled(
    newest,
    (path) => writeFileSync(path, readFileSync(path, 'utf8').replace('"sig":"', '"sig":"AAAA')),
    async () => {
      const found = await lineage(policy);
      t.deepEqual(
        found.damaged.map(({ code }) => code),
        ['SignatureInvalid'],
      );
      t.true(storedTo(found) <= end);
    },
  );
  // An older tail under a newer name would hide what came since.
  await spoiled(
    newest,
    (path) => copyFileSync(before, path),
    async () => {
      t.deepEqual(
        (await lineage(policy)).damaged.map(({ code }) => code),
        ['DocumentInvalid'],
      );
    },
  );
  t.is(storedTo(await lineage(policy)), end);
  t.deepEqual((await lineage(policy)).damaged, []);
});

test.serial('what is not stored yet is zeros up to a place that is, and an error up to one that is not', async (t) => {
  const found = await lineage(policy);
  const end = storedTo(found);
  const name = segmentName(1, end - 1n, segmentBytes);
  const bytes = await read(name, end);
  t.is(bytes.length, segmentBytes);
  const stored = Number(end % BigInt(segmentBytes));
  t.true(bytes.subarray(stored).every((byte) => byte === 0));
  t.false(bytes.subarray(0, stored).every((byte) => byte === 0));
  const [whole = ''] = files('wal/*/00000001/0*.zst.age');
  const closed = basename(whole).slice(0, 24);
  const middle = 5_000_001;
  const cut = await read(closed, (parseSegmentName(closed, segmentBytes)?.start ?? 0n) + BigInt(middle));
  t.true(cut.subarray(0, middle).equals((await read(closed)).subarray(0, middle)));
  t.true(cut.subarray(middle).every((byte) => byte === 0));
  await refused(t, () => read(name, end + 1n), 'WalMissing');
  await refused(t, () => read(name), 'WalMissing');
  await refused(t, () => read('00000002.history'), 'WalMissing');
});

test.serial('a key that is not the one that was named opens nothing', async (t) => {
  const [sidecar = ''] = files('keys/wal.*/*.age');
  const [whole = ''] = files('wal/*/00000001/0*.zst.age');
  const name = basename(whole).slice(0, 24);
  await spoiled(sidecar, flipLast, () => refused(t, () => read(name), 'DigestMismatch'));
  const path = join(root, whole, '../../lineage.json');
  renameSync(path, `${path}.away`);
  await t.throwsAsync(() => lineage(policy), { code: 'ObjectMissing' });
  renameSync(`${path}.away`, path);
  t.is((await read(name)).length, segmentBytes);
});

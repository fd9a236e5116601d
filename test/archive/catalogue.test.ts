// Snapshots of the catalogue: few requests for many backups, and never a word that the store does not bear out.
import { mkdir, mkdtemp, readFile, rm, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { EntryLine, InspectFacts, InspectPlan, VerificationPlan } from '../../src/api/agent.ts';
import { payloadTypes } from '../../src/api/stored/envelope.ts';
import { inspect } from '../../src/archive/inspect.ts';
import { readAgain } from '../../src/archive/inspection/read-again.ts';
import { isDue } from '../../src/archive/inspection/write-snapshot.ts';
import { sealDocument } from '../../src/archive/signing/envelope.ts';
import { makeSigningPair, readSigner, readVerifiers } from '../../src/archive/signing/keys.ts';
import { compressDocument, decompressDocument } from '../../src/archive/zstd.ts';
import { openDirectory } from '../../src/stores/directory.ts';
import type { Store } from '../../src/stores/store.ts';
import { manyId, snapshotOf, writeManyBackups } from './many-backups.ts';
import { backUp, backupId, filesOf, makePolicy, watched } from './repository.ts';
import type { Policy } from './repository.ts';

const pair = makeSigningPair();
const signer = readSigner(pair.privateKeyPem);
const verifiers = readVerifiers([pair.verificationKey]);
const count = 1100;
const fewer = 256;
let work = '';
let root = '';

const snapshotKey = 'catalog/20261120T000000Z.jsonl.zst';

// A repository, and what an inspection would have written about it.
const repositoryOf = async (name: string, backups: number): Promise<string> => {
  const made = join(work, name);
  await writeManyBackups(made, signer, 0, backups);
  const store = openDirectory({ kind: 'directory', directory: made });
  const { key, bytes } = await snapshotOf(made, store, signer, verifiers, '2026-11-20T00:00:00.000Z');
  await mkdir(join(made, 'catalog'));
  await writeFile(join(made, key), bytes);
  return made;
};

test.before(async () => {
  work = await mkdtemp(join(tmpdir(), 'holdfast-catalogue-'));
  root = await repositoryOf('large', count);
});
test.after.always(() => rm(work, { recursive: true, force: true }));

const counting =
  (requests: string[]) =>
  (store: Store): Store => ({
    ...store,
    get: (key, most) => (requests.push(`get ${key}`), store.get(key, most)),
    head: (key) => (requests.push(`head ${key}`), store.head(key)),
    put: (key, body) => (requests.push(`put ${key}`), store.put(key, body)),
    list: (prefix, options) => (requests.push(`list ${prefix}`), store.list(prefix, options)),
  });

type Seen = { facts: InspectFacts; entries: EntryLine[]; requests: string[] };
const look = async (plan: Partial<InspectPlan> = {}, cache?: Map<string, Buffer>, directory = root): Promise<Seen> => {
  const requests: string[] = [];
  const kept = cache && {
    get: (name: string) => Promise.resolve(cache.get(name)),
    put: (name: string, content: Buffer) => Promise.resolve(void cache.set(name, content)),
  };
  const context = { ...watched(counting(requests)), ...(kept === undefined ? {} : { cache: kept }) };
  const facts = await inspect(
    {
      verb: 'inspect',
      policy: { namespace: '', name: '' },
      clusterId: '',
      verificationKeys: [pair.verificationKey],
      tier: { name: 'store', location: { kind: 'directory', directory } },
      ...plan,
    },
    context,
  );
  return { facts, entries: context.lines.filter((line) => line.kind === 'entry'), requests };
};
const tally = ({ entries }: Seen): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { verdict, code } of entries) {
    counts[code ?? verdict] = (counts[code ?? verdict] ?? 0) + 1;
  }
  return counts;
};
const pages = ['list manifests/', 'list manifests/'];
const cold = [
  'get catalog/20261120T000000Z.jsonl.zst',
  'get holdfast.json',
  'get writers/00000001.json',
  'list catalog/',
  ...pages,
  'list writers/',
];

// They share one repository, one after the other, and leave it as it was.
test.serial('a large catalogue takes its pages, one snapshot, one writer, and says when it was checked', async (t) => {
  const seen = await look();
  t.deepEqual(seen.requests.toSorted(), cold);
  t.deepEqual(tally(seen), { Passed: count });
  t.true(seen.entries.every(({ checkedTime }) => checkedTime === '2026-11-20T00:00:00.000Z'));
  t.deepEqual(
    seen.entries.map(({ backupId: id }) => id),
    Array.from({ length: count }, (_, index) => manyId(index)),
  );
  t.like(seen.entries[7], { type: 'Full', bytes: 5_002_335, components: [{ name: 'db' }], slot: '2025-01-01T07:00:00.000Z' });
});

test.serial('what is kept from an earlier look is not fetched again, and not believed either', async (t) => {
  const cache = new Map<string, Buffer>();
  await look({}, cache);
  t.is(cache.size, 1);
  const warm = await look({}, cache);
  t.deepEqual(
    warm.requests.toSorted(),
    cold.filter((each) => !each.startsWith('get catalog/')),
  );
  t.deepEqual(tally(warm), { Passed: count });
  // Somebody has changed what was kept.
  for (const [name, content] of cache) {
    const changed = Buffer.from(content);
    changed[changed.length - 100] = (changed[changed.length - 100] ?? 0) ^ 1;
    cache.set(name, changed);
  }
  const fooled = await look({ policy: { namespace: 'shop', name: 'shop' } }, cache);
  t.true((fooled.facts.damaged?.objects ?? 0) === 1 && fooled.entries.every(({ checkedTime }) => checkedTime === undefined));
});

// Into the middle of the millisecond: seconds as a floating number may come out a little less than they were.
const setTime = (path: string, milliseconds: number): Promise<void> => {
  const seconds = (Math.trunc(milliseconds) + 0.5) / 1000;
  return utimes(path, seconds, seconds);
};

test.serial('manifests that came later are read, those that went are not there, those that were replaced are read', async (t) => {
  const store = openDirectory({ kind: 'directory', directory: root });
  const at = (index: number): string => join(root, `manifests/${manyId(index)}.json`);
  await writeManyBackups(root, signer, count, count + 3);
  const gone = await readFile(at(5));
  const { mtimeMs } = await stat(at(5));
  await unlink(at(5));
  const replaced = await readFile(at(9));
  const { mtimeMs: before } = await stat(at(9));
  const forged = Buffer.from(replaced);
  forged[200] = (forged[200] ?? 0) ^ 1;
  await writeFile(at(9), forged);

  const seen = await look();
  // None of their objects was ever made.
  t.deepEqual(tally(seen), { Passed: count - 2, ObjectMissing: 3, SignatureInvalid: 1 });
  t.is(
    seen.entries.find(({ backupId: id }) => id === manyId(5)),
    undefined,
  );
  t.is(seen.entries[8]?.code, 'SignatureInvalid');
  t.is(seen.requests.filter((each) => each.startsWith('get manifests/')).length, 4);

  await writeFile(at(5), gone);
  await setTime(at(5), mtimeMs);
  await writeFile(at(9), replaced);
  await setTime(at(9), before);
  await Promise.all([0, 1, 2].map((index) => unlink(at(count + index))));
  t.deepEqual(tally(await look()), { Passed: count });
  await store.close();
});

test('a snapshot that is forged, cut, changed, moved or of another repository is refused, named, and the manifests are read', async (t) => {
  const small = await repositoryOf('small', fewer);
  const snapshotPath = join(small, snapshotKey);
  const snapshot = await readFile(snapshotPath);
  const raw = decompressDocument(snapshot, 1024 ** 3);
  const end = raw.indexOf(0x0a) + 1;
  const [head, body] = [raw.subarray(0, end), raw.subarray(end)];
  const envelope = JSON.parse(head.toString()) as { payload: string };
  const header = JSON.parse(Buffer.from(envelope.payload, 'base64').toString()) as Record<string, unknown>;
  const forger = readSigner(makeSigningPair().privateKeyPem);
  const signed = (changes: object, by = signer) =>
    compressDocument(Buffer.concat([sealDocument(payloadTypes.catalogue, { ...header, ...changes }, by), body]));
  const invented = Buffer.from(body.toString().replace(manyId(0), '20240101T000000Z-full-00000000'));
  const cases: [string, Buffer, string][] = [
    ['signed by somebody else', signed({}, forger), 'SignerUnknown'],
    ['a backup invented', compressDocument(Buffer.concat([head, invented])), 'DigestMismatch'],
    ['a backup hidden', compressDocument(Buffer.concat([head, body.subarray(body.indexOf(0x0a) + 1)])), 'DigestMismatch'],
    ['cut', snapshot.subarray(0, snapshot.length / 2), 'DocumentInvalid'],
    ['empty', Buffer.alloc(0), 'DocumentInvalid'],
    ['of another place', signed({ key: 'catalog/20261121T000000Z.jsonl.zst' }), 'DocumentInvalid'],
    ['of another repository', signed({ repositoryId: 'f'.repeat(32) }), 'DocumentInvalid'],
    ['of a later format', signed({ minReader: 2 }), 'FormatTooNew'],
    ['signed as a mark', compressDocument(Buffer.concat([sealDocument(payloadTypes.mark, header, signer), body])), 'DocumentInvalid'],
  ];
  for (const [what, content, code] of cases) {
    await writeFile(snapshotPath, content);
    const { facts, entries, requests } = await look({}, undefined, small);
    t.like(facts.damaged, { objects: 1, first: [{ code }] }, what);
    t.regex(facts.damaged?.first[0]?.message ?? '', /manifests were read instead.*delete it/, what);
    t.is(entries.length, fewer, what);
    t.is(requests.filter((each) => each.startsWith('get manifests/')).length, fewer, what);
    // Its objects were looked for now.
    t.true(
      entries.every(({ verdict }) => verdict === 'Failed'),
      what,
    );
  }
  // The older one below a wrong one still counts.
  await writeFile(snapshotPath, snapshot);
  const newer = join(small, 'catalog/20261121T000000Z.jsonl.zst');
  await writeFile(newer, snapshot);
  const seen = await look({}, undefined, small);
  t.deepEqual(tally(seen), { Passed: fewer });
  t.like(seen.facts.damaged, { objects: 1, first: [{ key: 'catalog/20261121T000000Z.jsonl.zst', code: 'DocumentInvalid' }] });
  await unlink(newer);
});

test.serial('who asks for a thorough look gets one, whatever a snapshot says', async (t) => {
  const seen = await look({ thorough: true });
  t.deepEqual(tally(seen), { ObjectMissing: count });
});

const rotation = (policy: Policy): VerificationPlan => ({
  signingKeyFile: policy.signingKeyFile,
  mostBytes: 1024 ** 3,
  mostSeconds: 600,
  intervalSeconds: 1e9,
  readBack: true,
});

test('an inspection writes a snapshot, reads little the next time, and looks at every manifest within a day', async (t) => {
  const policy = await makePolicy();
  t.teardown(() => rm(policy.directory, { recursive: true }));
  const ids = Array.from({ length: 9 }, (_, index) => backupId(index));
  const at = Date.parse('2026-11-25T00:30:00Z');
  const inspected = async (now: number, plan: Partial<InspectPlan> = { verification: rotation(policy) }) => {
    const requests: string[] = [];
    const context = { ...watched(counting(requests)), now: () => new Date(now) };
    const facts = await inspect(policy.inspectPlan(plan), context);
    const entries = context.lines.filter((line) => line.kind === 'entry');
    return { requests, facts, codes: entries.map(({ verdict, code }) => code ?? verdict) };
  };
  for (const id of ids.slice(0, 7)) {
    await backUp(policy, id);
  }
  await inspected(at);
  t.false(
    [...filesOf(policy).keys()].some((key) => key.startsWith('catalog/')),
    'few backups need none',
  );
  await backUp(policy, ids[7] ?? '');
  await inspected(at);
  t.true(filesOf(policy).has('catalog/20261125T003000Z.jsonl.zst'));

  // Nothing has changed: eight requests at most, nothing written.
  const read = new Set<string>();
  for (let hour = 1; hour <= 24; hour += 1) {
    const { requests, codes } = await inspected(at + hour * 3_600_000);
    t.true(requests.length <= 8, requests.join(', '));
    t.deepEqual(
      codes,
      Array.from({ length: 8 }, () => 'Passed'),
    );
    requests.filter((each) => each.startsWith('get manifests/')).forEach((each) => read.add(each));
  }
  t.is(read.size, 8);

  // A byte of a manifest that changed at rest, so that the store's list shows nothing, is found within a day.
  const path = join(policy.directory, `local/manifests/${ids[3]}.json`);
  const content = await readFile(path);
  const { mtime, atime } = await stat(path);
  content[200] = (content[200] ?? 0) ^ 1;
  await writeFile(path, content);
  await utimes(path, atime, mtime);
  const found: string[] = [];
  for (let hour = 25; hour <= 48; hour += 1) {
    found.push((await inspected(at + hour * 3_600_000)).codes[3] ?? '');
  }
  t.true(found.includes('SignatureInvalid'));
  // From then on the newest snapshot does not speak for it: everybody sees it, every time.
  t.is((await inspected(at + 49 * 3_600_000)).codes[3], 'SignatureInvalid');
  t.is((await inspected(at + 50 * 3_600_000)).codes[3], 'SignatureInvalid');
  // An object that went is missed at once, whoever speaks for the manifest.
  const object = `data/${ids[5]}/db/1/base.tar.zst.age.00001`;
  await unlink(join(policy.directory, 'local', object));
  t.is((await inspected(at + 51 * 3_600_000)).codes[5], 'ObjectMissing');
  // Another cluster writes nothing.
  const before = filesOf(policy);
  await inspected(at + 40 * 86_400_000, { clusterId: 'b', verification: rotation(policy) });
  t.deepEqual(filesOf(policy), before);
});

test('when a snapshot is due, and what is read again', (t) => {
  const day = 86_400_000;
  t.false(isDue(7, 7, Number.POSITIVE_INFINITY));
  t.true(isDue(8, 8, Number.POSITIVE_INFINITY));
  t.false(isDue(100, 0, Number.POSITIVE_INFINITY));
  t.deepEqual([isDue(100, 1, day - 1), isDue(100, 1, day)], [false, true]);
  t.deepEqual([isDue(10_000, 255, 30 * day), isDue(10_000, 256, 0), isDue(10_000, 1, 40 * day)], [false, true, true]);
  t.deepEqual(readAgain(5, undefined), []);
  t.deepEqual(readAgain(5, 0), [0, 3, 4]);
  const all = new Set(Array.from({ length: 24 }, (_, hour) => readAgain(1000, hour * 3_600_000)).flat());
  t.is(all.size, 1000);
});

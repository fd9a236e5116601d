// What inspect measures beside verdicts, and what it reads again: sizes, abandoned attempts, writers, stored bytes in rotation.
import { readFile, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import test from 'ava';
import type { EntryLine, InspectFacts, InspectPlan, VerificationPlan } from '../../src/api/agent.ts';
import { dump } from '../../src/archive/dump.ts';
import { inspect } from '../../src/archive/inspect.ts';
import { findAbandoned } from '../../src/archive/inspection/abandoned.ts';
import { verificationOrder } from '../../src/core/plan/rotation.ts';
import { StoreError } from '../../src/stores/errors.ts';
import type { Store } from '../../src/stores/store.ts';
import { fakeEngine } from './fake-engine.ts';
import { backUp, backupId, copied, filesOf, watched } from './repository.ts';
import { policiesOfOneKey } from './policies.ts';
import type { Policy, Watched } from './repository.ts';

const policyFor = policiesOfOneKey(test);

const day = 86_400_000;
const rotation = (policy: Policy, changes: Partial<VerificationPlan> = {}): VerificationPlan => ({
  signingKeyFile: policy.signingKeyFile,
  mostBytes: 1024 ** 3,
  mostSeconds: 600,
  intervalSeconds: 30 * 24 * 3600,
  readBack: false,
  ...changes,
});

// An inspection at some time, over a store that may be wrapped.
type Seen = { facts: InspectFacts; entries: EntryLine[]; context: Watched };
const look = async (policy: Policy, plan: Partial<InspectPlan> = {}, at = Date.now(), wrap?: (store: Store) => Store): Promise<Seen> => {
  const context = { ...watched(wrap), now: () => new Date(at) };
  const facts = await inspect(policy.inspectPlan(plan), context);
  return { facts, entries: context.lines.filter((line) => line.kind === 'entry'), context };
};
const verdictsOf = ({ entries }: Seen): (string | undefined)[] => entries.map(({ verdict, code }) => code ?? verdict);
const marksIn = (policy: Policy): string[] => [...filesOf(policy).keys()].filter((key) => key.startsWith('marks/')).toSorted();

// Which objects were read, in order, and how many requests that took.
const counting = () => {
  const requests: string[] = [];
  const wrap = (store: Store): Store => ({
    ...store,
    get: (key, most) => (requests.push(`get ${key}`), store.get(key, most)),
    head: (key) => (requests.push(`head ${key}`), store.head(key)),
    put: (key, body) => (requests.push(`put ${key}`), store.put(key, body)),
    read: (key, options) => (requests.push(`read ${key}`), store.read(key, options)),
    list: (prefix, options) => (requests.push(`list ${prefix}`), store.list(prefix, options)),
    unfinished: (folder, before) => (requests.push('uploads'), store.unfinished(folder, before)),
  });
  return { requests, wrap };
};

// The list of data ended before the backup was there.
const late = (store: Store): Store => ({
  ...store,
  async *list(prefix, options) {
    for await (const object of store.list(prefix, options)) {
      if (!object.key.startsWith('data/')) {
        yield object;
      }
    }
  },
});

const denied = (): Promise<never> => Promise.reject(new StoreError('AccessDenied', 'No.'));

const away = (store: Store): Store => ({
  ...store,
  get: (key, most) => store.get(key, most),
  read: () =>
    Readable.from(['x']).map(() => Promise.reject(new StoreError('StoreUnavailable', 'The store went away.', { retryable: true }))),
});

const mute = (store: Store): Store => ({ ...store, put: () => Promise.reject(new StoreError('AccessDenied', 'No.')) });

test('sizes, the writer and the volume are measured; what was not is absent', async (t) => {
  const policy = await policyFor();
  await backUp(policy, backupId(1));
  const sum = (pattern: RegExp): number =>
    [...filesOf(policy)].reduce((all, [key, { length }]) => all + (pattern.test(key) ? length : 0), 0);
  const { facts } = await look(policy);
  t.deepEqual(facts.stored, {
    dataBytes: sum(/^(data|keys)\//),
    manifestBytes: sum(/^manifests\//),
    otherBytes: sum(/^(holdfast|writers|kit)/),
  });
  t.true((facts.stored?.dataBytes ?? 0) > 1000);
  t.like(facts.writer, { epoch: 1, clusterId: 'cluster-a', namespace: 'shop', name: 'shop', ours: true });
  t.true((facts.volume?.capacityBytes ?? 0) > (facts.volume?.freeBytes ?? 0) && (facts.volume?.freeBytes ?? 0) > 0);
  t.deepEqual(facts.abandoned, { attempts: 0, bytes: 0 });
  t.is(facts.unfinishedUploads, 0);
  t.is(facts.damaged, undefined);
  t.is((await look(policy, { clusterId: 'cluster-b' })).facts.writer?.ours, false);

  // A store that does not tell.
  const silent = await look(policy, {}, Date.now(), (store) => ({ ...store, unfinished: denied, space: () => Promise.resolve(undefined) }));
  t.deepEqual(verdictsOf(silent), ['Passed']);
  t.false('unfinishedUploads' in silent.facts || 'volume' in silent.facts);
  // The result is a termination message, too.
  t.true(JSON.stringify(facts).length < 1500);
});

test('abandoned attempts are counted once nobody is at work on them, and never those of a manifest that cannot be read', async (t) => {
  const policy = await policyFor();
  const [whole, dead] = [backupId(1), backupId(2)];
  await dump(policy.dumpPlan(whole), fakeEngine(), watched());
  await backUp(policy, whole, fakeEngine(), 2);
  await dump(policy.dumpPlan(dead), fakeEngine(), watched());
  const bytesOf = (pattern: RegExp) => [...filesOf(policy)].reduce((all, [key, { length }]) => all + (pattern.test(key) ? length : 0), 0);
  const first = bytesOf(new RegExp(`^(data/${whole}/db/1/|keys/${whole}.db.1/)`));
  const slot = Date.parse('2026-11-22T04:00:00Z');

  t.deepEqual((await look(policy, {}, slot + day)).facts.abandoned, { attempts: 1, bytes: first });
  const all = first + bytesOf(new RegExp(dead));
  t.deepEqual((await look(policy, {}, slot + 3 * day)).facts.abandoned, { attempts: 2, bytes: all });
  // A temporary file that nobody has written to for days.
  const temporary = join(policy.directory, 'local/data', whole, '.tmp-old');
  await writeFile(temporary, 'x');
  t.is((await look(policy)).facts.unfinishedUploads, 0);
  await utimes(temporary, new Date(0), new Date(0));
  t.is((await look(policy)).facts.unfinishedUploads, 1);

  await writeFile(join(policy.directory, 'local/manifests', `${whole}.json`), 'cut');
  const { facts, entries } = await look(policy, {}, slot + day);
  t.deepEqual([facts.abandoned, entries[0]?.verdict], [{ attempts: 0, bytes: 0 }, 'Failed']);
  const odd = new Map([
    ['data/odd/db/1/x', 5],
    ['data/x', 1],
    ['keys/y', 1],
  ]);
  t.deepEqual(findAbandoned(odd, [], Number.MAX_SAFE_INTEGER), { attempts: 0, bytes: 0 });
});

test('every object is looked for with one list, not one request each', async (t) => {
  const policy = await policyFor();
  for (const index of [1, 2, 3]) {
    await backUp(policy, backupId(index));
  }
  const { requests, wrap } = counting();
  await look(policy, { verification: rotation(policy, { readBack: true }) }, Date.now(), wrap);
  t.deepEqual(
    requests.toSorted(),
    [
      'get holdfast.json',
      ...[1, 2, 3].map((index) => `get manifests/${backupId(index)}.json`),
      'get writers/00000001.json',
      'list ',
      'uploads',
    ].toSorted(),
  );
});

test('what the list did not have yet is looked for once more', async (t) => {
  const policy = await policyFor();
  await backUp(policy, backupId(1));
  t.deepEqual(verdictsOf(await look(policy, {}, Date.now(), late)), ['Passed']);
});

test('manifests without holdfast.json are no empty place', async (t) => {
  const policy = await policyFor();
  await backUp(policy, backupId(1));
  await unlink(join(policy.directory, 'local/holdfast.json'));
  const error = await t.throwsAsync(look(policy));
  t.regex(error.message, /manifests\/.*no holdfast.json.*another/);
});

test('stored bytes are read again: the newest unread first, then those read longest ago, within the share of one inspection', async (t) => {
  const policy = await policyFor();
  const ids = [1, 2, 3].map(backupId);
  for (const id of ids) {
    await backUp(policy, id);
  }
  const bytes = [...filesOf(policy)].reduce(
    (all, [key, { length }]) => all + (key.includes(`/${ids[0]}`) && !key.startsWith('manifests/') ? length : 0),
    0,
  );
  // A share of one byte: one object each time, and it goes on where it stopped.
  let at = Date.now();
  const order: string[] = [];
  const firstTimes: (string | undefined)[] = [];
  for (let round = 0; round < 15; round += 1) {
    const { requests, wrap } = counting();
    const { facts, entries } = await look(policy, { verification: rotation(policy, { mostBytes: 1 }) }, (at += 3600_000), wrap);
    order.push(...requests.filter((each) => each.startsWith('read ')));
    t.is(facts.verified?.backups, entries.filter(({ verifiedTime }) => verifiedTime !== undefined).length);
    t.is((facts.verified?.backups ?? 0) + (facts.verified?.unverified ?? 0), 3);
    firstTimes.push(entries[2]?.verifiedTime);
  }
  t.is(new Set(order).size, 15, 'every object once');
  t.deepEqual([...new Set(order.map((each) => /\d{8}T\d{6}Z-full-\d{8}/.exec(each)?.[0]))], ids.toReversed());
  // It counts from when its first object was read.
  t.is(
    firstTimes.findIndex((time) => time !== undefined),
    4,
  );
  t.is(Date.parse(firstTimes[4] ?? ''), at - 14 * 3600_000);
  t.is(marksIn(policy).length, 15);

  // All is verified: nothing is read or written until the interval is over, then the oldest first.
  const { requests, wrap } = counting();
  t.deepEqual((await look(policy, { verification: rotation(policy) }, (at += day), wrap)).facts.verified?.readBytes, 0);
  t.false(requests.some((each) => /^(read|put)/.test(each)));
  const later = await look(policy, { verification: rotation(policy, { mostBytes: bytes }) }, (at += 31 * day));
  t.is(later.facts.verified?.newestTime, new Date(at).toISOString());
  t.is(later.entries[2]?.verifiedTime, new Date(at).toISOString());
  t.not(later.entries[0]?.verifiedTime, new Date(at).toISOString());
});

test('the dump’s own reading counts on its tier until the interval is over; a copy is read by the next inspection', async (t) => {
  const policy = await policyFor();
  await backUp(policy, backupId(1));
  await copied(policy, backupId(1));
  const here = await look(policy, { verification: rotation(policy, { readBack: true }) });
  t.is(here.facts.verified?.readBytes, 0);
  t.truthy(here.entries[0]?.verifiedTime);
  const there = await look(policy, { tier: policy.tier('cloud'), verification: rotation(policy) });
  t.true((there.facts.verified?.readBytes ?? 0) > 1000);
  t.is(there.facts.verified?.backups, 1);
  t.deepEqual(marksIn(policy), []);
  const later = await look(policy, { verification: rotation(policy, { readBack: true }) }, Date.now() + 31 * day);
  t.true((later.facts.verified?.readBytes ?? 0) > 1000);
});

test('bytes that changed are found when they are read again, remembered, and forgiven when they are right again', async (t) => {
  const policy = await policyFor();
  const id = backupId(1);
  await backUp(policy, id);
  await backUp(policy, backupId(2));
  const key = `data/${id}/db/1/base.tar.zst.age.00001`;
  const path = join(policy.directory, 'local', key);
  const content = await readFile(path);
  const changed = Buffer.from(content);
  changed[100] = (changed[100] ?? 0) ^ 1;
  await writeFile(path, changed);
  t.deepEqual(verdictsOf(await look(policy)), ['Passed', 'Passed'], 'its size is right');

  let at = Date.now();
  const found = await look(policy, { verification: rotation(policy) }, (at += day));
  t.deepEqual(verdictsOf(found), ['DigestMismatch', 'Passed']);
  t.regex(found.entries[0]?.message ?? '', new RegExp(`${key}.*${id} cannot be restored.*another tier`));
  t.is(found.entries[0]?.bytes, found.entries[1]?.bytes);
  const marks = marksIn(policy);

  // Known to everybody who reads the store, with no key and no reading of bytes.
  const reader = await look(policy, { policy: { namespace: '', name: '' }, clusterId: '' });
  t.deepEqual(verdictsOf(reader), ['DigestMismatch', 'Passed']);
  t.true(reader.entries[0]?.message?.includes(key));
  // Still wrong: nothing more to write down.
  t.deepEqual(verdictsOf(await look(policy, { verification: rotation(policy) }, (at += day))), ['DigestMismatch', 'Passed']);
  t.deepEqual(marksIn(policy), marks);
  // Mended by hand.
  await writeFile(path, content);
  t.deepEqual(verdictsOf(await look(policy, { verification: rotation(policy) }, (at += day))), ['Passed', 'Passed']);
  t.deepEqual(verdictsOf(await look(policy)), ['Passed', 'Passed']);
  t.is(marksIn(policy).length, marks.length + 1);
});

test('a store that fails while bytes are read again proves nothing, and costs no verdict', async (t) => {
  const policy = await policyFor();
  await backUp(policy, backupId(1));
  const broken = await look(policy, { verification: rotation(policy) }, Date.now(), away);
  t.deepEqual([verdictsOf(broken), broken.facts.verified?.unverified, marksIn(policy)], [['Passed'], 1, []]);
  // A store that takes no marks: what was found holds for this time.
  const unwritten = await look(policy, { verification: rotation(policy) }, Date.now(), mute);
  t.deepEqual([verdictsOf(unwritten), unwritten.facts.verified?.unverified], [['Passed'], 0]);
});

test('who is not the writer reads no bytes and writes nothing', async (t) => {
  const policy = await policyFor();
  await backUp(policy, backupId(1));
  const before = filesOf(policy);
  for (const plan of [{ clusterId: 'cluster-b', verification: rotation(policy) }, {}]) {
    const { facts } = await look(policy, plan);
    t.is(facts.verified?.readBytes, 0);
    t.is(facts.verified?.unverified, 1);
  }
  t.deepEqual(filesOf(policy), before);
});

test('marks and writers that were changed are named and count for nothing', async (t) => {
  const policy = await policyFor();
  const id = backupId(1);
  await backUp(policy, id);
  await look(policy, { verification: rotation(policy) });
  const [mark = ''] = marksIn(policy);
  for (const key of [mark, 'writers/00000001.json']) {
    const path = join(policy.directory, 'local', key);
    const content = await readFile(path);
    const changed = Buffer.from(content);
    changed[100] = (changed[100] ?? 0) ^ 1;
    await writeFile(path, changed);
    const { facts, entries } = await look(policy);
    t.like(facts.damaged, { objects: 1, first: [{ key }] });
    t.is(entries[0]?.verifiedTime === undefined, key === mark);
    t.is(facts.writer === undefined, key !== mark);
    await writeFile(path, content);
  }
});

test('the order in which backups are read again', (t) => {
  const states = [
    { id: 'a', state: 'Passed', sinceMilliseconds: 500 },
    { id: 'b', state: 'Passed', sinceMilliseconds: 100 },
    { id: 'c', state: 'Never' },
    { id: 'd', state: 'Unfinished', sinceMilliseconds: 900 },
    { id: 'e', state: 'Failed', sinceMilliseconds: 950 },
    { id: 'f', state: 'Never' },
    { id: 'g', state: 'Passed', sinceMilliseconds: 950 },
  ] as const;
  t.deepEqual(verificationOrder(states, 1000, 500), ['e', 'd', 'f', 'c', 'b', 'a']);
});

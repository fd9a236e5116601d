// What inspect says of the WAL in a tier: the window that it leads to, and what is not there, not signed, or not to be read.
import { appendFile, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { InspectFacts, WindowLine } from '../../src/api/agent.ts';
import { lsnText } from '../../src/api/lsn.ts';
import { inspect } from '../../src/archive/inspect.ts';
import { openSource } from '../../src/archive/recovery/source.ts';
import { chooseBackups } from '../../src/archive/recovery/choose-backups.ts';
import { makeSigningPair, readSigner } from '../../src/archive/signing/keys.ts';
import { parseAgentLine } from '../../src/controllers/jobs/agent-lines.ts';
import type { EngineRun } from '../../src/engines/engine.ts';
import { StoreError } from '../../src/stores/errors.ts';
import type { Store } from '../../src/stores/store.ts';
import { fakeEngine } from './fake-engine.ts';
import { policiesOfOneKey } from './policies.ts';
import { backUp, backupId, watched } from './repository.ts';
import type { Policy } from './repository.ts';
import { segment, segmentTime, startLineage } from './wal-archive.ts';

const policyFor = policiesOfOneKey(test);

// A copy of a server that ends in the middle of a segment.
const copyOf = (index: number, timeline = 1): EngineRun => {
  const engine = fakeEngine();
  return {
    ...engine,
    async finish(...given) {
      const { facts, ...rest } = await engine.finish(...given);
      const stopLsn = lsnText(segment(index) + 0x100n);
      const postgresql = { systemIdentifier: 'sys', timeline, startLsn: stopLsn, stopLsn, commitsUntil: segmentTime(index) };
      return { ...rest, facts: { ...facts, postgresql } };
    },
  };
};

type Seen = { facts: InspectFacts; windows: WindowLine[]; requests: string[] };
const look = async (policy: Policy, wrap: (store: Store) => Store = (store) => store): Promise<Seen> => {
  const requests: string[] = [];
  const counted = (store: Store): Store => ({
    ...store,
    get: (key, most) => (requests.push(`get ${key}`), store.get(key, most)),
    head: (key) => (requests.push(`head ${key}`), store.head(key)),
    list: (prefix, options) => (requests.push(`list ${prefix}`), store.list(prefix, options)),
  });
  const context = watched((store) => counted(wrap(store)));
  const facts = await inspect(policy.inspectPlan(), context);
  const windows = context.lines.filter((line) => line.kind === 'window');
  return { facts, windows, requests };
};
const at = (policy: Policy, key: string): string => join(policy.directory, 'local', key);
const times = ({ windows }: Seen) => windows[0]?.intervals.map(({ timeline, from, to }) => [timeline, from, to]);
const gaps = ({ windows }: Seen) => windows[0]?.gaps.map(({ timeline, fromLsn, toLsn, from, to }) => [timeline, fromLsn, toLsn, from, to]);
const damage = ({ facts }: Seen) => facts.damaged?.first.map(({ key, code }) => [key, code]);

// A backup in segment 2; pages of the segments 0 to 8, a tail up to 10.
const archived = async (policy: Policy) => {
  await backUp(policy, backupId(1), copyOf(2));
  const wal = await startLineage(policy);
  await wal.page(1, 0, 4);
  await wal.page(1, 4, 8);
  await wal.tail(1, 8, 10);
  return wal;
};

test('the window begins with the backup and ends with the newest mark; it costs its documents, and no look at a segment', async (t) => {
  const policy = await policyFor();
  await archived(policy);
  const seen = await look(policy);
  t.deepEqual(seen.facts.wal, { components: 1 });
  t.like(seen.windows[0], {
    component: 'db',
    tier: 'local',
    restorableTo: segmentTime(10),
    mark: { time: segmentTime(10), lsn: lsnText(segment(10)), timeline: 1 },
    gaps: [],
  });
  t.deepEqual(times(seen), [[1, segmentTime(2), segmentTime(10)]]);
  t.is(damage(seen), undefined);
  t.deepEqual(seen.facts.abandoned, { attempts: 0, bytes: 0 });
  const ofWal = seen.requests.filter((each) => each.includes(' wal/'));
  t.deepEqual([ofWal.length, ofWal.every((each) => /^get wal\/.*\.json$/.test(each))], [4, true]);
  t.deepEqual(
    seen.requests.filter((each) => each === 'list '),
    ['list '],
  );
  // The operator reads the line as it was written.
  t.deepEqual(parseAgentLine(JSON.stringify(seen.windows[0])), seen.windows[0]);
  t.true(JSON.stringify(seen.facts).length < 2000);
});

test('where there is no WAL, none is said to be there; without a backup it leads nowhere', async (t) => {
  const policy = await policyFor();
  await backUp(policy, backupId(1));
  const none = await look(policy);
  t.deepEqual([none.facts.wal, none.windows], [{ components: 0 }, []]);
  const wal = await startLineage(policy);
  await wal.tail(1, 0, 5);
  const [window] = (await look(policy)).windows;
  t.deepEqual([window?.intervals, window?.gaps, window?.restorableTo], [[], [], undefined]);
  t.is(window?.mark?.time, segmentTime(5));
});

test('the window is the one that a recovery accepts, at both edges', async (t) => {
  const policy = await policyFor();
  await archived(policy);
  const [window] = (await look(policy)).windows;
  const [interval] = window?.intervals ?? [];
  const choose = async (time: number) => {
    const source = await openSource(policy.store(), [policy.verificationKey]);
    return chooseBackups(source, { form: 'physical', point: { kind: 'time', text: '', micros: time * 1000, inclusive: true } });
  };
  const [from, to] = [Date.parse(interval?.from ?? ''), Date.parse(interval?.to ?? '')];
  t.is((await choose(from)).chosen.chain[0]?.manifest.backupId, backupId(1));
  t.is((await choose(to)).chosen.chain[0]?.manifest.backupId, backupId(1));
  await t.throwsAsync(choose(from - 1), { code: 'PointOutsideWindow' });
  await t.throwsAsync(choose(to + 1), { code: 'PointOutsideWindow' });
});

test('a failover: both timelines have their interval; without its history file the new one leads nowhere', async (t) => {
  const policy = await policyFor();
  await backUp(policy, backupId(1), copyOf(2));
  const wal = await startLineage(policy);
  await wal.page(1, 0, 6, { lsn: lsnText(segment(5)), nextTimeline: 2 });
  const file = await wal.history(2, 1, segment(5));
  await wal.tail(2, 5, 9);
  t.deepEqual(times(await look(policy)), [
    [1, segmentTime(2), segmentTime(6)],
    [2, segmentTime(2), segmentTime(9)],
  ]);
  await unlink(at(policy, file));
  const broken = await look(policy);
  t.deepEqual(times(broken), [[1, segmentTime(2), segmentTime(6)]]);
  t.deepEqual(damage(broken), [[file, 'ObjectMissing']]);
});

const harms: [
  what: string,
  code: string | undefined,
  spoil: (policy: Policy, wal: Awaited<ReturnType<typeof archived>>) => Promise<string>,
][] = [
  [
    'a segment that is gone',
    'ObjectMissing',
    async (policy, wal) => {
      await unlink(at(policy, wal.objectKey(1, 5)));
      return wal.objectKey(1, 5);
    },
  ],
  [
    'a segment of another size',
    'SizeMismatch',
    async (policy, wal) => {
      await appendFile(at(policy, wal.objectKey(1, 5)), '+');
      return wal.objectKey(1, 5);
    },
  ],
  [
    'a forged page',
    'SignatureInvalid',
    async (policy, wal) => {
      const path = at(policy, wal.pageKey(1, 4));
      const envelope = JSON.parse(await readFile(path, 'utf8')) as { payload: string };
      const payload = Buffer.from(envelope.payload, 'base64').toString('utf8').replace('"epoch":1', '"epoch":2');
      await writeFile(path, JSON.stringify({ ...envelope, payload: Buffer.from(payload).toString('base64') }));
      return wal.pageKey(1, 4);
    },
  ],
  [
    'a page that is gone',
    undefined,
    async (policy, wal) => {
      await unlink(at(policy, wal.pageKey(1, 4)));
      return '';
    },
  ],
];

for (const [what, code, spoil] of harms) {
  test(`${what} is a gap, and nothing behind it is promised until a backup leads on`, async (t) => {
    const policy = await policyFor();
    const wal = await archived(policy);
    const key = await spoil(policy, wal);
    const start = what.includes('page') ? 4 : 5;
    const seen = await look(policy);
    t.deepEqual(times(seen), [[1, segmentTime(2), segmentTime(start)]]);
    t.deepEqual(gaps(seen), [[1, lsnText(segment(start)), lsnText(segment(10)), segmentTime(start), undefined]]);
    t.is(seen.windows[0]?.restorableTo, segmentTime(start));
    t.deepEqual(damage(seen), code === undefined ? undefined : [[key, code]]);
    await backUp(policy, backupId(2), copyOf(8));
    const again = await look(policy);
    t.deepEqual(gaps(again), [[1, lsnText(segment(start)), lsnText(segment(8) + 0x100n), segmentTime(start), segmentTime(8)]]);
    t.is(again.windows[0]?.restorableTo, segmentTime(10));
  });
}

test('a tail that is damaged gives way to the one before it; a key that is gone takes its WAL along', async (t) => {
  const policy = await policyFor();
  const wal = await archived(policy);
  const newest = await wal.tail(1, 8, 11);
  await writeFile(at(policy, newest), 'cut');
  const seen = await look(policy);
  t.deepEqual(times(seen), [[1, segmentTime(2), segmentTime(10)]]);
  t.deepEqual(damage(seen), [[newest, 'DocumentInvalid']]);
  await unlink(at(policy, 'keys/wal.db.20261122T000000Z-1/0123456789abcdef.age'));
  const closed = await look(policy);
  t.deepEqual(closed.windows[0]?.intervals, []);
  t.is(closed.windows[0]?.mark, undefined);
  t.is(closed.facts.damaged?.objects, 2);
});

test('WAL of a signer that is not ours is refused; WAL that cannot be read is not judged: neither is said to be absent', async (t) => {
  const policy = await policyFor();
  await archived(policy);
  const away = await look(policy, (store) => ({
    ...store,
    get: (key, most) =>
      key.startsWith('wal/')
        ? Promise.reject(new StoreError('StoreUnavailable', 'It went away.', { retryable: true }))
        : store.get(key, most),
  }));
  t.like(away.facts.wal, { components: 0, refused: { verdict: 'Inconclusive', code: 'StoreUnavailable' } });
  t.deepEqual([away.windows, away.facts.backups, damage(away)], [[], 1, undefined]);

  await startLineage(policy, { lineageId: '20261122T010000Z-00000000', signer: readSigner(makeSigningPair().privateKeyPem) });
  const foreign = await look(policy);
  t.like(foreign.facts.wal, { components: 0, refused: { verdict: 'Failed', code: 'SignerUnknown' } });
  t.deepEqual(damage(foreign), [['wal/', 'SignerUnknown']]);
});

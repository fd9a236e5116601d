// One byte in each stored object in turn, objects that were exchanged, objects that went: none stays what it was, each is named.
import { mkdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { EntryLine, InspectFacts } from '../../src/api/agent.ts';
import { inspect } from '../../src/archive/inspect.ts';
import { fakeEngine } from './fake-engine.ts';
import { backUp, backupId, filesOf, makePolicy, watched } from './repository.ts';
import type { Policy } from './repository.ts';

let policy: Policy;
// Enough for a snapshot.
const ids = Array.from({ length: 8 }, (_, index) => backupId(index));
const [id = '', neighbour = ''] = ids;
let at = Date.parse('2026-11-25T00:00:00Z');

test.before(async () => {
  policy = await makePolicy();
  for (const each of ids) {
    await backUp(policy, each, fakeEngine({ contents: [{ name: 'base.tar', raw: Buffer.from(`content of ${each} `.repeat(50)) }] }));
  }
  await look();
});
test.after.always(() => rm(policy.directory, { recursive: true, force: true }));

const pathOf = (key: string): string => join(policy.directory, 'local', key);

type Seen = { facts?: InspectFacts; entries: EntryLine[]; error?: string };
// An inspection that reads all stored bytes; a day after the one before.
const look = async (): Promise<Seen> => {
  at += 86_400_000;
  const context = { ...watched(), now: () => new Date(at) };
  const { signingKeyFile } = policy;
  const verification = { signingKeyFile, mostBytes: 1024 ** 3, mostSeconds: 3600, intervalSeconds: 0, readBack: false };
  const entriesOf = () => context.lines.filter((line) => line.kind === 'entry');
  try {
    const facts = await inspect(policy.inspectPlan({ verification }), context);
    return { facts, entries: entriesOf() };
  } catch (error) {
    return { entries: entriesOf(), error: String(error) };
  }
};

// All that an inspection says of what is wrong.
const complaints = ({ facts, entries, error = '' }: Seen): string =>
  [
    error,
    ...entries.flatMap(({ verdict, message = '' }) => (verdict === 'Passed' ? [] : [message])),
    ...(facts?.damaged?.first ?? []).map(({ key, message }) => `${key} ${message}`),
  ].join('\n');

// What is in the place of an object for a while; its time of change stays, as when a disk forgets.
const exchanged = async (key: string, content: Buffer, work: () => Promise<void>): Promise<void> => {
  const before = await readFile(pathOf(key));
  const { atime, mtime } = await stat(pathOf(key));
  await writeFile(pathOf(key), content);
  await utimes(pathOf(key), atime, mtime);
  await work();
  await writeFile(pathOf(key), before);
  await utimes(pathOf(key), atime, mtime);
};

test.serial('one byte that changed, in each kind of object', async (t) => {
  t.is(complaints(await look()), '');
  // Of snapshots and marks only the newest counts, and inspections write new ones.
  const newest = (prefix: string): string =>
    [...filesOf(policy).keys()]
      .filter((key) => key.startsWith(prefix))
      .toSorted()
      .at(-1) ?? '';
  const own = [...filesOf(policy).keys()].filter((key) => /^(data|keys|manifests)\//.test(key) && key.includes(id));
  t.is(own.length, 6);
  const places = ['holdfast.json', 'writers/', 'catalog/', `marks/${id}/`, ...own];
  for (const prefix of places) {
    const key = newest(prefix);
    const content = await readFile(pathOf(key));
    const changed = Buffer.from(content);
    // In the time of holdfast.json: one in its id makes it another repository, and every document foreign.
    const place = key === 'holdfast.json' ? content.length - 10 : Math.floor(content.length / 2);
    changed[place] = (changed[place] ?? 0) ^ 1;
    await exchanged(key, changed, async () => {
      const seen = await look();
      t.true(complaints(seen).includes(key), `${key}: ${complaints(seen)}`);
      t.is(seen.entries.find(({ backupId: each }) => each === id)?.verdict === 'Passed', !own.includes(key), key);
      t.true(
        seen.entries.filter(({ backupId: each }) => each !== id).every(({ verdict }) => verdict === 'Passed'),
        key,
      );
    });
    const mended = await look();
    t.true(
      mended.entries.every(({ verdict }) => verdict === 'Passed'),
      `${key}: ${complaints(mended)}`,
    );
  }
});

test.serial('another backup’s object in its place', async (t) => {
  for (const object of ['base.tar.zst.age.00001', 'component.json', 'facts.json.zst.age.00001']) {
    const key = `data/${id}/db/1/${object}`;
    await exchanged(key, await readFile(pathOf(key.replace(id, neighbour))), async () => {
      const seen = await look();
      t.deepEqual(
        seen.entries.filter(({ verdict }) => verdict !== 'Passed').map(({ backupId: each }) => each),
        [id],
      );
      t.true(complaints(seen).includes(key), complaints(seen));
    });
    await look();
  }
});

test.serial('a manifest without its component, and one whose objects are gone', async (t) => {
  for (const gone of [`data/${id}/db`, `keys/${id}.db.1`, `data/${id}/db/1/component.json`]) {
    const files = [...filesOf(policy)].filter(([key]) => key.startsWith(gone));
    const times = await Promise.all(files.map(([key]) => stat(pathOf(key))));
    await rm(pathOf(gone), { recursive: true });
    const seen = await look();
    t.like(
      seen.entries.find(({ backupId: each }) => each === id),
      { verdict: 'Failed', code: 'ObjectMissing' },
      gone,
    );
    t.true(complaints(seen).includes(gone) && complaints(seen).includes(`The backup ${id} cannot be restored`));
    for (const [index, [key, content]] of files.entries()) {
      await rm(pathOf(key), { force: true });
      await mkdir(join(pathOf(key), '..'), { recursive: true });
      await writeFile(pathOf(key), content);
      await utimes(pathOf(key), times[index]?.atime ?? 0, times[index]?.mtime ?? 0);
    }
  }
  t.is(complaints(await look()), '');
});

// What is special about a folder as a store: modes, users, full and read-only volumes, crashes, and files that vanish.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, mkdtemp, readdir, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { directoryError } from '../../src/stores/directory-errors.ts';
import { openDirectory } from '../../src/stores/directory.ts';
import { StoreError } from '../../src/stores/errors.ts';
import type { Store, StoreLocation } from '../../src/stores/store.ts';
import { actAs, killInUpload } from './child.ts';
import { keysOf, refuses, uploadAll } from './conformance.ts';

const run = promisify(execFile);
const mounts: string[] = [];
let scratch: string;
let folders = 0;

test.before(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'holdfast-directory-'));
  await chmod(scratch, 0o755);
});

test.after.always(async () => {
  await Promise.allSettled(mounts.map((each) => run('umount', ['--lazy', each])));
  await rm(scratch, { recursive: true, force: true });
});

const folder = async (mode = 0o755): Promise<string> => {
  folders += 1;
  const path = join(scratch, String(folders));
  await mkdir(path, { mode });
  await chmod(path, mode);
  return path;
};

// A volume of so many MiB.
const volume = async (mebibytes: number): Promise<string> => {
  const path = await folder();
  await run('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', path]);
  mounts.push(path);
  return path;
};

const at = (directory: string): StoreLocation & { kind: 'directory' } => ({ kind: 'directory', directory });
const temporaries = async (directory: string): Promise<string[]> =>
  (await readdir(directory, { recursive: true })).filter((name) => name.includes('.tmp-'));
const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o7777).toString(8);

test('files are for the group to read, folders for the group to write, whatever the umask', async (t) => {
  const root = await folder();
  for (const [umask, directory] of [
    [0o077, join(root, 'shop/one')],
    [0o000, join(root, 'shop/two')],
  ] as const) {
    const steps = [
      { do: 'put', key: 'data/b/object', text: 'x' },
      { do: 'upload', key: 'data/b/large', mebibytes: 9 },
    ] as const;
    await actAs({ location: at(directory), umask, steps: [...steps] });
    t.is(await modeOf(join(directory, 'data/b/object')), '640');
    t.is(await modeOf(join(directory, 'data/b/large')), '640');
    for (const made of [directory, dirname(directory), join(directory, 'data'), join(directory, 'data/b')]) {
      t.is(await modeOf(made), '2770', made);
    }
  }
});

test('users of one group read one another’s objects and write beside them; others are refused', async (t) => {
  const root = await folder(0o2770);
  await chown(root, 0, 30_000);
  await chmod(root, 0o2770);
  const location = at(join(root, 'shop'));
  const first = await actAs({ location, user: 30_001, group: 30_000, steps: [{ do: 'put', key: 'data/a', text: 'first' }] });
  t.deepEqual(first[0], { created: true });
  const second = await actAs({
    location,
    user: 30_002,
    group: 30_000,
    steps: [
      { do: 'get', key: 'data/a' },
      { do: 'put', key: 'data/a', text: 'second' },
      { do: 'put', key: 'data/b', text: 'second' },
      { do: 'list', prefix: '' },
    ],
  });
  t.deepEqual(second.slice(0, 4), ['first', { created: false }, { created: true }, ['data/a', 'data/b']]);

  const stranger = await actAs({
    location,
    user: 30_003,
    group: 30_003,
    steps: [
      { do: 'put', key: 'data/c', text: 'x' },
      { do: 'get', key: 'data/a' },
      { do: 'head', key: 'data/a' },
      { do: 'head', key: 'nothing' },
      { do: 'list', prefix: '' },
      { do: 'list', prefix: 'data/' },
    ],
  });
  // Above all: what may not be looked at is not empty.
  t.deepEqual(
    stranger.slice(0, 6),
    Array.from({ length: 6 }, () => ({ code: 'AccessDenied' })),
  );
});

test('many writers make the same folders at once', async (t) => {
  const root = await folder();
  await chown(root, 0, 30_000);
  await chmod(root, 0o2770);
  const location = at(join(root, 'a/b/c'));
  const results = await Promise.all(
    [1, 2, 3, 4].map((writer) =>
      actAs({
        location,
        user: 30_000 + writer,
        group: 30_000,
        steps: Array.from({ length: 20 }, (_, index) => ({ do: 'put', key: `d${index}/e/${writer}`, text: 'x' })),
      }),
    ),
  );
  t.deepEqual(
    results.flatMap((each) => each.slice(0, -1)),
    Array.from({ length: 80 }, () => ({ created: true })),
  );
});

test('a full volume is said to be full, and is as before', async (t) => {
  const directory = join(await volume(12), 'shop');
  const store = openDirectory(at(directory));
  const kept = randomBytes(4 * 1024 ** 2);
  t.deepEqual(await store.put('kept', kept), { created: true });
  const free = (await store.space())?.freeBytes;
  t.true(free !== undefined && free > 7 * 1024 ** 2 && free <= 8 * 1024 ** 2, String(free));

  const error = await refuses(t, 'StoreFull', store.put('too-large', randomBytes(9 * 1024 ** 2)));
  t.regex(error.message, /larger/);
  const upload = await store.upload('too-large');
  await refuses(t, 'StoreFull', upload.write(randomBytes(9 * 1024 ** 2)));
  await upload.abort();
  t.deepEqual(await temporaries(directory), []);
  t.deepEqual(await keysOf(store.list('')), ['kept']);
  t.true((await store.get('kept', kept.length)).equals(kept));
  t.is((await store.space())?.freeBytes, free);
  t.deepEqual(await store.put('fits', randomBytes(3 * 1024 ** 2)), { created: true });
});

test('the room of a volume is what `df` says, without what only root may use', async (t) => {
  const path = await folder();
  const { stdout } = await run('df', ['-B1', '--output=used,avail', path]);
  const [used = 0, available = 0] = (stdout.split('\n')[1] ?? '').trim().split(/ +/).map(Number);
  const { capacityBytes = 0, freeBytes = 0 } = (await openDirectory(at(path)).space()) ?? {};
  // Others write at the same time.
  const near = (bytes: number, expected: number): boolean => Math.abs(bytes - expected) <= 0.01 * (used + available);
  t.true(near(capacityBytes, used + available), `${capacityBytes} for ${used + available}`);
  t.true(near(freeBytes, available), `${freeBytes} for ${available}`);
});

test('a volume without room for one more name', async (t) => {
  const path = await folder();
  await run('mount', ['-t', 'tmpfs', '-o', 'size=4m,nr_inodes=6', 'tmpfs', path]);
  mounts.push(path);
  const store = openDirectory(at(path));
  const results = await Promise.allSettled(Array.from({ length: 10 }, (_, index) => store.put(String(index), Buffer.from('x'))));
  const failed = results.filter((each) => each.status === 'rejected');
  t.true(failed.length > 0);
  t.true(failed.every(({ reason }) => reason instanceof StoreError && reason.code === 'StoreFull'));
  t.deepEqual(await temporaries(path), []);
  t.is((await keysOf(store.list(''))).length, 10 - failed.length);
});

test('a read-only volume can be read, and says why it cannot be written', async (t) => {
  const path = await volume(4);
  const store = openDirectory(at(path));
  await store.put('there', Buffer.from('x'));
  await run('mount', ['-o', 'remount,ro', path]);
  await refuses(t, 'AccessDenied', store.put('new', Buffer.from('x')));
  await refuses(t, 'AccessDenied', store.put('new/folder', Buffer.from('x')));
  t.is(String(await store.get('there', 10)), 'x');
});

test('who only reads changes nothing', async (t) => {
  const root = await folder();
  const directory = join(root, 'not/there');
  const store = openDirectory(at(directory));
  t.is(await store.head('a'), undefined);
  t.deepEqual(await keysOf(store.list('')), []);
  await refuses(t, 'ObjectMissing', store.get('a', 10));
  t.true(((await store.space())?.freeBytes ?? 0) > 0);
  t.deepEqual(await readdir(root), []);
});

test('a writer that is killed leaves nothing to be seen, and the next one succeeds', async (t) => {
  const directory = await folder();
  await killInUpload({ location: at(directory), steps: [{ do: 'hang', key: 'data/killed', mebibytes: 20 }] });
  t.is((await temporaries(directory)).length, 1);
  const store = openDirectory(at(directory));
  t.is(await store.head('data/killed'), undefined);
  t.deepEqual(await keysOf(store.list('')), []);
  await refuses(t, 'ObjectMissing', store.get('data/killed', 100));
  t.deepEqual(await store.put('data/killed', Buffer.from('again')), { created: true });
  t.deepEqual(await keysOf(store.list('')), ['data/killed']);
});

const isDoomed = (key: string): boolean => Number(key.slice(4)) % 3 === 0 || key.startsWith('f29') || key.startsWith('f00/');

test('files and folders that vanish while they are listed are left out, all others are there', async (t) => {
  const directory = await folder();
  const store = openDirectory(at(directory));
  const keys = Array.from({ length: 300 }, (_, index) => `f${String(index % 30).padStart(2, '0')}/${String(index).padStart(3, '0')}`);
  await Promise.all(keys.map((key) => store.put(key, Buffer.from('x'))));
  let removed = false;
  const seen: string[] = [];
  for await (const { key } of store.list('')) {
    seen.push(key);
    if (!removed) {
      removed = true;
      await Promise.all(keys.filter(isDoomed).map((each) => unlink(join(directory, each))));
      await rm(join(directory, 'f29'), { recursive: true });
    }
  }
  const kept = keys.filter((key) => !isDoomed(key)).toSorted();
  t.deepEqual(seen.slice(1), kept);
});

test('foreign things in the folder are not objects', async (t) => {
  const directory = await folder();
  const store: Store = openDirectory(at(directory));
  await mkdir(join(directory, 'empty/deep'), { recursive: true });
  await writeFile(join(directory, '.tmp-abc'), 'x');
  await run('ln', ['-s', '/etc/passwd', join(directory, 'link')]);
  await run('mkfifo', [join(directory, 'pipe')]);
  await store.put('object', Buffer.from('x'));
  t.deepEqual(await keysOf(store.list('')), ['object']);
  t.is(await store.head('empty'), undefined);
  t.is(await store.head('pipe'), undefined);
});

test('a file where a folder must be', async (t) => {
  const directory = await folder();
  const store = openDirectory(at(directory));
  await store.put('a', Buffer.from('x'));
  await refuses(t, 'StoreMisconfigured', store.put('a/b', Buffer.from('x')));
  t.is(await store.head('a/b'), undefined);
  await refuses(t, 'StoreMisconfigured', openDirectory(at(join(directory, 'a'))).put('b', Buffer.from('x')));
});

test('an upload whose folder disappears fails and ends', async (t) => {
  const directory = await folder();
  const store = openDirectory(at(join(directory, 'shop')));
  const upload = await uploadAll(store, 'data/object', randomBytes(100));
  await rm(join(directory, 'shop'), { recursive: true });
  await refuses(t, 'StoreMisconfigured', upload.finish());
  await upload.abort();
});

test('errors of the file system have a code and a next step', (t) => {
  const errors: [NodeJS.ErrnoException, string][] = [
    [Object.assign(new Error('x'), { code: 'EDQUOT' }), 'StoreFull'],
    [Object.assign(new Error('x'), { code: 'ESTALE' }), 'StoreUnavailable'],
    [Object.assign(new Error('x'), { code: 'EIO' }), 'StoreUnavailable'],
    [Object.assign(new Error('x'), { code: 'EPERM', syscall: 'link' }), 'StoreMisconfigured'],
    [Object.assign(new Error('x'), { code: 'EPERM', syscall: 'open' }), 'AccessDenied'],
  ];
  for (const [error, code] of errors) {
    const explained = directoryError(error, '/volume');
    t.true(explained instanceof StoreError && explained.code === code && explained.message.includes('/volume'), code);
  }
  const other = new TypeError('a fault of ours');
  t.is(directoryError(other, '/volume'), other);
});

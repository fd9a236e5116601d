// A volume without room for two: the old data directory goes into the store and comes back, from whatever an agent that is killed may leave, byte for byte.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { makeIdentity } from '../../src/archive/age/header.ts';
import { beginWork, factsOf, finishEarlier, putInPlace, removeOld } from '../../src/archive/recovery/volume/attempt.ts';
import { writeMarker, writeState } from '../../src/archive/recovery/volume/marker.ts';
import { discardDirectory, undoDirectory } from '../../src/archive/recovery/volume/undo.ts';
import { backupId, makePolicy, verdicts, watched } from '../archive/repository.ts';
import type { Policy } from '../archive/repository.ts';
import {
  begun,
  building,
  built,
  copiedOnly,
  done,
  makeScene,
  marker,
  newDirectory,
  oldMebibytes,
  options,
  removed,
  state,
} from './safety-scene.ts';
import type { Scene } from './safety-scene.ts';
import { treeHash, uid } from './volume-restores.ts';

let keys: Policy;
test.before(async () => {
  keys = await makePolicy();
});
test.after.always(() => rmSync(keys.directory, { recursive: true, force: true }));

// What is left where an agent is killed in a step of Restore.
const restoring: [name: string, make: (scene: Scene) => Promise<void>, isReplaced: boolean][] = [
  [
    'it was going to copy',
    async (scene) => {
      await begun(scene);
      await writeState(scene.place, { uid, had: true, copying: 'local' });
    },
    false,
  ],
  [
    'half a copy is stored',
    async (scene) => {
      await copiedOnly(scene);
      rmSync(join(scene.policy.directory, 'local', scene.stored().find((key) => key.endsWith('description.json')) ?? ''));
      await writeState(scene.place, { uid, had: true, copying: 'local' });
    },
    false,
  ],
  [
    'the copy is whole, and nothing on the volume says so',
    async (scene) => {
      await copiedOnly(scene);
      await writeState(scene.place, { uid, had: true, copying: 'local' });
    },
    false,
  ],
  ['the copy is whole, and the old data is in its place', copiedOnly, false],
  [
    'the old data is out of its place, and whole',
    async (scene) => {
      await copiedOnly(scene);
      renameSync(scene.place.target, scene.place.before);
    },
    false,
  ],
  [
    'half of the old data is removed',
    async (scene) => {
      await copiedOnly(scene);
      await writeState(scene.place, { ...(await state(scene)), removed: true });
      renameSync(scene.place.target, scene.place.before);
      rmSync(join(scene.place.before, 'base'), { recursive: true });
    },
    false,
  ],
  ['the old data is removed', removed, false],
  ['the new data is being built', building, false],
  ['the new data is whole, and not in its place', built, true],
  ['all is done', done, true],
];

// And in a step of Undo.
const undoing: [name: string, make: (scene: Scene) => Promise<void>][] = [
  [
    'the new data is out of its place',
    async (scene) => {
      await done(scene);
      renameSync(scene.place.target, scene.place.undone);
    },
  ],
  [
    'half of the old data is fetched',
    async (scene) => {
      await removed(scene);
      mkdirSync(join(scene.place.fetched, 'base'), { recursive: true });
      writeFileSync(join(scene.place.fetched, 'base/1'), 'half');
    },
  ],
  ['the old data is fetched', (scene) => fetched(scene, scene.place.fetched)],
  ['what was fetched lies aside', (scene) => fetched(scene, scene.place.before)],
  ['what was fetched is in its place', (scene) => fetched(scene, scene.place.target)],
  [
    'half of the copy is removed from the store',
    async (scene) => {
      await fetched(scene, scene.place.target);
      const [first = ''] = scene.stored().filter((key) => key.endsWith('description.json'));
      rmSync(join(scene.policy.directory, 'local', first));
    },
  ],
];

// As an undo leaves it on its way, with the tree at one of its places.
const fetched = async (scene: Scene, at: string): Promise<void> => {
  await copiedOnly(scene);
  await writeState(scene.place, { ...(await state(scene)), removed: true, fetched: true });
  renameSync(scene.place.target, at);
};

const mustBeUndone = async (t: ExecutionContext, scene: Scene): Promise<void> => {
  for (let time = 1; time <= 2; time += 1) {
    t.is(await undoDirectory(scene.place, scene.from()), undefined);
    t.is(treeHash(scene.place.volume), scene.before);
    t.deepEqual([scene.stored(), await factsOf(scene.place)], [[], { replaced: false, kept: false }]);
  }
};

for (const [name, make] of [...restoring, ...undoing]) {
  test.serial(`killed when ${name}: an undo brings back every byte, and leaves nothing in the store`, async (t) => {
    const scene = await makeScene(keys);
    await make(scene);
    await mustBeUndone(t, scene);
  });
}

for (const [name, make, isReplaced] of restoring) {
  test.serial(
    `killed when ${name}: the next attempt goes on, never without a whole copy, and an undo brings back every byte`,
    async (t) => {
      const scene = await makeScene(keys);
      await make(scene);
      const { place } = scene;
      t.is((await finishEarlier(options(place))) !== undefined, isReplaced);
      if (!isReplaced) {
        const had = existsSync(place.target);
        await beginWork(place, had, undefined);
        if (had) {
          await scene.copy();
          await removeOld(place);
        }
        newDirectory(place);
        await writeMarker(place.data, marker);
        await putInPlace(options(place));
      }
      const { copy } = await factsOf(place);
      t.like(await factsOf(place), { replaced: true, kept: true, copy: { tier: 'local' } });
      t.true((copy?.bytes ?? 0) > oldMebibytes * 1024 ** 2);
      t.deepEqual(readdirSync(place.work), ['state.json']);
      await mustBeUndone(t, scene);
    },
  );
}

test.serial(
  'a copy is sealed, signed and by itself: nothing that looks for backups sees it, and an inspection says nothing of it',
  async (t) => {
    const scene = await makeScene(keys);
    await copiedOnly(scene);
    const [description = '', data, key, ...others] = scene.stored();
    t.deepEqual(others, []);
    t.is(description, `safety/${uid}/db/1/description.json`);
    t.is(data, `safety/${uid}/db/1/directory.tar.zst.age.00001`);
    t.regex(key ?? '', /\/1\/key-[0-9a-f]{16}\.age$/);
    const { payload } = JSON.parse(readFileSync(join(scene.policy.directory, 'local', description), 'utf8')) as { payload: string };
    const document = Buffer.from(payload, 'base64').toString('utf8');
    t.notRegex(document, /strange|16400|pg_wal/);
    t.like(JSON.parse(document), { restore: { name: 'back', uid }, component: 'db', claimName: 'data-0', path: 'deep/pgdata', epoch: 1 });
    const context = watched();
    t.deepEqual(await verdicts(scene.policy, 'local', context), [{ backupId: backupId(1), verdict: 'Passed' }]);
    t.false(
      context.logged.some((line) => line.includes('"warn"') || line.includes('safety/')),
      context.logged.join(''),
    );
  },
);

test.serial('somebody has written to the old data since it was copied: it is copied again before it goes', async (t) => {
  const scene = await makeScene(keys);
  await copiedOnly(scene);
  appendFileSync(join(scene.place.target, 'base/1'), 'one more commit');
  const before = treeHash(scene.place.target);
  t.is(await finishEarlier(options(scene.place)), undefined);
  await scene.copy();
  await removeOld(scene.place);
  await undoDirectory(scene.place, scene.from());
  t.is(treeHash(scene.place.target), before);
});

test.serial('a copy that is damaged in the store is found before the new data is given up for it', async (t) => {
  const scene = await makeScene(keys);
  await done(scene);
  const restored = treeHash(scene.place.target);
  const file = join(scene.policy.directory, 'local', scene.stored().find((key) => key.endsWith('00001')) ?? '');
  const whole = readFileSync(file);
  const damages: [() => void, RegExp][] = [
    [() => truncateSync(file, whole.length - 5), /has \d+ bytes/],
    [() => writeFileSync(file, Buffer.concat([whole.subarray(0, 99), Buffer.from([7]), whole.subarray(100)])), /SHA-256 differs/],
    [() => rmSync(file), /is not in/],
  ];
  for (const [damage, words] of damages) {
    damage();
    const error = await t.throwsAsync(undoDirectory(scene.place, scene.from()), { code: 'RollbackFailed', message: words });
    t.regex(error?.message ?? '', /a copy in the tier local, and stays there/);
    t.is(treeHash(scene.place.target), restored);
  }
  writeFileSync(file, whole);
  await mustBeUndone(t, scene);
});

test.serial('no way to the store, or no identity: an undo says where the old data is, and changes nothing', async (t) => {
  const scene = await makeScene(keys);
  await done(scene);
  const after = treeHash(scene.place.volume);
  const nowhere = { ...scene.from(), copies: undefined };
  await t.throwsAsync(undoDirectory(scene.place, nowhere), { code: 'RollbackFailed', message: /the tier local, and stays there/ });
  const other = join(scene.policy.directory, 'identity.txt');
  writeFileSync(other, `${(await makeIdentity()).identity}\n`);
  await t.throwsAsync(undoDirectory(scene.place, scene.from()), { code: 'RollbackFailed', message: /another identity/ });
  t.is(treeHash(scene.place.volume), after);
  t.like(await factsOf(scene.place), { replaced: true, kept: true });
});

test.serial('what a copy cannot be made of, or into, says why; the old data and the repository stay as they are', async (t) => {
  const scene = await makeScene(keys);
  const { place, policy } = scene;
  await begun(scene);
  const before = treeHash(place.target);
  const stranger = await makeIdentity();
  const { signingKeyFile } = policy;
  const cases: [object, object][] = [
    [{ clusterId: 'another' }, { code: 'WriterReplaced' }],
    [{ safety: { recipients: [stranger.recipient], signingKeyFile } }, { code: 'IdentityInvalid', message: /present identity/ }],
    [{ safety: { recipients: [stranger.recipient], signingKeyFile: '/not/there' } }, { code: 'ENOENT' }],
  ];
  for (const [changes, expected] of cases) {
    await t.throwsAsync(scene.copy(changes), expected);
    t.is(treeHash(place.target), before);
  }
  execFileSync('mkfifo', [join(place.target, 'pipe')]);
  await t.throwsAsync(scene.copy(), { code: 'DirectoryStrange', message: /pipe is neither/ });
  t.false(scene.stored().some((key) => key.endsWith('description.json')));
});

test.serial('a socket that a server has left is in no copy, and in no way', async (t) => {
  const scene = await makeScene(keys);
  const path = join(scene.place.target, '.s.PGSQL.5432');
  const server = createServer().listen(path);
  await once(server, 'listening');
  try {
    await removed(scene);
  } finally {
    server.close();
  }
  await mustBeUndone(t, scene);
});

test.serial('Discard removes the copy, and never the only data that there is; without its claim the copy goes all the same', async (t) => {
  const scene = await makeScene(keys);
  await done(scene);
  const restored = treeHash(scene.place.target);
  renameSync(scene.place.target, `${scene.place.target}.x`);
  await t.throwsAsync(discardDirectory(scene.place, scene.from().copies), { code: 'RollbackFailed', message: /is not removed/ });
  renameSync(`${scene.place.target}.x`, scene.place.target);
  t.is(scene.stored().length, 3);
  for (let time = 1; time <= 2; time += 1) {
    await discardDirectory(scene.place, scene.from().copies);
    t.deepEqual([scene.stored(), treeHash(scene.place.target), existsSync(scene.place.work)], [[], restored, false]);
  }
});

test.serial('a store that lets nobody remove anything: an undo works all the same, and says what is left there', async (t) => {
  const scene = await makeScene(keys, (store) => ({ ...store, remove: () => Promise.reject(new Error('not allowed')) }));
  await done(scene);
  t.regex((await undoDirectory(scene.place, scene.from())) ?? '', /could not be removed/);
  t.is(treeHash(scene.place.volume), scene.before);
  t.is(scene.stored().length, 3);
});

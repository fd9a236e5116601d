// What an agent that is killed can leave on a volume, state by state: the next attempt goes on from each, and an undo brings back what was there, twice.
import { chmodSync, cpSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { RecoveryRefused } from '../../src/archive/recovery/refused.ts';
import { fieldsOfOptions, nextStepOf } from '../../src/archive/recovery/verb/next-step.ts';
import { beginWork, factsOf, finishEarlier, putInPlace, removeOld } from '../../src/archive/recovery/volume/attempt.ts';
import type { FromStore } from '../../src/archive/recovery/volume/bring-back.ts';
import { checkTarget } from '../../src/archive/recovery/volume/check-target.ts';
import { markerName, writeMarker, writeState } from '../../src/archive/recovery/volume/marker.ts';
import type { Marker } from '../../src/archive/recovery/volume/marker.ts';
import { placeOf } from '../../src/archive/recovery/volume/place.ts';
import type { Place } from '../../src/archive/recovery/volume/place.ts';
import { freeBytes, mustRemoveFirst } from '../../src/archive/recovery/volume/room.ts';
import { discardDirectory, undoDirectory } from '../../src/archive/recovery/volume/undo.ts';
import { refusalCodes } from '../../src/core/recovery/refusal.ts';
import { silent } from '../engines/agent-run.ts';
import { root } from '../engines/server-fixture.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { testContext, treeHash, uid } from './volume-restores.ts';

// A Job that was given no way to a store.
const nowhere: FromStore = { copies: undefined, owner: undefined, context: testContext };

const marker: Marker = {
  uid,
  planned: { name: 'db', hash: '0123456789abcdef', target: 'there', backupId: 'x', fetchBytes: 1, lost: 'nothing' },
  restored: { reachedLsn: '0/1', timeline: 2, systemId: '1' },
};

type Options = { kind?: 'volume' | 'inPlace'; had?: boolean };

const makePlace = ({ kind = 'inPlace', had = kind === 'inPlace' }: Options = {}): Place => {
  const mountPath = join(temporaryFolder('volume'), 'v');
  const place = placeOf({ uid }, { kind, path: 'deep/pgdata', mountPath });
  mkdirSync(join(mountPath, 'deep'), { recursive: true });
  writeFileSync(join(mountPath, 'neighbour'), 'is never touched');
  if (had) {
    fill(place.target, 'old');
  }
  return place;
};

const fill = (directory: string, what: string): void => {
  mkdirSync(join(directory, 'base'), { recursive: true });
  // No server starts on another one.
  chmodSync(directory, 0o700);
  writeFileSync(join(directory, 'PG_VERSION'), '17\n');
  writeFileSync(join(directory, 'base/1'), what);
  // Of an older Restore, in a backup of what that one has restored.
  writeFileSync(join(directory, markerName), JSON.stringify({ ...marker, uid: 'another' }));
};

const building = async (place: Place, had = true): Promise<void> => {
  await beginWork(place, had, undefined);
  fill(place.data, 'new');
  mkdirSync(join(place.work, 'spool'));
};

const built = async (place: Place, had = true): Promise<void> => {
  await building(place, had);
  await writeMarker(place.data, marker);
};

const exchanged = async (place: Place): Promise<void> => {
  await built(place);
  renameSync(place.target, `${place.target}.x`);
  renameSync(place.data, place.target);
  renameSync(`${place.target}.x`, place.data);
};

const putAside = async (place: Place): Promise<void> => {
  await built(place);
  renameSync(place.target, place.before);
};

const done = async (place: Place): Promise<void> => {
  await built(place);
  await putInPlace(options(place));
};

const undoing = async (place: Place): Promise<void> => {
  await done(place);
  renameSync(place.target, place.undone);
};

const options = (place: Place, keep: 'Required' | 'Skip' = 'Required') => ({ place, keep, log: silent });

const states: [name: string, make: (place: Place) => Promise<void>, isRestored: boolean][] = [
  ['nothing was begun', async () => undefined, false],
  ['half of it is unpacked', building, false],
  ['it is complete, and not in its place yet', built, true],
  ['the two are exchanged, and no more', exchanged, true],
  ['the old one is put aside, and nothing is in its place', putAside, true],
  ['all is done', done, true],
  ['an undo has taken the new one away, and no more', undoing, false],
];

for (const [name, make, isRestored] of states) {
  test(`${name}: an undo brings back what was there, and another one changes nothing`, async (t) => {
    const place = makePlace();
    const before = treeHash(place.volume);
    await make(place);
    for (let time = 1; time <= 2; time += 1) {
      await undoDirectory(place, nowhere);
      t.is(treeHash(place.volume), before);
      t.deepEqual(await factsOf(place), { replaced: false, kept: false });
    }
  });

  test(`${name}: the next attempt ${isRestored ? 'finishes it' : 'begins anew, with the old one in its place'}`, async (t) => {
    const place = makePlace();
    const before = treeHash(place.volume);
    const old = treeHash(place.target);
    await make(place);
    t.deepEqual(await finishEarlier(options(place)), isRestored ? marker : undefined);
    t.deepEqual(await factsOf(place), { replaced: isRestored, kept: isRestored });
    t.is(treeHash(isRestored ? place.before : place.target), old);
    t.deepEqual(
      readdirSync(place.volume).filter((each) => each.endsWith('.gone')),
      [],
    );
    await undoDirectory(place, nowhere);
    t.is(treeHash(place.volume), before);
  });
}

test('what an attempt with another plan has built is thrown away; what it has put in place is refused', async (t) => {
  const place = makePlace();
  await built(place);
  t.is(await finishEarlier({ ...options(place), planHash: 'fedcba9876543210' }), undefined);
  t.deepEqual(readdirSync(place.work), ['state.json']);
  const finished = makePlace();
  await done(finished);
  await t.throwsAsync(finishEarlier({ ...options(finished), planHash: 'fedcba9876543210' }), {
    instanceOf: RecoveryRefused,
    message: /0123456789abcdef/,
  });
});

test('with an mv that can exchange, the old one is never away; it lies beside afterwards', async (t) => {
  const folder = temporaryFolder('mv');
  writeFileSync(join(folder, 'mv'), `#!/bin/sh\nexec '${root}/hack/toolbox' run mv "$@"\n`);
  chmodSync(join(folder, 'mv'), 0o755);
  const place = makePlace();
  const old = treeHash(place.target);
  await built(place);
  const path = process.env['PATH'];
  process.env['PATH'] = `${folder}:${path}`;
  try {
    await promisify(execFile)('mv', ['--exchange', '--version']);
    // Nothing could be renamed over this one: only an exchange gets by.
    mkdirSync(place.before);
    writeFileSync(join(place.before, 'x'), '');
    await t.throwsAsync(putInPlace(options(place)), { code: 'ENOTEMPTY' });
    rmSync(place.before, { recursive: true });
    t.deepEqual(await finishEarlier(options(place)), marker);
  } finally {
    process.env['PATH'] = path;
  }
  t.is(treeHash(place.before), old);
  t.deepEqual(await factsOf(place), { replaced: true, kept: true });
});

test('the kubelet has opened the old data directory to the group of the Job: an undo leaves one that a server starts on', async (t) => {
  for (const make of [building, exchanged, done]) {
    const place = makePlace();
    chmodSync(place.target, 0o2770);
    await make(place);
    await undoDirectory(place, nowhere);
    t.is(statSync(place.target).mode & 0o7777, 0o2750, make.name);
  }
});

test('where there was no data directory, an undo leaves none', async (t) => {
  const place = makePlace({ had: false });
  const before = treeHash(place.volume);
  await built(place, false);
  await putInPlace(options(place));
  t.deepEqual(await factsOf(place), { replaced: true, kept: false });
  await undoDirectory(place, nowhere);
  t.is(treeHash(place.volume), before);
});

test('a new volume: nothing lies beside; an undo leaves it empty, whether it was finished or not', async (t) => {
  for (const finish of [true, false]) {
    const place = makePlace({ kind: 'volume' });
    const before = treeHash(place.volume);
    await built(place, false);
    if (finish) {
      await putInPlace(options(place, 'Skip'));
      t.deepEqual(readdirSync(place.volume).toSorted(), ['deep', 'neighbour']);
    }
    await undoDirectory(place, nowhere);
    t.is(treeHash(place.volume), before);
  }
});

test('Skip: nothing is kept, and an undo says so and changes nothing', async (t) => {
  const place = makePlace();
  await built(place);
  await putInPlace(options(place, 'Skip'));
  const after = treeHash(place.volume);
  await t.throwsAsync(undoDirectory(place, nowhere), { instanceOf: RecoveryRefused, code: 'NothingToUndo' });
  t.is(treeHash(place.volume), after);
});

test('no room for both: the old one goes first where nobody insists on it, and no undo pretends to have it', async (t) => {
  const place = makePlace();
  await beginWork(place, true, undefined);
  await removeOld(place);
  t.is(await finishEarlier(options(place)), undefined);
  await t.throwsAsync(undoDirectory(place, nowhere), { code: 'RollbackFailed' });
  await built(place);
  await putInPlace(options(place));
  t.deepEqual(await factsOf(place), { replaced: true, kept: false });
  await t.throwsAsync(undoDirectory(place, nowhere), { code: 'RollbackFailed' });
  // Killed before it was removed: it is whole, and put back.
  const moved = makePlace();
  const old = treeHash(moved.target);
  await beginWork(moved, true, undefined);
  renameSync(moved.target, moved.before);
  t.is(await finishEarlier(options(moved)), undefined);
  t.is(treeHash(moved.target), old);
});

test('room: the old data must go first where both do not fit; it is refused only where even without it there is too little', async (t) => {
  const place = makePlace();
  await promisify(execFile)('fallocate', ['--length', '1G', join(place.target, 'base/2')]);
  const free = await freeBytes(place);
  t.is(await mustRemoveFirst(place, free / 2), undefined);
  t.is(await mustRemoveFirst(place, undefined), undefined);
  t.regex((await mustRemoveFirst(place, free + 5e8)) ?? '', /MiB free/);
  await t.throwsAsync(mustRemoveFirst(place, free * 2 + 2e9), { code: 'InsufficientSpace' });
});

test('Discard removes what was put aside, and never the only data that there is', async (t) => {
  const place = makePlace();
  await done(place);
  const target = treeHash(place.target);
  await discardDirectory(place);
  await discardDirectory(place);
  t.is(treeHash(place.target), target);
  t.deepEqual(readdirSync(place.volume).toSorted(), ['deep', 'neighbour']);
  const half = makePlace();
  await putAside(half);
  await t.throwsAsync(discardDirectory(half), { code: 'RollbackFailed', message: /is not removed/ });
  t.true(readdirSync(half.work).includes('before'));
});

test('a Discard that was killed leaves no half of the old data that an undo would bring back', async (t) => {
  const place = makePlace();
  await done(place);
  renameSync(place.work, place.gone);
  rmSync(join(place.gone, 'before/base'), { recursive: true });
  await t.throwsAsync(undoDirectory(place, nowhere), { code: 'NothingToUndo' });
  await discardDirectory(place);
  t.deepEqual(readdirSync(place.volume).toSorted(), ['deep', 'neighbour']);
});

test('what is no data directory of this major is refused, and a missing one is not', async (t) => {
  const place = makePlace();
  t.true(await checkTarget(place, 17));
  await t.throwsAsync(checkTarget(place, 16), { code: 'VersionMismatch', message: /PostgreSQL 17, and the backup is of PostgreSQL 16/ });
  rmSync(join(place.target, 'PG_VERSION'));
  await t.throwsAsync(checkTarget(place, 17), { code: 'TargetNotEmpty', message: /PG_VERSION/ });
  rmSync(place.target, { recursive: true });
  t.false(await checkTarget(place, 17));
  writeFileSync(place.target, '');
  await t.throwsAsync(checkTarget(place, 17), { code: 'TargetNotEmpty' });
  const fresh = makePlace({ kind: 'volume', had: true });
  await t.throwsAsync(checkTarget(fresh, 17), { code: 'TargetNotEmpty', message: /never writes over/ });
});

test('a state that another Restore wrote is not believed to be ours', async (t) => {
  const place = makePlace();
  await built(place);
  cpSync(place.data, place.target, { recursive: true, force: true });
  await writeMarker(place.target, { ...marker, uid: 'another' });
  await writeState(place, { uid, had: true });
  t.deepEqual(await factsOf(place), { replaced: false, kept: false });
});

const value = (name: string): string => nextStepOf('PointOutsideWindow', { options: { [name]: 'x' } });

test('the next step after a refusal is a field of a Restore, never an option of a command', (t) => {
  t.is(value('backup'), 'In another Restore, write source.backup: x.');
  t.is(value('to-time'), 'In another Restore, write pointInTime.time: x.');
  t.is(
    nextStepOf('ChainBroken', { options: { latest: undefined, backup: 'b' }, act: 'Use --from.' }),
    'In another Restore, take source.latest away, and write source.backup: b.',
  );
  t.is(nextStepOf('PointOutsideWindow', { options: { into: undefined } }), 'In another Restore, take target.server away.');
  for (const name of Object.keys(fieldsOfOptions)) {
    t.notRegex(value(name), /--/, name);
  }
  for (const code of refusalCodes) {
    const said = nextStepOf(code, { act: 'Use another tier: the same command with its location after --from.' });
    t.regex(said, /\S\.$/, code);
    t.notRegex(said, /--(?!hold)/, code);
  }
  t.is(nextStepOf('WALGap', { act: 'Make it first.' }), 'Make it first.');
});

// A server that is restored in place, set back by an undo, and restored again, with a receiver at work through all of it: the archive holds each history
// that it lived, and says which one it lives now.
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { atTime, commitFor, makeLedger } from '../recovery/commits.ts';
import { makeWorld } from '../recovery/world.ts';
import type { World } from '../recovery/world.ts';
import type { PostgresServer } from '../engines/postgres-server.ts';
import {
  beginPhase,
  changedSince,
  named,
  objectsIn,
  physicalOnly,
  restoreInPlace,
  rowsAt,
  rowsOf,
  settings,
  slotNow,
  stored,
  timelineOf,
  undo,
  upTo,
  windowOf,
} from './in-place.ts';
import type { Row } from './in-place.ts';
import { until } from './receiver-run.ts';
import type { RunningReceiver } from './receiver-run.ts';

let world: World;
let server: PostgresServer;
let receiver: RunningReceiver;
let full: string;
// Rows by what the server was when they were written.
let first: Row[];
let second: Row[];
let third: Row[];
const before = (name: string): string => join(world.fixture.directory, `before-${name}`);
const share = (rows: readonly Row[], part: number): Row => rows[Math.floor(rows.length * part)] as Row;
const ofPhase = (rows: readonly Row[], phase: string): Row[] => rows.filter((row) => row.phase === phase);
const slotTime = (): string => new Date().toISOString().replace(/\.\d+/, '');

test.before(async () => {
  world = await makeWorld();
  server = await world.fixture.start('main', settings);
  await makeLedger(server);
  await beginPhase(server, 'a');
  receiver = await world.receive(server);
  await until('it receives', () => receiver.newest() !== undefined, 30, receiver);
  full = await world.backUp(server, slotTime(), physicalOnly);
});
test.after.always(async () => {
  await receiver?.kill();
  await world?.stop();
});

const live = async (phase: string, timeline: number): Promise<Row[]> => {
  await beginPhase(server, phase);
  // Of the time before the first mark on this timeline nobody knows which history it belongs to: instants in it are refused.
  await stored(server, receiver, timeline);
  await commitFor(server, 400);
  await stored(server, receiver, timeline);
  return rowsOf(server);
};

const increment = async (parentId: string) => {
  const { id, result } = await world.backUpOn(server, slotTime(), { parentId, changes: physicalOnly });
  return { id, outcome: result.outcome, whole: result.whole?.reason };
};

// By the window, and by the slot: no WAL is missing (the minutes of a history that was left are no instants of the other), and the server keeps no old WAL.
const isWhole = async (t: ExecutionContext, timeline: number): Promise<void> => {
  const window = await windowOf(world);
  t.like(window, { mark: { timeline }, newest: { timeline, isReached: true }, leadsOn: { timeline } });
  t.deepEqual(
    window?.gaps?.filter(({ reason }) => reason !== 'OtherHistory'),
    [],
  );
  t.is(window?.restorableTo, window?.mark?.time);
  await until('the slot has followed', async () => (await slotNow(server)).retainedBytes < 1024 ** 2, 20, receiver);
};

test.serial(
  'restored in place: what was undone and what came after can both be recovered, and latest is what the server has now',
  async (t) => {
    first = await live('a', 1);
    const archived = objectsIn(world);
    const kept = share(first, 0.5);
    server = await restoreInPlace(world, server, atTime(kept.micros), before('first'));
    t.is(await timelineOf(server), 2);
    t.deepEqual(named(await rowsOf(server)), upTo(first, kept));
    second = await live('b', 2);
    t.deepEqual(changedSince(archived, objectsIn(world)), []);
    await isWhole(t, 2);

    const undone = share(first, 0.8);
    t.like(await rowsAt(world, atTime(undone.micros)), { rows: upTo(first, undone), timeline: 1 });
    // A copy on the backup of the other timeline is whole, and one on that is not.
    const again = await increment(full);
    t.like(again, { outcome: 'Succeeded', whole: 'TimelineChanged' });
    second = await live('b', 2);
    const next = await increment(again.id);
    t.deepEqual([next.outcome, next.whole], ['Succeeded', undefined]);
    second = await live('b', 2);
    t.like(await rowsAt(world, { kind: 'latest' }), { rows: named(second), timeline: 2 });
    full = next.id;
  },
);

test.serial('undone: the archive goes on with timeline 1 where that ended, and latest is what the server has now', async (t) => {
  const archived = objectsIn(world);
  const onSecond = full;
  server = await undo(world, server, before('first'));
  t.is(await timelineOf(server), 1);
  third = await live('c', 1);
  t.is(ofPhase(third, 'b').length, 0);
  t.deepEqual(changedSince(archived, objectsIn(world)), []);
  await isWhole(t, 1);

  const whole = await increment(onSecond);
  t.like(whole, { outcome: 'Succeeded', whole: 'TimelineChanged' });
  // The first backup is of the history that the server has again.
  const [earliest] = [...(await objectsOf('manifests/'))].toSorted();
  const next = await increment(earliest ?? '');
  t.deepEqual([next.outcome, next.whole], ['Succeeded', undefined]);
  third = await live('c', 1);
  t.like(await rowsAt(world, { kind: 'latest' }), { rows: named(third), timeline: 1 });
  const late = share(ofPhase(second, 'b'), 0.9);
  t.like(await rowsAt(world, atTime(late.micros)), { rows: upTo(second, late), timeline: 2 });
});

const objectsOf = async (prefix: string): Promise<string[]> =>
  [...objectsIn(world).keys()].filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length).replace('.json', ''));

test.serial('restored again: the timeline has a number that none had before, in one archive with the others', async (t) => {
  const archived = objectsIn(world);
  const kept = share(ofPhase(third, 'c'), 0.5);
  server = await restoreInPlace(world, server, atTime(kept.micros), before('second'));
  t.is(await timelineOf(server), 3);
  t.deepEqual(named(await rowsOf(server)), upTo(third, kept));
  const fourth = await live('d', 3);
  t.deepEqual(changedSince(archived, objectsIn(world)), []);
  await isWhole(t, 3);
  t.is(new Set([...objectsIn(world).keys()].filter((name) => name.endsWith('/lineage.json'))).size, 1);
  const found = await rowsAt(world, { kind: 'latest' });
  t.like(found, { rows: named(fourth), timeline: 3, newTimeline: 4 });
});

// Histories that are no continuation of one another, though the numbers of their timelines say so: none gets into the archive of another one.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { lineagesOf, readLineage } from '../../src/archive/wal/read-lineage.ts';
import type { Lineage } from '../../src/archive/wal/read-lineage.ts';
import { openRepository } from '../../src/archive/repository.ts';
import { readVerifiers } from '../../src/archive/signing/keys.ts';
import { openStore } from '../../src/stores/open.ts';
import type { PostgresServer } from '../engines/postgres-server.ts';
import { commitFor, makeLedger } from '../recovery/commits.ts';
import { makeWorld } from '../recovery/world.ts';
import type { World } from '../recovery/world.ts';
import {
  beginPhase,
  changedSince,
  named,
  objectsIn,
  physicalOnly,
  rowsAt,
  rowsOf,
  settings,
  stored,
  timelineOf,
  undo,
} from './in-place.ts';
import { until } from './receiver-run.ts';
import type { RunningReceiver } from './receiver-run.ts';

let world: World;
let server: PostgresServer;
let receiver: RunningReceiver;
const folder = (name: string): string => join(world.fixture.directory, name);
const slotTime = (): string => new Date().toISOString().replace(/\.\d+/, '');

test.before(async () => {
  world = await makeWorld();
  server = await world.fixture.start('main', { ...settings, restore_command: '/bin/false' });
  await server.stop('fast');
});
test.after.always(async () => {
  await receiver?.kill();
  await world?.stop();
});

const lineages = async (): Promise<Lineage[]> => {
  const store = await openStore({ kind: 'directory', directory: world.directory });
  const { repositoryId } = await openRepository(store);
  const trust = { repositoryId, verifiers: readVerifiers([world.verificationKey]) };
  const found = await lineagesOf(store, 'db', trust);
  return Promise.all(found.map(({ lineageId }) => readLineage(store, lineageId, trust)));
};
const reasons = async () => (await lineages()).map(({ document }) => document.reason);

const live = async (phase: string, timeline: number): Promise<string[]> => {
  await beginPhase(server, phase);
  await commitFor(server, 300);
  await stored(server, receiver, timeline);
  return named(await rowsOf(server));
};

// A copy of the server, which must be stopped, that will promote itself when it starts: nobody tells it which numbers of timelines are used.
const promotedCopy = async (name: string): Promise<string> => {
  const copy = folder(name);
  await promisify(execFile)('cp', ['--archive', server.dataDirectory, copy]);
  await promisify(execFile)('sh', ['-c', 'touch "$1"/recovery.signal && chown --reference="$1" "$1"/recovery.signal', 'sh', copy]);
  return copy;
};

// The server stops, and goes on with another directory; its own lies where that was.
const goOnWith = async (directory: string): Promise<number> => {
  server = await undo(world, server, directory);
  await until('it is open', async () => (await server.query<{ r: boolean }>('SELECT pg_is_in_recovery() AS r'))[0]?.r === false);
  await server.query('CHECKPOINT');
  return timelineOf(server);
};

test.serial(
  'switched back and forth between the original and a promoted copy, the archive goes on with the timeline of each',
  async (t) => {
    await promisify(execFile)('cp', ['--archive', server.dataDirectory, folder('snapshot')]);
    server = await world.fixture.restart(server);
    await makeLedger(server);
    receiver = await world.receive(server);
    await until('it receives', () => receiver.newest() !== undefined, 30, receiver);
    await world.backUp(server, slotTime(), physicalOnly);
    await live('a', 1);
    await server.stop('fast');
    const copy = await promotedCopy('copy');
    server = await world.fixture.restart(server);
    const original = await live('b', 1);

    t.is(await goOnWith(copy), 2);
    const onCopy = await live('c', 2);
    const archived = objectsIn(world);
    t.is(await goOnWith(copy), 1);
    t.deepEqual((await live('d', 1)).slice(0, original.length), original);
    t.is(await goOnWith(copy), 2);
    const again = await live('e', 2);
    t.deepEqual(again.slice(0, onCopy.length), onCopy);
    t.deepEqual(await reasons(), ['FirstArchive']);
    t.deepEqual(changedSince(archived, objectsIn(world)), []);
    t.like(await rowsAt(world, { kind: 'latest' }), { rows: again, timeline: 2, newTimeline: 3 });
  },
);

test.serial(
  'another timeline of a number that is archived begins a lineage of its own, and so does a server of which nothing is known',
  async (t) => {
    t.is(await goOnWith(folder('copy')), 1);
    await live('f', 1);
    await server.stop('fast');
    const other = await promotedCopy('other');
    server = await world.fixture.restart(server);
    const archived = objectsIn(world);
    t.is(await goOnWith(other), 2);
    await live('g', 2);
    t.deepEqual(await reasons(), ['FirstArchive', 'OtherHistory']);

    // Set back to before all of it, on timeline 1: a recovery of it takes no number that was used in another lineage.
    t.is(await goOnWith(folder('snapshot')), 1);
    const [before] = await lineages();
    await makeLedger(server);
    await live('h', 1);
    t.deepEqual(await reasons(), ['FirstArchive', 'OtherHistory', 'ServerBehindArchive']);
    await world.backUp(server, slotTime(), physicalOnly);
    const last = await live('i', 1);
    t.deepEqual((await lineages())[0]?.timelines, before?.timelines);
    t.deepEqual(changedSince(archived, objectsIn(world)), []);
    t.like(await rowsAt(world, { kind: 'latest' }), { rows: last, timeline: 1, newTimeline: 3 });
  },
);

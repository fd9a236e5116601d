// A full physical backup of a database of 2 GiB, against others. Contestants take turns; each turn begins with the same server, caches and disk.
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { giveToServer } from '../../test/engines/toolbox.ts';
import { runQuietly } from '../common/measure.ts';
import { makeProcessGroup } from '../common/process-group.ts';
import type { ProcessGroup } from '../common/process-group.ts';
import { startS3 } from '../common/s3.ts';
import type { S3Server } from '../common/s3.ts';
import { say } from '../common/say.ts';
import { benchDirectory, numberSetting, root } from '../common/settings.ts';
import type { Contestant, Others } from './contestant.ts';
import { makeSets, setNames, startSet } from './data.ts';
import type { SetName } from './data.ts';
import { goalsOf } from './goals.ts';
import { limit } from './limit.ts';
import { buildAgent, makeKeys, ours } from './ours.ts';
import { pgbackrest } from './pgbackrest.ts';
import { forPeople, forScripts } from './report.ts';
import { restic } from './restic.ts';
import { summarize } from './summary.ts';
import type { Run } from './summary.ts';
import type { PostgresServer } from '../../test/engines/postgres-server.ts';

type Place = { set: SetName; server: PostgresServer; group: ProcessGroup };

// PROFILE=<folder> has Node write profiles of its CPU.
const contestants = async (): Promise<Contestant[]> => {
  const keys = await makeKeys();
  const profile = process.env['PROFILE'];
  return [
    ours('directory', keys, profile),
    pgbackrest('directory', false),
    pgbackrest('directory', true),
    restic('directory'),
    limit,
    ours('s3', keys, profile),
    pgbackrest('s3', false),
    pgbackrest('s3', true),
    restic('s3'),
  ];
};

// ONLY='holdfast|limit' leaves the others out, for a quick look.
const isWanted = (set: SetName, { target, name }: Contestant): boolean =>
  new RegExp(process.env['ONLY'] ?? '').test(`${set} ${target} ${name}`);

// What was written before must not be written out during the next turn.
const settle = async (server: PostgresServer): Promise<void> => {
  await server.query('CHECKPOINT');
  await runQuietly(['sync']);
};

const turnOf = async (place: Place, s3: S3Server, s3Group: ProcessGroup, contestant: Contestant): Promise<Run> => {
  const directory = join(benchDirectory, 'turn');
  const prefix = `turn/${contestant.name}`;
  const objects = join(s3.bucketDirectory, 'turn');
  const clear = async (): Promise<void> => {
    await rm(directory, { recursive: true, force: true });
    await rm(objects, { recursive: true, force: true });
  };
  await clear();
  await mkdir(directory, { recursive: true });
  await giveToServer(directory);
  await settle(place.server);
  const before = { server: place.group.cpuSeconds(), s3: s3Group.cpuSeconds() };
  const others = (): Others => ({
    serverCpuSeconds: place.group.cpuSeconds() - before.server,
    s3CpuSeconds: s3Group.cpuSeconds() - before.s3,
  });
  const outcome = await contestant.run({ server: place.server, s3, directory, prefix, others });
  const othersAtEnd = outcome.others ?? others();
  await clear();
  say(
    `  ${place.set} ${contestant.target} ${contestant.name}: ${outcome.seconds.toFixed(2)} s, ${outcome.peakRssMiB.toFixed(0)} MiB (${outcome.peakOf})`,
  );
  return { set: place.set, target: contestant.target, name: contestant.name, outcome: { ...outcome, ...othersAtEnd } };
};

// Servers, and every page of their files in the cache of the kernel.
const startPlaces = async (scale: number): Promise<Place[]> => {
  const places: Place[] = [];
  for (const set of setNames) {
    const group = makeProcessGroup(`server-${set}`);
    const server = await startSet(set, scale, group);
    places.push({ set, server, group });
    await runQuietly(['bash', '-c', 'find "$0" -type f -exec cat {} + >/dev/null', server.dataDirectory]);
  }
  return places;
};

const stopPlace = async ({ server }: Place): Promise<void> => {
  await server.stop();
  await rm(server.socketDirectory, { recursive: true, force: true });
};

export const work = async (): Promise<object> => {
  const runs = numberSetting('RUNS', 5);
  const scale = numberSetting('SCALE', 100);
  await runQuietly([join(root, 'hack/toolbox'), 'make']);
  await buildAgent();
  await makeSets(scale);
  const takePart = await contestants();
  const s3Group = makeProcessGroup('s3');
  const s3 = await startS3(s3Group);
  const places = await startPlaces(scale);
  const all: Run[] = [];
  try {
    for (let round = 1; round <= runs; round += 1) {
      say(`Round ${round} of ${runs}`);
      for (const place of places) {
        for (const contestant of takePart.filter((each) => isWanted(place.set, each))) {
          all.push(await turnOf(place, s3, s3Group, contestant));
        }
      }
    }
  } finally {
    await Promise.all(places.map(stopPlace));
    await s3Group.remove();
  }
  const summaries = summarize(all);
  const goals = goalsOf(summaries);
  console.log(forPeople(summaries, goals));
  return forScripts(summaries, goals, { runs, scale });
};

// A full physical backup of a database of 2 GiB, against others. Contestants take turns; each turn begins with the same server, caches and disk.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buildAgent } from '../common/agent.ts';
import type { Contestant } from '../common/contestant.ts';
import { makeKeys } from '../common/keys.ts';
import { runQuietly } from '../common/measure.ts';
import { makeProcessGroup } from '../common/process-group.ts';
import { forScripts } from '../common/report.ts';
import { startS3 } from '../common/s3.ts';
import { say } from '../common/say.ts';
import { numberSetting, root } from '../common/settings.ts';
import { summarize } from '../common/summary.ts';
import type { Run } from '../common/summary.ts';
import { isWanted, takeTurn } from '../common/turn.ts';
import type { Place } from '../common/turn.ts';
import { makeSets, setNames, startSet } from './data.ts';
import { goalsOf } from './goals.ts';
import { limit } from './limit.ts';
import { ours } from './ours.ts';
import { pgbackrest } from './pgbackrest.ts';
import { forPeople } from './report.ts';
import { restic } from './restic.ts';

const contestants = async (): Promise<Contestant[]> => {
  const keys = await makeKeys();
  return [
    ours('directory', keys),
    pgbackrest('directory', false),
    pgbackrest('directory', true),
    restic('directory'),
    limit,
    ours('s3', keys),
    pgbackrest('s3', false),
    pgbackrest('s3', true),
    restic('s3'),
  ];
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
          all.push(await takeTurn(place, { s3, s3Group }, contestant));
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

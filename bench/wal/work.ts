// WAL: how long a commit takes into S3, and how fast a backlog is archived, against pgBackRest and a naive receiver.
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { giveToServer } from '../../test/engines/toolbox.ts';
import { buildAgent } from '../common/agent.ts';
import type { Contestant } from '../common/contestant.ts';
import { rounded } from '../common/figures.ts';
import { makeKeys } from '../common/keys.ts';
import type { Keys } from '../common/keys.ts';
import { runQuietly } from '../common/measure.ts';
import { makeProcessGroup } from '../common/process-group.ts';
import { forScripts } from '../common/report.ts';
import { startS3 } from '../common/s3.ts';
import { say } from '../common/say.ts';
import { benchDirectory, numberSetting, root } from '../common/settings.ts';
import { summarize } from '../common/summary.ts';
import type { Run } from '../common/summary.ts';
import { isWanted, takeTurn } from '../common/turn.ts';
import type { Storage } from '../common/turn.ts';
import { makeBacklog, readSegments, startBacklog } from './backlog.ts';
import { goalsOf } from './goals.ts';
import { measureLatency } from './latency.ts';
import type { Latency } from './latency.ts';
import { limit } from './limit.ts';
import { makeLoaded, startLoaded } from './load.ts';
import { ours } from './ours.ts';
import { pgbackrest } from './pgbackrest.ts';
import { forPeople } from './report.ts';

const set = 'backlog';

const contestants = (keys: Keys): Contestant[] =>
  [ours('directory', keys), pgbackrest('directory'), limit(keys), ours('s3', keys), pgbackrest('s3')].filter((each) => isWanted(set, each));

const archiveBacklog = async (storage: Storage, keys: Keys, runs: number): Promise<{ all: Run[]; segments: number }> => {
  const takePart = contestants(keys);
  if (takePart.length === 0) {
    return { all: [], segments: 0 };
  }
  const wanted = numberSetting('SEGMENTS', 64);
  await makeBacklog(wanted);
  const group = makeProcessGroup('server');
  const server = await startBacklog(wanted, group);
  const all: Run[] = [];
  try {
    const segments = (await readSegments(server)).length;
    // Into the kernel's cache.
    await runQuietly(['bash', '-c', 'cat "$0"/pg_wal/0* >/dev/null', server.dataDirectory]);
    for (let round = 1; round <= runs; round += 1) {
      say(`Backlog of ${segments} segments, round ${round} of ${runs}`);
      for (const contestant of takePart) {
        all.push(await takeTurn({ set, server, group }, storage, contestant));
      }
    }
    return { all, segments };
  } finally {
    await server.stop();
    await rm(server.socketDirectory, { recursive: true, force: true });
  }
};

const latencies = async ({ s3 }: Storage, keys: Keys, runs: number): Promise<Latency[]> => {
  if (!isWanted('latency', { target: 's3', name: 'holdfast' })) {
    return [];
  }
  const seconds = numberSetting('LOAD_SECONDS', 60);
  await makeLoaded();
  const server = await startLoaded(makeProcessGroup('server-under-load'));
  const directory = join(benchDirectory, 'turn');
  const found: Latency[] = [];
  try {
    for (let run = 1; run <= runs; run += 1) {
      await rm(directory, { recursive: true, force: true });
      await mkdir(directory, { recursive: true });
      await giveToServer(directory);
      const prefix = `turn/latency-${run}`;
      const latency = await measureLatency({ server, s3, directory, prefix }, keys, seconds);
      await rm(join(s3.bucketDirectory, 'turn'), { recursive: true, force: true });
      say(`  latency, run ${run} of ${runs}: p99 ${latency.p99Seconds.toFixed(2)} s, ${latency.peakRssMiB.toFixed(0)} MiB`);
      found.push(latency);
    }
    return found;
  } finally {
    await server.stop();
    await rm(server.socketDirectory, { recursive: true, force: true });
  }
};

export const work = async (): Promise<object> => {
  const runs = numberSetting('RUNS', 5);
  await runQuietly([join(root, 'hack/toolbox'), 'make']);
  await buildAgent();
  const keys = await makeKeys();
  const s3Group = makeProcessGroup('s3');
  const storage = { s3: await startS3(s3Group), s3Group };
  try {
    const { all, segments } = await archiveBacklog(storage, keys, runs);
    const measured = await latencies(storage, keys, Math.min(runs, 3));
    const summaries = summarize(all);
    const goals = goalsOf(summaries, measured);
    console.log(forPeople(summaries, measured, segments * 16, goals));
    const plain = measured.map((each) => Object.fromEntries(Object.entries(each).map(([name, value]) => [name, rounded(value, 3)])));
    return forScripts(summaries, goals, { runs, segments, latency: plain });
  } finally {
    await s3Group.remove();
  }
};

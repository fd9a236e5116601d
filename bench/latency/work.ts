// How long it takes from a Backup that is applied to its first bytes in the store, on the demo's cluster, and where the time goes.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { KubeConfig } from '@kubernetes/client-node';
import type { V1PersistentVolume, V1PersistentVolumeClaim } from '@kubernetes/client-node';
import type { Backup } from '../../src/api/objects.ts';
import { backups } from '../../src/controllers/resources.ts';
import { createClient } from '../../src/kube/client.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connection.ts';
import { persistentVolumeClaims } from '../../src/kube/resource.ts';
import type { Resource } from '../../src/kube/resource.ts';
import { median, percentile, rounded } from '../common/figures.ts';
import { say } from '../common/say.ts';
import { numberSetting, root } from '../common/settings.ts';
import { table } from '../common/table.ts';
import { markNames, namespace, oneBackup, policy } from './one-backup.ts';
import type { Mark, Marks } from './one-backup.ts';

const goalSeconds = 3;
const quietMilliseconds = 3000;
const tierClaim = `${policy}-local`;
const persistentVolumes: Resource = { group: '', version: 'v1', plural: 'persistentvolumes', kind: 'PersistentVolume', clusterWide: true };

// Only ever the local cluster.
const openClient = (): KubeClient => {
  const file = join(root, '.cluster/kubeconfig');
  if (!existsSync(file)) {
    throw new Error('There is no local cluster. Run make demo.');
  }
  const config = new KubeConfig();
  config.loadFromFile(file);
  return createClient(connect(config));
};

// The repository in the volume of the primary tier: a folder of this machine.
const repositoryOf = async (client: KubeClient): Promise<string> => {
  const claim = await client.get<V1PersistentVolumeClaim>(persistentVolumeClaims, { namespace, name: tierClaim });
  const volume = await client.get<V1PersistentVolume>(persistentVolumes, { name: claim?.spec?.volumeName ?? 'none' });
  const path = volume?.spec?.local?.path ?? volume?.spec?.hostPath?.path;
  if (path === undefined) {
    throw new Error(`The demo has no volume ${namespace}/${tierClaim} on this machine. Run make demo.`);
  }
  return join(path, namespace, policy);
};

// Runs of one policy queue: a measured one must not wait for another.
const untilQuiet = async (client: KubeClient): Promise<void> => {
  for (;;) {
    let running = 0;
    for await (const { items } of client.list<Backup>(backups, { namespace })) {
      running += items.filter(({ status }) => ['Pending', 'Running', 'Verifying'].includes(status?.phase ?? 'Pending')).length;
    }
    if (running === 0) {
      await pause(quietMilliseconds);
      return;
    }
    await pause(500);
  }
};

const meanings: Record<Mark, string> = {
  job: 'the operator has made the Job',
  pod: 'the Job controller has made the pod',
  scheduled: 'the pod has its node',
  preflightBegins: 'volumes are mounted, the agent runs',
  preflightEnds: 'store and server can be used',
  header: 'key stored, slot held, first progress line (the header)',
  firstPart: 'the first part of the data is stored',
  dumpEnds: 'base.tar is stored',
};

const forPeople = (runs: Marks[]): string => {
  let before = runs.map(() => 0);
  const rows = markNames.map((mark) => {
    const times = runs.map((marks) => marks[mark]);
    const steps = times.map((time, index) => time - (before[index] ?? 0));
    before = times;
    return [meanings[mark], median(times).toFixed(2), percentile(times, 95).toFixed(2), median(steps).toFixed(2)];
  });
  const total = runs.map(({ firstPart }) => firstPart);
  const goal = `goal: first part ≤ ${goalSeconds} s: median ${median(total).toFixed(2)} s, p95 ${percentile(total, 95).toFixed(2)} s, ${median(total) <= goalSeconds ? 'met' : 'MISSED'}`;
  return `\n${table(['seconds since the Backup was applied', 'median', 'p95', 'of which this step'], rows)}\n\n${goal}`;
};

const figuresOf = (runs: Marks[]): object => {
  const first = runs.map(({ firstPart }) => firstPart);
  return {
    runs: runs.length,
    us: {
      seconds: rounded(median(first), 3),
      p95Seconds: rounded(percentile(first, 95), 3),
      ...Object.fromEntries(markNames.map((mark) => [`${mark}Seconds`, rounded(median(runs.map((marks) => marks[mark])), 3)])),
    },
    peers: {},
    ratios: {},
    goals: [{ goal: 'first part, s', value: rounded(median(first), 3), limit: goalSeconds, met: median(first) <= goalSeconds }],
  };
};

export const work = async (): Promise<object> => {
  const wanted = numberSetting('RUNS', 5);
  const client = openClient();
  const repository = await repositoryOf(client);
  const runs: Marks[] = [];
  // The first one warms the node, and is not counted.
  for (let round = 0; round <= wanted; round += 1) {
    await untilQuiet(client);
    const marks = await oneBackup(client, repository);
    say(`  ${round === 0 ? 'warm-up' : `run ${round} of ${wanted}`}: ${marks.firstPart.toFixed(2)} s`);
    runs.push(...(round === 0 ? [] : [marks]));
  }
  await client.close();
  console.log(forPeople(runs));
  return figuresOf(runs);
};

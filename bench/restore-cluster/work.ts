// Restores on Kubernetes against the offline command: into a new claim, in turns, out of the demo's bucket; and how long an undo takes.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { median, rounded } from '../common/figures.ts';
import { atMost, ratio } from '../common/goals.ts';
import { goalTable } from '../common/report.ts';
import { say } from '../common/say.ts';
import { numberSetting, root } from '../common/settings.ts';
import { table } from '../common/table.ts';
import { restoreOffline, startOfflinePod, stopOfflinePod } from './in-pod.ts';
import { kubectl, kubectlWith, policy } from './kubectl.ts';
import { inPlace, intoNewClaim, remove, undo } from './one-restore.ts';
import type { Seen } from './one-restore.ts';

const identity = () => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'bench-identity' },
  stringData: { identity: readFileSync(join(root, '.cluster/demo/identity.txt'), 'utf8') },
});

const psql = ['psql', '--host=/tmp', '--username=postgres', '--no-psqlrc', '--quiet', 'shop'];
const inShop = (sql: string): Promise<string> => kubectl('exec', 'postgres-0', '--', ...psql, '--command', sql);

// What a restore reads: the newest backup has to hold it.
const grow = async (mebibytes: number): Promise<void> => {
  say(`Adding ${mebibytes} MiB that do not compress, and a Full`);
  const sql = `CREATE TABLE IF NOT EXISTS bench_noise (id int, bytes bytea); ALTER TABLE bench_noise ALTER bytes SET STORAGE EXTERNAL; TRUNCATE bench_noise;
    INSERT INTO bench_noise SELECT n, (SELECT string_agg(uuid_send(gen_random_uuid()), '') FROM generate_series(1, 65536 + 0 * n)) FROM generate_series(1, ${mebibytes}) AS n;`;
  await inShop(sql);
  const name = `bench-${Date.now()}`;
  await kubectlWith(
    JSON.stringify({
      apiVersion: 'holdfast.dev/v1alpha1',
      kind: 'Backup',
      metadata: { name },
      spec: { policyRef: { name: policy }, type: 'Full' },
    }),
    'create',
    '-f',
    '-',
  );
  await kubectl('wait', `hb/${name}`, '--for=jsonpath={.status.phase}=Complete', '--timeout=1800s');
  await kubectl('wait', `hb/${name}`, '--for=condition=Replicated', '--timeout=1800s');
};

export const work = async (): Promise<object> => {
  const runs = numberSetting('RUNS', 3);
  const mebibytes = numberSetting('MIB', 2048);
  await kubectlWith(JSON.stringify(identity()), 'apply', '-f', '-');
  await startOfflinePod();
  const ours: Seen[] = [];
  const offline: number[] = [];
  const undos: Seen[] = [];
  try {
    await grow(mebibytes);
    for (let run = 1; run <= runs; run += 1) {
      say(`Round ${run} of ${runs}`);
      const name = `bench-new-${Date.now()}`;
      ours.push(await intoNewClaim(name));
      await remove(name);
      offline.push(await restoreOffline());
    }
    for (let run = 1; run <= runs; run += 1) {
      const name = `bench-back-${Date.now()}`;
      await inPlace(name);
      undos.push(await undo(`${name}-undo`, name));
      say(`Undone in ${undos.at(-1)?.seconds.toFixed(1)} s`);
      await remove(`${name}-undo`);
      await remove(name);
    }
  } finally {
    await stopOfflinePod();
    await kubectl('delete', 'secret', 'bench-identity', '--ignore-not-found');
    await inShop('DROP TABLE IF EXISTS bench_noise');
  }
  const wall = median(ours.map(({ seconds }) => seconds));
  const command = median(offline);
  const first = median(ours.flatMap(({ firstByteSeconds }) => firstByteSeconds ?? []));
  const undone = median(undos.map(({ seconds }) => seconds));
  const goals = [
    ...atMost('wall: the offline command', ratio(wall, command), 1.15),
    ...atMost('applied → first byte fetched, seconds', first, 4),
    ...atMost('undo of a restore in place, seconds', undone, 10),
  ];
  say('');
  const steps = [
    ...(ours.at(-1)?.phases ?? []),
    ...(undos.at(-1)?.phases ?? []).map(({ name, seconds }) => ({ name: `undo: ${name}`, seconds })),
  ];
  console.log(
    table(
      ['step of the last run', 'seconds'],
      steps.map(({ name, seconds }) => [name, seconds.toFixed(1)]),
    ),
  );
  console.log(
    table(
      ['what', 'seconds'],
      [
        ['Restore into a new claim', wall.toFixed(1)],
        ['the offline command in a pod', command.toFixed(1)],
      ],
    ),
  );
  console.log(goalTable(goals));
  return {
    runs,
    mebibytes,
    us: { seconds: rounded(wall), firstByteSeconds: rounded(first), undoSeconds: rounded(undone) },
    peers: { offline: { seconds: rounded(command) } },
    ratios: { offline: rounded(wall / command) },
    goals,
  };
};

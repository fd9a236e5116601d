// Agents that are stopped or killed in mid-upload: that attempt counts for nothing and leaves nothing half-written; the next one succeeds.
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Backup } from '../../src/api/objects.ts';
import { kubectl, mustKubectl } from '../cluster/kubectl.ts';
import { bucketDirectory } from './support/demo.ts';
import { readManifestFile } from './support/documents.ts';
import { filesBelow, removeTree } from './support/files.ts';
import { copySecrets, dropNamespace, freshNamespace } from './support/namespaces.ts';
import { explain, getBackup, startBackup, whenEnded } from './support/objects.ts';
import { podsOf } from './support/places.ts';
import { armPolicy, bucketTier, dumpsOf } from './support/policies.ts';
import { podOfProcess, processIds } from './support/processes.ts';
import { dropNoise, makeNoise } from './support/sql.ts';
import { until } from './support/until.ts';
import { readFileSync } from 'node:fs';

const minute = 60_000;
const namespace = 'holdfast-test-killed';
const noise = 'holdfast_e2e_killed';
const prefix = `${namespace}/run-${Date.now().toString(36)}`;
const repository = join(bucketDirectory, prefix);

test.before(async () => {
  await freshNamespace(namespace);
  await copySecrets(namespace);
  // So that an upload lasts longer than it takes to stop it.
  await makeNoise(noise, 256);
  await armPolicy({ namespace, name: 'killed', components: [{ name: 'db', postgresql: dumpsOf([noise]) }], tiers: [bucketTier(prefix)] });
});

test.after.always(async () => {
  await dropNamespace(namespace);
  await dropNoise(noise);
  removeTree(join(bucketDirectory, namespace));
});

// Parts of uploads that are under way, as the S3 server keeps them.
const openUploads = (): string[] => filesBelow(join(bucketDirectory, '.sgwtmp'));

type Pod = { name: string; uid: string };

// Starts a Backup and waits until a part of its dump has arrived.
const startAndWaitForParts = async (): Promise<{ name: string; pod: Pod }> => {
  const before = new Set(openUploads());
  const name = await startBackup(namespace, 'killed');
  await until('a part of the dump', 120, () => Promise.resolve(openUploads().some((path) => !before.has(path))), 10);
  const [pod] = await podsOf(['-n', namespace, '--selector', `holdfast.dev/backup=${name},holdfast.dev/attempt=1`]);
  return { name, pod: { name: pod?.metadata?.name ?? '', uid: pod?.metadata?.uid ?? '' } };
};

const firstAttemptFiles = ({ status }: Backup): string[] => filesBelow(join(repository, `data/${status?.backupId}/db/1`));

// What holds after the second attempt, however the first one ended.
const assertSecondCounts = (t: ExecutionContext, backup: Backup): void => {
  t.is(backup.status?.phase, 'Complete', explain(backup));
  t.is(backup.status?.components?.[0]?.attempt, 2);
  const manifest = readManifestFile(repository, backup.status?.backupId ?? '');
  t.deepEqual(
    manifest.components.map(({ attempt }) => attempt),
    [2],
  );
  t.deepEqual(
    manifest.components.flatMap(({ artifacts }) => artifacts.flatMap(({ volumes }) => volumes)).filter(({ key }) => key.includes('/db/1/')),
    [],
  );
  t.deepEqual(firstAttemptFiles(backup), []);
};

// While the first attempt has failed and the second has not ended, nothing says that the Backup succeeded.
const whenFirstFailed = (name: string): Promise<Backup> =>
  until(
    'the end of the first attempt',
    120,
    async () => {
      const backup = await getBackup(namespace, name);
      const [component] = backup.status?.components ?? [];
      return (component?.outcome === 'Pending' && component.category !== undefined && backup) || (component?.attempt === 2 && backup);
    },
    200,
  );

test.serial('an agent whose pod is deleted aborts its upload', async (t) => {
  t.timeout(6 * minute);
  const earlier = openUploads();
  const { name, pod } = await startAndWaitForParts();
  await mustKubectl(['delete', 'pod', pod.name, '-n', namespace, '--wait', '--timeout=90s']);
  const failed = await whenFirstFailed(name);
  t.is(failed.status?.components?.[0]?.category, 'Interrupted', explain(failed));
  t.false(filesBelow(join(repository, 'manifests')).includes(`${failed.status?.backupId}.json`));
  assertSecondCounts(t, await whenEnded(namespace, name));
  t.deepEqual(
    openUploads().filter((path) => !earlier.includes(path)),
    [],
  );
  // What the first agent said is kept, although its pod is gone.
  const { code, stdout, stderr } = await kubectl(['holdfast', 'logs', name, '-n', namespace, '--stored']);
  t.is(code, 0, stderr);
  t.regex(stdout, /SIGTERM/);
});

test.serial('an agent that is killed by the kernel succeeds with nothing', async (t) => {
  t.timeout(6 * minute);
  const earlier = openUploads();
  const { name, pod } = await startAndWaitForParts();
  const agents = processIds().filter(
    (pid) => podOfProcess(pid) === pod.uid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('agent.js'),
  );
  t.is(agents.length, 1);
  process.kill(Number(agents[0]), 'SIGKILL');
  const failed = await whenFirstFailed(name);
  t.is(failed.status?.components?.[0]?.category, 'Interrupted', explain(failed));
  t.false(filesBelow(join(repository, 'manifests')).includes(`${failed.status?.backupId}.json`));
  assertSecondCounts(t, await whenEnded(namespace, name));
  t.deepEqual(
    openUploads().filter((path) => !earlier.includes(path)),
    [],
  );
});

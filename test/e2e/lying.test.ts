// Jobs that lie, Jobs that vanish, and a manifest whose component is gone: none of them makes a backup, and each is named.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { hash8 } from '../../src/controllers/hash.ts';
import { jobName } from '../../src/core/plan/names.ts';
import { mustKubectl } from '../cluster/kubectl.ts';
import { bucketDirectory, image } from './support/demo.ts';
import { readManifestFile } from './support/documents.ts';
import { filesBelow, removeTree } from './support/files.ts';
import { copySecrets, dropNamespace, freshNamespace } from './support/namespaces.ts';
import { conditionOf, explain, getBackup, getPolicy, startBackup, whenEnded, whenQuiet, whenRead } from './support/objects.ts';
import { armPolicy, bucketTier, dumpsOf } from './support/policies.ts';
import { until } from './support/until.ts';

const minute = 60_000;
const namespace = 'holdfast-test-lying';
const policy = 'lying';
const prefix = `${namespace}/run-${Date.now().toString(36)}`;
const repository = join(bucketDirectory, prefix);
const parts = { namespace, name: policy, components: [{ name: 'db', postgresql: dumpsOf(['shop']) }], tiers: [bucketTier(prefix)] };

test.before(async () => {
  await freshNamespace(namespace);
  await copySecrets(namespace);
});

test.after.always(async () => {
  await dropNamespace(namespace);
  removeTree(join(bucketDirectory, namespace));
});

// A Job with everything that one of ours has but its work: it exits with 0, and does nothing.
const plantIdleJob = async (backup: string, uid: string, verb: 'dump' | 'seal'): Promise<void> => {
  const labels = { 'holdfast.dev/backup': backup, 'holdfast.dev/policy': policy, 'holdfast.dev/verb': verb, 'holdfast.dev/attempt': '1' };
  const owner = { apiVersion: 'holdfast.dev/v1alpha1', kind: 'Backup', name: backup, uid, controller: true, blockOwnerDeletion: true };
  const container = {
    name: 'agent',
    image: image('agent-17'),
    command: ['true'],
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
  };
  const pod = {
    restartPolicy: 'Never',
    securityContext: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [container],
  };
  const object = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: jobName(policy, hash8(uid), verb === 'dump' ? 'dump-db' : 'seal', 1), namespace, labels, ownerReferences: [owner] },
    spec: { backoffLimit: 0, template: { metadata: { labels }, spec: pod } },
  };
  await mustKubectl(['create', '-f', '-'], JSON.stringify(object));
};

test.serial('Jobs that exit with 0 and did nothing count for nothing: the next attempts do the work', async (t) => {
  t.timeout(5 * minute);
  // Without its policy the Backup waits, and its Jobs can be made before the operator makes them.
  const name = await startBackup(namespace, policy);
  const { uid } = (await getBackup(namespace, name)).metadata;
  await plantIdleJob(name, uid, 'dump');
  await plantIdleJob(name, uid, 'seal');
  await mustKubectl(['wait', 'jobs', '--all', '-n', namespace, '--for=condition=Complete', '--timeout=60s']);
  await armPolicy(parts);
  const failed = await until('the end of the first attempt', 60, async () => {
    const backup = await getBackup(namespace, name);
    return backup.status?.components?.[0]?.category !== undefined && backup;
  });
  t.is(failed.status?.components?.[0]?.category, 'Interrupted', explain(failed));
  t.regex(failed.status?.components?.[0]?.message ?? '', /left no result/);
  t.is(conditionOf(failed, 'Succeeded')?.status, 'Unknown');
  t.deepEqual(filesBelow(join(repository, 'manifests')), []);
  const ended = await whenEnded(namespace, name);
  t.is(ended.status?.phase, 'Complete', explain(ended));
  t.is(ended.status?.components?.[0]?.attempt, 2);
  t.is(ended.status?.sealAttempt, 2);
  const manifest = readManifestFile(repository, ended.status?.backupId ?? '');
  t.deepEqual(
    manifest.components.map(({ attempt }) => attempt),
    [2],
  );
});

test.serial('a Job that somebody deletes is named, and its work is done again', async (t) => {
  t.timeout(5 * minute);
  const name = await startBackup(namespace, policy);
  const { uid } = (await getBackup(namespace, name)).metadata;
  const job = jobName(policy, hash8(uid), 'dump-db', 1);
  await until('the dump', 60, async () => (await getBackup(namespace, name)).status?.components?.[0]?.outcome === 'Running', 100);
  await mustKubectl(['delete', 'job', job, '-n', namespace, '--wait=false']);
  const failed = await until('the end of the first attempt', 90, async () => {
    const backup = await getBackup(namespace, name);
    return backup.status?.components?.[0]?.category !== undefined && backup;
  });
  t.is(failed.status?.components?.[0]?.category, 'Interrupted', explain(failed));
  const ended = await whenEnded(namespace, name);
  t.is(ended.status?.phase, 'Complete', explain(ended));
  t.is(ended.status?.components?.[0]?.attempt, 2);
});

test.serial('a manifest whose component is gone is no backup: the policy names it, and takes the next one', async (t) => {
  t.timeout(5 * minute);
  // What was read before, and what runs, may be of the Backup before: only a quiet policy names its newest one.
  await whenQuiet(namespace);
  const damaged = (await getPolicy(namespace, policy)).status?.latestBackup?.backupId ?? '';
  t.not(damaged, '');
  // That of the attempt that counts: one that was stopped may have left its own.
  const volumes = readManifestFile(repository, damaged).components.flatMap(({ artifacts }) => artifacts.flatMap((each) => each.volumes));
  const volume = volumes.find(({ key }) => key.includes('.dump.zst.age.'))?.key;
  t.truthy(volume);
  rmSync(join(repository, volume ?? ''));
  const next = await whenEnded(namespace, await startBackup(namespace, policy));
  t.is(next.status?.phase, 'Complete', explain(next));
  await whenRead(namespace, policy, 'cloud', Date.parse(next.status?.endTime ?? ''));
  await whenQuiet(namespace);
  const found = await until('the damaged backup in the condition', 60, async () => {
    const now = await getPolicy(namespace, policy);
    return conditionOf(now, 'StorageHealthy')?.status === 'False' && now;
  });
  t.true(conditionOf(found, 'StorageHealthy')?.message.includes(damaged), conditionOf(found, 'StorageHealthy')?.message);
  t.is(found.status?.latestBackup?.backupId, next.status?.backupId);
});

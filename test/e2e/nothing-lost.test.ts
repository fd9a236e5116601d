// Policies, Backups and namespaces go; what lies in the object tier stays, byte for byte.
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import test from 'ava';
import { kubectl, mustKubectl } from '../cluster/kubectl.ts';
import { bucketDirectory, demoDirectory, demoVerificationKey } from './support/demo.ts';
import { digestsBelow, filesBelow, removeTree } from './support/files.ts';
import { copySecrets, dropNamespace, freshNamespace } from './support/namespaces.ts';
import { startBackup, whenQuiet, whenReplicated } from './support/objects.ts';
import { armPolicy, bucketTier, shopDatabase, volumeTier } from './support/policies.ts';
import type { PolicyParts } from './support/policies.ts';
import { until } from './support/until.ts';
import { writeFileSync } from 'node:fs';
import { temporaryFolder } from '../temporary-folder.ts';

const minute = 60_000;
const namespace = 'holdfast-test-lost';
const prefix = `${namespace}/run-${Date.now().toString(36)}`;
const repository = join(bucketDirectory, prefix);
const versions = join(demoDirectory, 'store-state/versions');
const keyFolder = temporaryFolder('keys');

const policy: PolicyParts = {
  namespace,
  name: 'lost',
  components: [{ name: 'db', postgresql: shopDatabase() }],
  tiers: [volumeTier('512Mi'), bucketTier(prefix)],
};

type Digests = Record<string, string>;
let before: { objects: Digests; versions: Digests };

const digests = (): { objects: Digests; versions: Digests } => ({
  objects: digestsBelow(repository),
  versions: Object.fromEntries(Object.entries(digestsBelow(versions)).filter(([path]) => path.includes(prefix))),
});

test.before(async () => {
  await freshNamespace(namespace);
  await copySecrets(namespace);
});

test.after.always(async () => {
  await dropNamespace(namespace);
  removeTree(join(bucketDirectory, namespace));
  removeTree(keyFolder);
});

test.serial('two backups lie on both tiers', async (t) => {
  t.timeout(8 * minute);
  await armPolicy(policy);
  for (let count = 0; count < 2; count += 1) {
    await whenReplicated(namespace, await startBackup(namespace, 'lost'));
  }
  await whenQuiet(namespace);
  before = digests();
  t.is(filesBelow(join(repository, 'manifests')).length, 2);
  t.true(Object.keys(before.objects).length >= 16);
});

test.serial('deleting the policy changes no byte', async (t) => {
  t.timeout(3 * minute);
  await mustKubectl(['delete', 'backuppolicy', 'lost', '-n', namespace, '--timeout=60s']);
  await pause(5000);
  t.deepEqual(digests(), before);
});

test.serial('deleting the Backups changes no byte', async (t) => {
  t.timeout(3 * minute);
  await mustKubectl(['delete', 'backups', '--all', '-n', namespace, '--timeout=120s']);
  await pause(5000);
  t.is(await mustKubectl(['get', 'backups,backuppolicies', '-n', namespace, '-o', 'name']), '');
  t.deepEqual(digests(), before);
});

test.serial('the policy comes back and finds its repository', async (t) => {
  t.timeout(5 * minute);
  await armPolicy(policy);
  await whenReplicated(namespace, await startBackup(namespace, 'lost'));
  await whenQuiet(namespace);
  const now = digests();
  t.like(now.objects, before.objects);
  t.is(filesBelow(join(repository, 'manifests')).length, 3);
  before = now;
});

test.serial('a namespace that goes away under a running Backup is gone within a minute, and loses no byte', async (t) => {
  t.timeout(5 * minute);
  const name = await startBackup(namespace, 'lost');
  await until(
    'the dump of the Backup',
    60,
    async () => {
      const pods = [
        'get',
        'pods',
        '-n',
        namespace,
        '--selector',
        `holdfast.dev/backup=${name}`,
        '--field-selector=status.phase=Running',
        '-o',
        'name',
      ];
      return (await mustKubectl(pods)) !== '';
    },
    100,
  );
  const began = Date.now();
  await mustKubectl(['delete', 'namespace', namespace, '--wait', '--timeout=120s']);
  const seconds = (Date.now() - began) / 1000;
  t.true(seconds <= 60, `it took ${seconds} s`);
  t.like(digests().objects, before.objects);
  t.deepEqual(digests().versions, before.versions);
});

test.serial('with the cluster gone the bucket alone shows all backups', async (t) => {
  t.timeout(minute);
  const keys = join(keyFolder, 'verification-keys.yaml');
  writeFileSync(keys, JSON.stringify({ verificationKeys: [demoVerificationKey()] }));
  const { code, stdout, stderr } = await kubectl(['holdfast', 'list', '--from', repository, '--verification-key', keys, '-o', 'json']);
  t.is(code, 0, stderr);
  const { backups } = JSON.parse(stdout) as { backups: { verdict: string }[] };
  t.true(backups.length >= 3);
  t.true(backups.every(({ verdict }) => verdict === 'Passed'));
});

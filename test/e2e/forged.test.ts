// What the signing key did not sign is refused everywhere, whatever else its author had: credentials, recipient, and this code.
import './support/store-names.ts';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import test from 'ava';
import type { EntryLine, InspectPlan } from '../../src/api/agent.ts';
import type { WriterDocument } from '../../src/api/stored/repository.ts';
import { inspectBackup } from '../../src/archive/inspect.ts';
import { readVerifiers } from '../../src/archive/signing/keys.ts';
import type { S3Location } from '../../src/stores/s3-client.ts';
import { makeClient, usualPatience } from '../../src/stores/s3-client.ts';
import { openStore } from '../../src/stores/open.ts';
import { root, run } from '../cluster/kubectl.ts';
import { bucketDirectory, demoVerificationKey } from './support/demo.ts';
import { payloadOf } from './support/documents.ts';
import { filesBelow, removeTree } from './support/files.ts';
import { cloudOfShop, forgeBackup, forgersFolder, forgersKey, prepareForger, storeCa, writersCredentials } from './support/forger.ts';
import { conditionOf, getPolicy, startBackup, whenReplicated } from './support/objects.ts';
import { storeEndpoint } from './support/store-names.ts';
import { until } from './support/until.ts';

const minute = 60_000;
const repository = join(bucketDirectory, 'shop/shop');

// Both lie in the future: if they were believed, they would be the newest backups.
const forgedId = '20991122T020000Z-full-f0f0f0f0';
const movedId = '20991122T030000Z-full-f0f0f0f0';
// A genuine backup whose manifest somebody changes.
let changedId: string;
let genuineManifest: Buffer;

const manifestFile = (id: string): string => join(repository, `manifests/${id}.json`);

// Writes over an object, as a thief of the credentials can: the bucket keeps the old version, and lists the new one.
const overwrite = async (key: string, body: Buffer): Promise<void> => {
  const client = makeClient(cloudOfShop as S3Location, usualPatience);
  await client.send(new PutObjectCommand({ Bucket: 'holdfast', Key: `shop/shop/${key}`, Body: body }));
  client.destroy();
};

const removeForgeries = (): void => {
  for (const id of [forgedId, movedId]) {
    for (const path of [`data/${id}`, `manifests/${id}.json`]) {
      removeTree(join(repository, path));
    }
    for (const path of filesBelow(join(repository, 'keys')).filter((each) => each.startsWith(`${id}.`))) {
      removeTree(join(repository, 'keys', path.split('/')[0] ?? path));
    }
  }
};

const restoreManifest = async (): Promise<void> => {
  if (genuineManifest !== undefined && !readFileSync(manifestFile(changedId)).equals(genuineManifest)) {
    await overwrite(`manifests/${changedId}.json`, genuineManifest);
  }
};

test.before(() => {
  prepareForger();
  removeForgeries();
});

test.after.always(async () => {
  await restoreManifest();
  removeForgeries();
  removeTree(forgersFolder);
});

const judge = async (id: string, keys: { id: string; key: string }[]): Promise<EntryLine> => {
  const policy = { namespace: 'shop', name: 'shop' };
  const tier = { name: 'cloud', location: cloudOfShop };
  const plan: InspectPlan = { verb: 'inspect', policy, tier, clusterId: '', verificationKeys: keys };
  const store = await openStore(cloudOfShop);
  const { repositoryId } = JSON.parse(readFileSync(join(repository, 'holdfast.json'), 'utf8')) as { repositoryId: string };
  try {
    return await inspectBackup(store, plan, id, repositoryId, readVerifiers(keys));
  } finally {
    await store.close();
  }
};

test.serial('a forged backup is whole: only its signature is not ours', async (t) => {
  t.timeout(5 * minute);
  const genuine = await whenReplicated('shop', await startBackup('shop', 'shop'));
  changedId = genuine.status?.backupId ?? '';
  const writer = payloadOf(readFileSync(join(repository, 'writers/00000001.json'))) as WriterDocument;
  await forgeBackup(forgedId, '2099-11-22T02:00:00Z', writer);
  const believed = await judge(forgedId, [demoVerificationKey(), forgersKey]);
  t.is(believed.verdict, 'Passed', believed.message);
  const judged = await judge(forgedId, [demoVerificationKey()]);
  t.is(judged.verdict, 'Failed');
  t.is(judged.code, 'SignerUnknown');
});

test.serial('a genuine manifest under another id, and one with a changed byte', async (t) => {
  t.timeout(minute);
  genuineManifest = readFileSync(manifestFile(changedId));
  await overwrite(`manifests/${movedId}.json`, genuineManifest);
  t.is((await judge(movedId, [demoVerificationKey()])).code, 'DocumentInvalid');
  const changed = Buffer.from(genuineManifest);
  const at = changed.indexOf('"payload":"') + 60;
  changed[at] = changed[at] === 0x41 ? 0x42 : 0x41;
  await overwrite(`manifests/${changedId}.json`, changed);
  t.is((await judge(changedId, [demoVerificationKey()])).code, 'SignatureInvalid');
});

test.serial('the operator counts them as refused, names them, and takes none for a backup', async (t) => {
  t.timeout(6 * minute);
  const next = await whenReplicated('shop', await startBackup('shop', 'shop'));
  // A reading that follows the Backup before may see the forgeries, and not this Backup yet.
  const policy = await until('three refused manifests and the new backup in the status', 180, async () => {
    const found = await getPolicy('shop', 'shop');
    const { refused } = found.status?.tiers?.find(({ name }) => name === 'cloud') ?? {};
    return refused === 3 && found.status?.latestBackup?.backupId === next.status?.backupId && found;
  });
  const health = conditionOf(policy, 'StorageHealthy');
  t.is(health?.status, 'False');
  t.is(health?.reason, 'ManifestRefused');
  for (const id of [forgedId, movedId, changedId]) {
    t.true(health?.message.includes(id), `${id} is missing in: ${health?.message}`);
  }
  const cloud = policy.status?.tiers?.find(({ name }) => name === 'cloud');
  t.false(cloud?.latestBackupTime?.startsWith('2099'), cloud?.latestBackupTime);
});

type Listed = { id: string; verdict: string; code?: string };

const list = async (
  from: string,
  flags: string[] = [],
  environment: NodeJS.ProcessEnv = {},
): Promise<{ code: number; backups: Listed[] }> => {
  const keys = join(forgersFolder, 'verification-keys.yaml');
  writeFileSync(keys, JSON.stringify({ verificationKeys: [demoVerificationKey()] }));
  const parameters = ['holdfast', 'list', '--from', from, '--verification-key', keys, '-o', 'json', ...flags];
  const settings = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const { code, stdout, stderr } = await run('env', [...settings, 'kubectl', ...parameters]);
  if (stdout === '') {
    throw new Error(stderr);
  }
  const { backups } = JSON.parse(stdout) as { backups: Listed[] };
  return { code, backups };
};

test.serial('kubectl holdfast list --from shows them as Failed, in the bucket and in its folder', async (t) => {
  t.timeout(2 * minute);
  const imported = { NODE_OPTIONS: `--import ${join(root, 'test/e2e/support/store-names.ts')}` };
  const flags = ['--endpoint', storeEndpoint, '--ca-file', storeCa, '--credentials-dir', writersCredentials];
  for (const { code, backups } of [await list(repository), await list('s3://holdfast/shop/shop', flags, imported)]) {
    t.is(code, 1);
    for (const [id, reason] of [
      [forgedId, 'SignerUnknown'],
      [movedId, 'DocumentInvalid'],
      [changedId, 'SignatureInvalid'],
    ]) {
      const found = backups.find((each) => each.id === id);
      t.is(found?.verdict, 'Failed', id);
      t.is(found?.code, reason);
    }
    t.true(backups.some(({ verdict }) => verdict === 'Passed'));
  }
});

test.serial('with the forgeries gone the store is healthy again', async (t) => {
  t.timeout(6 * minute);
  await restoreManifest();
  removeForgeries();
  await whenReplicated('shop', await startBackup('shop', 'shop'));
  const policy = await until('StorageHealthy=True', 120, async () => {
    const found = await getPolicy('shop', 'shop');
    return conditionOf(found, 'StorageHealthy')?.status === 'True' && found;
  });
  t.deepEqual(
    policy.status?.tiers?.map(({ refused }) => refused),
    [0, 0],
  );
});

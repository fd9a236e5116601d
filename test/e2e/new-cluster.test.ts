// A cluster burns, with all that was in it; another one, empty, has only the bucket and identity.txt: it reads, restores, and only then takes over.
import './support/store-names.ts';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { ArchiveError } from '../../src/archive/errors.ts';
import { openArchive } from '../../src/archive/wal/archive.ts';
import { readListedSigner, readVerifiers } from '../../src/archive/signing/keys.ts';
import { seal } from '../../src/archive/seal.ts';
import { openStore } from '../../src/stores/open.ts';
import { findCondition } from '../../src/core/plan/conditions.ts';
import { eventually } from '../kube/on-server.ts';
import { installCrds } from '../cluster/crds.ts';
import { root, mustKubectl } from '../cluster/kubectl.ts';
import { backup } from '../cluster/operator-objects.ts';
import { startOperator } from '../cluster/operator-process.ts';
import type { OperatorProcess } from '../cluster/operator-process.ts';
import { dropNamespaces, letIn, ownNamespaces } from '../cluster/shut-out.ts';
import { runHere } from '../commands/capture.ts';
import type { Outcome } from '../commands/capture.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { bucketDirectory, demoSecret, demoVerificationKey, identityFile } from './support/demo.ts';
import { digestsBelow, removeTree } from './support/files.ts';
import { agentHere, cloudOfShop, prepareForger, storeCa, writersCredentials } from './support/forger.ts';
import { copySecrets } from './support/namespaces.ts';
import { getPolicy } from './support/objects.ts';
import { images, restoreScene, service, workloadOn } from './support/restore-scene.ts';
import { storeEndpoint } from './support/store-names.ts';

const burned = 'holdfast-test-burned';
const anew = 'holdfast-test-anew';
const before = restoreScene(burned);
const after = restoreScene(anew);
const { inNamespace } = after;
const agents = { AGENT_IMAGES: JSON.stringify({ 17: images['agent-17'] }) };
const server = 'deploy/postgres';
const oldCluster = 'a-cluster-that-burned';
const stored = () => digestsBelow(join(bucketDirectory, before.prefix));

const operators: OperatorProcess[] = [];
const operate = async (...options: Parameters<typeof startOperator>): Promise<OperatorProcess> => {
  const operator = await startOperator(...options);
  operators.push(operator);
  return operator;
};
const holdfast = (...parameters: string[]): Promise<Outcome> =>
  runHere([...parameters, '-n', anew, '--kubeconfig', join(root, '.cluster/kubeconfig')], { startTime: Date.now() });

const where = ['--bucket', 'holdfast', '--prefix', before.prefix, '--endpoint', storeEndpoint, '--ca-file', storeCa];
const adopt = (): Promise<Outcome> => holdfast('adopt', ...where, '--credentials-dir', writersCredentials, '--identity', identityFile);

test.before(async () => {
  prepareForger();
  await installCrds();
  await ownNamespaces(burned, anew);
  await copySecrets(burned);
});
test.after.always(async () => {
  await Promise.all(operators.filter((each) => each.isRunning()).map((each) => each.kill()));
  await dropNamespaces(burned, anew);
  await letIn(burned);
  removeTree(join(bucketDirectory, before.prefix));
});

let ashes: Record<string, string> = {};

test.serial('a cluster backs up, archives its WAL, and burns', async (t) => {
  t.timeout(300_000);
  const old = await operate(burned, agents, oldCluster);
  await before.build();
  await before.order(1, 3);
  await before.apply(backup('first', 'shop'));
  await mustKubectl(before.inNamespace('wait', 'hb/first', '--for=jsonpath={.status.phase}=Complete', '--timeout=120s'));
  await before.archived(await before.order(4, 5));
  await old.kill();
  await dropNamespaces(burned);
  await mustKubectl(['wait', `namespace/${burned}`, '--for=delete', '--timeout=120s']);
  ashes = stored();
  t.true(Object.keys(ashes).some((key) => key.startsWith('manifests/')));
});

test.serial('an empty cluster adopts the bucket: its policy shows what can be restored, and that it only reads', async (t) => {
  t.timeout(180_000);
  await operate(anew, agents);
  const { code, stdout, stderr } = await adopt();
  t.is(code, 0, stderr);
  t.regex(stdout, new RegExp(`written by the policy ${burned}/shop of the cluster ${oldCluster} \\(epoch 1\\)`));
  await eventually('the tier is read', async () => (await getPolicy(anew, 'shop')).status?.tiers?.[0]?.backups === 1, 90);
  const { status } = await getPolicy(anew, 'shop');
  t.is(status?.tiers?.[0]?.refused, 0);
  t.truthy(status?.tiers?.[0]?.restorableTime);
  t.truthy(status?.recoverability?.latestTime);
  const health = findCondition(status?.conditions, 'StorageHealthy');
  t.like(health, { status: 'True', reason: 'OnlyReads' });
  t.regex(
    health?.message ?? '',
    new RegExp(`only reads.*${burned}/shop of the cluster ${oldCluster}.*adopt shop -n ${anew} --take-over --confirm ${anew}/shop$`),
  );
  t.regex((await holdfast('status', 'shop')).stdout, /only reads/);
  t.deepEqual(stored(), ashes);
  const again = await adopt();
  t.regex(again.stderr, /ObjectExists/);
});

test.serial('a Restore into a new claim: a server on it has every row, and the bucket is as it was', async (t) => {
  t.timeout(300_000);
  await mustKubectl(inNamespace('create', 'secret', 'generic', 'identity', `--from-file=identity=${identityFile}`));
  await after.restore('back', {
    source: { policyRef: { name: 'shop' }, latest: true, identitySecretRef: { name: 'identity' } },
    components: [{ name: 'db', target: { volume: { size: '2Gi', runAs: { user: 65_532, group: 65_532 } } } }],
    quiesce: undefined,
    confirmation: undefined,
  });
  t.regex(await after.ended('back'), /^Complete Restored/);
  await after.apply(workloadOn('back-db'), service);
  await mustKubectl(inNamespace('rollout', 'status', server, '--timeout=90s'));
  t.is(await after.orders(server), '1,2,3,4,5');
  t.deepEqual(stored(), ashes);
});

test.serial('in place, too, while the policy only reads: the rows are back, and the bucket is as it was', async (t) => {
  t.timeout(300_000);
  await mustKubectl(inNamespace('create', 'secret', 'generic', 'login', '--from-literal=username=postgres', '--from-literal=password=b'));
  const connection = { host: 'postgres', sslMode: 'disable', credentialsSecretRef: { name: 'login' } };
  const patch = [{ op: 'replace', path: '/spec/components/0/postgresql/connection', value: connection }];
  await mustKubectl(inNamespace('patch', 'hbp', 'shop', '--type=json', '-p', JSON.stringify(patch)));
  await after.sqlIn(server, 'DELETE FROM orders WHERE id > 2');
  await after.restore('again', {
    source: { policyRef: { name: 'shop' }, latest: true, identitySecretRef: { name: 'identity' } },
    components: [{ name: 'db', target: { inPlace: { claimName: 'back-db' } } }],
    quiesce: undefined,
  });
  t.regex(await after.ended('again'), /^Complete Restored/);
  await mustKubectl(inNamespace('rollout', 'status', server, '--timeout=90s'));
  t.is(await after.orders(server), '1,2,3,4,5');
  await eventually('it says that it left no record', async () => (await after.read('again')).status?.audit?.state === 'NotWritten', 60);
  t.deepEqual(stored(), ashes);
});

test.serial('after the take-over this cluster writes, and the old one, brought back, is refused', async (t) => {
  t.timeout(300_000);
  const taken = await holdfast('adopt', 'shop', '--take-over', '--confirm', `${anew}/shop`, '--timeout', '3m');
  t.is(taken.code, 0, taken.stderr);
  t.regex(taken.stdout, /epoch 2/);
  await after.apply(backup('next', 'shop'));
  await mustKubectl(inNamespace('wait', 'hb/next', '--for=jsonpath={.status.phase}=Complete', '--timeout=120s'));
  await eventually(
    'the tier shows both, and is healthy',
    async () => {
      const { status } = await getPolicy(anew, 'shop');
      return status?.tiers?.[0]?.backups === 2 && findCondition(status.conditions, 'StorageHealthy')?.reason === 'AllVerified';
    },
    90,
  );
  const now = stored();
  t.deepEqual(
    Object.keys(ashes).filter((key) => now[key] !== ashes[key]),
    [],
    'nothing of the old was touched',
  );

  const signingKeyFile = join(temporaryFolder('old-keys'), 'signing.key');
  writeFileSync(signingKeyFile, demoSecret('holdfast/signing.key'));
  const tier = { name: 'cloud', location: { ...cloudOfShop, prefix: before.prefix } as typeof cloudOfShop };
  const base = {
    policy: { namespace: burned, name: 'shop' },
    clusterId: oldCluster,
    verificationKeys: [demoVerificationKey()],
    signingKeyFile,
  };
  const run = { id: '20991122T020000Z-full-3f9a1c04', type: 'Full' as const, slot: '2099-11-22T02:00:00Z' };
  const sealing = seal({ ...base, verb: 'seal', backup: run, tier, components: [{ name: 'db', attempt: 1 }], failed: [] }, agentHere);
  t.like(await t.throwsAsync(sealing, { instanceOf: ArchiveError }), { code: 'WriterUnknown' });
  const verifiers = readVerifiers(base.verificationKeys);
  const signer = readListedSigner(demoSecret('holdfast/signing.key'), verifiers);
  const store = await openStore(tier.location);
  t.teardown(() => store.close());
  const receiving = openArchive(
    {
      ...base,
      verb: 'receive',
      mode: 'Continuous',
      component: 'db',
      tiers: [{ ...tier, acknowledge: true }],
      recipients: [demoSecret('holdfast/recipient')],
      postgresql: { version: 17, host: 'gone', port: 5432, database: 'postgres', sslMode: 'disable', credentialsDirectory: '' },
      slot: 'gone',
      flushSeconds: 1,
      synchronous: false,
    },
    store,
    { signer, verifiers },
    agentHere,
  );
  t.like(await t.throwsAsync(receiving, { instanceOf: ArchiveError }), { code: 'WriterUnknown' });
  t.deepEqual(
    Object.keys(stored()).filter((key) => now[key] === undefined && key.includes('2099')),
    [],
  );
});

// Two policies, then two clusters, and one prefix: the second is refused and says so, takes over when asked, and the one before stops.
import './support/store-names.ts';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { adopt } from '../../src/archive/adopt.ts';
import type { S3Location } from '../../src/stores/s3-client.ts';
import { kubectl, mustKubectl } from '../cluster/kubectl.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { bucketDirectory, demoSecret, demoVerificationKey } from './support/demo.ts';
import { filesBelow, removeTree } from './support/files.ts';
import { agentHere, cloudOfShop, prepareForger } from './support/forger.ts';
import { copySecrets, dropNamespace, freshNamespace } from './support/namespaces.ts';
import { conditionOf, explain, getPolicy, startBackup, whenEnded, whenReplicated } from './support/objects.ts';
import { armPolicy, bucketTier, dumpsOf } from './support/policies.ts';
import { until } from './support/until.ts';

const minute = 60_000;
const first = 'holdfast-test-writer-one';
const second = 'holdfast-test-writer-two';
const prefix = `${first}/run-${Date.now().toString(36)}`;
const repository = join(bucketDirectory, prefix);
const keyFolder = temporaryFolder('writer-keys');

const policyOf = (namespace: string): Parameters<typeof armPolicy>[0] => ({
  namespace,
  name: 'app',
  components: [{ name: 'db', postgresql: dumpsOf(['shop']) }],
  tiers: [bucketTier(prefix)],
});

test.before(async () => {
  prepareForger();
  writeFileSync(join(keyFolder, 'signing.key'), demoSecret('holdfast/signing.key'));
  for (const namespace of [first, second]) {
    await freshNamespace(namespace);
    await copySecrets(namespace);
    await armPolicy(policyOf(namespace));
  }
});

test.after.always(async () => {
  await Promise.all([first, second].map(dropNamespace));
  removeTree(join(bucketDirectory, first));
  removeTree(keyFolder);
});

const writers = (): string[] => filesBelow(join(repository, 'writers'));
const manifests = (): string[] => filesBelow(join(repository, 'manifests'));

const whenSuperseded = (namespace: string): Promise<string> =>
  until(`the policy ${namespace}/app to see another writer`, 180, async () => {
    const found = conditionOf(await getPolicy(namespace, 'app'), 'StorageHealthy');
    return found?.status === 'False' && found.reason === 'WriterSuperseded' && found.message;
  });

const takeOver = (namespace: string): ReturnType<typeof kubectl> =>
  kubectl(['holdfast', 'adopt', 'app', '-n', namespace, '--take-over', '--confirm', `${namespace}/app`, '--timeout', '3m']);

test.serial('who comes second is refused before it writes a byte, and told whose prefix it is', async (t) => {
  t.timeout(6 * minute);
  await whenReplicated(first, await startBackup(first, 'app'));
  const before = filesBelow(repository);
  const refused = await whenEnded(second, await startBackup(second, 'app'));
  t.is(refused.status?.phase, 'Failed', explain(refused));
  t.is(refused.status?.components?.[0]?.attempt, 1, 'no attempt can help here');
  t.regex(explain(refused), new RegExp(`belongs to the policy ${first}/app of the cluster .* use another prefix`));
  t.is(conditionOf(refused, 'Stalled')?.status, 'True');
  t.deepEqual(
    filesBelow(repository).filter((path) => !before.includes(path) && !path.startsWith('logs/')),
    [],
  );
  t.regex(await whenSuperseded(second), new RegExp(`its writer is the policy ${first}/app`));
});

test.serial('without the name written out nothing is taken over', async (t) => {
  t.timeout(minute);
  const { code, stderr } = await kubectl(['holdfast', 'adopt', 'app', '-n', second, '--take-over', '--confirm', `${first}/app`]);
  t.is(code, 4, stderr);
  t.regex(stderr, /NotConfirmed/);
  t.deepEqual(writers(), ['00000001.json']);
});

test.serial('the second takes over and writes; the first stops, says so, and keeps its backups', async (t) => {
  t.timeout(8 * minute);
  const { code, stdout, stderr } = await takeOver(second);
  t.is(code, 0, stderr);
  t.regex(stdout, /is the writer now, in epoch 2/);
  await whenReplicated(second, await startBackup(second, 'app'));
  t.is(manifests().length, 2);
  const stopped = await whenEnded(first, await startBackup(first, 'app'));
  t.is(stopped.status?.phase, 'Failed', explain(stopped));
  t.regex(explain(stopped), new RegExp(`belongs to the policy ${second}/app`));
  t.regex(await whenSuperseded(first), new RegExp(`its writer is the policy ${second}/app.*epoch 2`));
  t.is(manifests().length, 2);
  const found = await getPolicy(second, 'app');
  t.is(found.status?.tiers?.[0]?.refused ?? 0, 0, 'what the first wrote while it was the writer stays restorable');
});

test.serial('another cluster takes over: the policy of the same name here stops, and gets it back when asked', async (t) => {
  t.timeout(8 * minute);
  const location = { ...(cloudOfShop as S3Location), prefix };
  const { epoch } = await adopt(
    {
      verb: 'adopt',
      policy: { namespace: second, name: 'app' },
      clusterId: 'another-cluster',
      verificationKeys: [demoVerificationKey()],
      signingKeyFile: join(keyFolder, 'signing.key'),
      tiers: [{ name: 'cloud', location }],
    },
    agentHere,
  );
  t.is(epoch, 3);
  const stopped = await whenEnded(second, await startBackup(second, 'app'));
  t.is(stopped.status?.phase, 'Failed', explain(stopped));
  t.regex(explain(stopped), /of the cluster another-cluster \(epoch 3\)/);
  const health = await whenSuperseded(second);
  t.regex(health, /of the cluster another-cluster \(epoch 3/);
  const { code, stdout } = await kubectl(['holdfast', 'status', 'app', '-n', second]);
  t.not(code, 3);
  t.regex(stdout, /another-cluster/, 'the status page says it');

  const back = await takeOver(second);
  t.is(back.code, 0, back.stderr);
  t.regex(back.stdout, /epoch 4/);
  await whenReplicated(second, await startBackup(second, 'app'));
  await until('StorageHealthy=True', 180, async () => {
    const found = conditionOf(await getPolicy(second, 'app'), 'StorageHealthy');
    return found?.status === 'True';
  });
  t.deepEqual(writers(), ['00000001.json', '00000002.json', '00000003.json', '00000004.json']);
  t.is(await mustKubectl(['get', 'backuppolicy', 'app', '-n', second, '-o', 'jsonpath={.status.adoption.state}']), 'Done');
});

// A WAL receiver run by an operator: real server, real store. What is written is archived within seconds, a pod that goes comes back, and what stands in
// the way is said within a minute.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { BackupPolicy } from '../../src/api/objects.ts';
import { demoSecret, demoVerificationKey } from '../e2e/support/demo.ts';
import { copySecrets } from '../e2e/support/namespaces.ts';
import { bucketTier } from '../e2e/support/policies.ts';
import { podOfProcess, processIds } from '../e2e/support/processes.ts';
import { eventually } from '../kube/on-server.ts';
import { mustKubectl, root } from './kubectl.ts';
import { backup } from './operator-objects.ts';
import { missingImage, startOperator } from './operator-process.ts';
import type { OperatorProcess } from './operator-process.ts';
import { serverObjects, sqlIn } from './postgres-pod.ts';
import { dropNamespaces, letIn, ownNamespaces } from './shut-out.ts';

const namespace = 'holdfast-test-receivers';
const images = JSON.parse(readFileSync(join(root, '.cluster/images.json'), 'utf8')) as Record<string, string>;
const running = new Set<OperatorProcess>();
const endOperators = async (): Promise<void> => {
  await Promise.all([...running].filter((each) => each.isRunning()).map((each) => each.kill()));
};
const operate = async (image = images['agent-17']): Promise<OperatorProcess> => {
  const operator = await startOperator(namespace, { AGENT_IMAGES: JSON.stringify({ 17: image }) });
  running.add(operator);
  return operator;
};

const inNamespace = (...parameters: string[]): string[] => [...parameters, '--namespace', namespace];
const apply = (...objects: object[]): Promise<string> =>
  mustKubectl(inNamespace('apply', '-f', '-'), objects.map((each) => JSON.stringify(each)).join('\n---\n'));
const sql = (text: string): Promise<string> => sqlIn(namespace, text);

const shop = {
  apiVersion: 'holdfast.dev/v1alpha1',
  kind: 'BackupPolicy',
  metadata: { name: 'shop' },
  spec: {
    components: [
      {
        name: 'db',
        postgresql: {
          version: 17,
          connection: { host: 'postgres', sslMode: 'disable', credentialsSecretRef: { name: 'login' } },
          logical: { enabled: false },
          walArchive: { flushInterval: '1s' },
        },
      },
    ],
    encryption: {
      recipients: [demoSecret('holdfast/recipient')],
      signingKeySecretRef: { name: 'holdfast-signing' },
      verificationKeys: [demoVerificationKey()],
    },
    tiers: [
      bucketTier(`tests/receivers-${Date.now()}`),
      { name: 'local', persistentVolumeClaim: { size: '256Mi', storageClassName: 'standard' } },
    ],
    jobs: { resources: { requests: { cpu: '1m', memory: '1Mi' } } },
  },
};

const read = async (): Promise<NonNullable<BackupPolicy['status']>> =>
  (JSON.parse(await mustKubectl(inNamespace('get', 'hbp', 'shop', '-o', 'json'))) as BackupPolicy).status ?? {};
const archive = async () => (await read()).walArchive?.[0];
const healthy = async (): Promise<string> => {
  const found = (await read()).conditions?.find(({ type }) => type === 'ArchivingHealthy');
  return `${found?.status} ${found?.reason}: ${found?.message}`;
};
const becomes = (what: string, pattern: RegExp, seconds = 60): Promise<void> =>
  eventually(what, async () => pattern.test(await healthy()), seconds);
const podFields = async (field: string): Promise<string> =>
  mustKubectl(inNamespace('get', 'pods', '-l', 'holdfast.dev/verb=receive', '-o', `jsonpath={.items[*].${field}}`));
const isStored = async (lsn: string): Promise<boolean> => {
  const [row] = (await sql(`SELECT restart_lsn >= '${lsn}' FROM pg_replication_slots`)).split('\n');
  return row === 't';
};
const commit = async (id: number): Promise<string> => {
  await sql(`INSERT INTO orders VALUES (${id})`);
  return sql('SELECT pg_current_wal_flush_lsn()');
};

const login = (): Promise<string> =>
  mustKubectl(inNamespace('create', 'secret', 'generic', 'login', '--from-literal=username=postgres', '--from-literal=password=b'));

test.before(async () => {
  await mustKubectl(['apply', '-f', 'crds/']);
  await mustKubectl(['wait', '--for=condition=Established', '--timeout=60s', '-f', 'crds/']);
  await ownNamespaces(namespace);
  await copySecrets(namespace);
  await apply(...serverObjects(images['postgres'] ?? ''));
  await login();
  await mustKubectl(inNamespace('wait', '--for=condition=Ready', '--timeout=90s', 'pod/postgres'));
  await sql('CREATE TABLE orders (id int)');
});
test.afterEach.always(endOperators);
test.after.always(async () => {
  await dropNamespaces(namespace);
  await letIn();
});

// The agent's process on this machine, which is the node.
const stopReceiver = async (t: ExecutionContext): Promise<void> => {
  const uid = await podFields('metadata.uid');
  const pids = processIds().filter((pid) => podOfProcess(pid) === uid && readFileSync(`/proc/${pid}/comm`, 'utf8').trim() !== 'pause');
  t.true(pids.length > 0);
  pids.forEach((pid) => process.kill(Number(pid), 'SIGSTOP'));
};

const restorable = async (): Promise<number> => Date.parse((await read()).rpo?.restorableTime ?? '');
const deletePod = (...options: string[]): Promise<string> =>
  mustKubectl(inNamespace('delete', 'pod', '-l', 'holdfast.dev/verb=receive', ...options));

test.serial('what is committed is archived within seconds, also by the pod that takes the place of another', async (t) => {
  const operator = await operate();
  await apply(shop);
  await becomes('it archives', /^True WalArchived/, 90);
  t.like(await archive(), { state: 'Archiving', tier: 'cloud', timeline: 1 });
  const first = await commit(1);
  await eventually('it is stored and acknowledged', () => isStored(first), 10);

  const before = await podFields('metadata.uid');
  await deletePod('--wait=false');
  const second = await commit(2);
  await eventually('another pod has stored it', async () => (await isStored(second)) && (await podFields('metadata.uid')) !== before, 60);
  t.regex(await healthy(), /^True/, 'a pod that is replaced is no failure');
  t.is(await operator.stop(), 0);
});

test.serial('an idle database loses nothing: the restorable point moves by marks, and nobody reads the store for that', async (t) => {
  const operator = await operate();
  await apply(backup('first'));
  await mustKubectl(inNamespace('wait', 'hb/first', '--for=jsonpath={.status.phase}=Complete', '--timeout=100s'));
  const committed = Date.now();
  await eventually(
    'it can be restored to an instant after the last commit and the last reading',
    async () => {
      const { restorableTime = '', measuredTime = '' } = (await read()).rpo ?? {};
      return (await restorable()) > committed && restorableTime > measuredTime && measuredTime !== '';
    },
    110,
  );
  t.is(await operator.stop(), 0);
});

test.serial('a restart writes nothing; a receiver that hangs is seen within a minute', async (t) => {
  const operator = await operate();
  await becomes('it archives', /^True/);
  await stopReceiver(t);
  await becomes('one that hangs is seen', /^False ReceiverSilent: db: .*kubectl rollout restart deployment shop-wal-db/);
  t.deepEqual(
    operator.writes().filter(({ path }) => !path.includes('/backuppolicies/shop/status')),
    [],
  );
  await deletePod('--grace-period=0', '--force');
  await becomes('another one archives', /^True/);
  t.is(await operator.stop(), 0);
});

test.serial('a Secret that is gone is named, and with it back it goes on', async (t) => {
  const operator = await operate();
  await mustKubectl(inNamespace('delete', 'secret', 'login'));
  await deletePod('--wait=false');
  await becomes('it is named', /^False ReceiverCannotStart: db: .*Create the Secret "login"/, 75);
  await login();
  await deletePod('--wait=false');
  await becomes('it archives again', /^True/);
  t.is(await operator.stop(), 0);
});

test.serial('an image that is not there is named', async (t) => {
  const operator = await operate(missingImage);
  await becomes('it is named', /^False ReceiverCannotStart: db: .*there-is-no-such-image.*agent\.images/, 75);
  t.is(await operator.stop(), 0);
});

// A WAL receiver run by an operator: real server, real store. What is written is archived within seconds, a pod that goes comes back, and what stands in
// the way is said within a minute.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { BackupPolicy } from '../../src/api/objects.ts';
import { demoSecret, demoVerificationKey } from './support/demo.ts';
import { copySecrets } from './support/namespaces.ts';
import { bucketTier } from './support/policies.ts';
import { podOfProcess, processIds } from './support/processes.ts';
import { eventually } from '../kube/on-server.ts';
import { installCrds } from '../cluster/crds.ts';
import { mustKubectl, root } from '../cluster/kubectl.ts';
import { backup } from '../cluster/operator-objects.ts';
import { namespaced, operatorsOf } from '../cluster/namespaced.ts';
import { missingImage } from '../cluster/operator-process.ts';
import { serverObjects, sqlIn } from '../cluster/postgres-pod.ts';
import { dropNamespaces, letIn, ownNamespaces } from '../cluster/shut-out.ts';

const namespace = 'holdfast-test-receivers';
const images = JSON.parse(readFileSync(join(root, '.cluster/images.json'), 'utf8')) as Record<string, string>;
// It has an image for PostgreSQL 16 that is not there.
const { operate, endOperators } = operatorsOf(namespace, { AGENT_IMAGES: JSON.stringify({ 16: missingImage, 17: images['agent-17'] }) });
const { inNamespace, apply } = namespaced(namespace);
const sql = (text: string): Promise<string> => sqlIn(namespace, text);

// A policy of the one server; each has a place of its own in the store, and a slot of its own.
const archiving = (name: string, { version = 17, secret = 'login' } = {}): object => ({
  apiVersion: 'holdfast.dev/v1alpha1',
  kind: 'BackupPolicy',
  metadata: { name },
  spec: {
    components: [
      {
        name: 'db',
        postgresql: {
          version,
          connection: { host: 'postgres', sslMode: 'disable', credentialsSecretRef: { name: secret } },
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
      bucketTier(`tests/receivers-${Date.now()}-${name}`),
      { name: 'local', persistentVolumeClaim: { size: '256Mi', storageClassName: 'standard' } },
    ],
    // Around two in the morning a Full that is due soon would do for the one that is asked for.
    schedules: { full: { cron: '0 0 1 1 *' } },
    jobs: { resources: { requests: { cpu: '1m', memory: '1Mi' } } },
  },
});

const read = async (name = 'shop'): Promise<NonNullable<BackupPolicy['status']>> =>
  (JSON.parse(await mustKubectl(inNamespace('get', 'hbp', name, '-o', 'json'))) as BackupPolicy).status ?? {};
const healthy = async (name = 'shop'): Promise<string> => {
  const found = (await read(name)).conditions?.find(({ type }) => type === 'ArchivingHealthy');
  return `${found?.status} ${found?.reason}: ${found?.message}`;
};
const becomes = (name: string, pattern: RegExp, seconds = 60): Promise<void> =>
  eventually(`${name} says ${pattern}`, async () => pattern.test(await healthy(name)), seconds);
const receiverOf = (name: string): string[] => ['-l', `holdfast.dev/verb=receive,holdfast.dev/policy=${name}`];
const podUid = (name: string): Promise<string> =>
  mustKubectl(inNamespace('get', 'pods', ...receiverOf(name), '-o', 'jsonpath={.items[*].metadata.uid}'));
const isStored = async (lsn: string): Promise<boolean> =>
  (await sql(`SELECT restart_lsn >= '${lsn}' FROM pg_replication_slots WHERE slot_name LIKE '%_shop_db'`)) === 't';
const commit = async (id: number): Promise<string> => {
  await sql(`INSERT INTO orders VALUES (${id})`);
  return sql('SELECT pg_current_wal_flush_lsn()');
};

test.before(async () => {
  await installCrds();
  await ownNamespaces(namespace);
  await copySecrets(namespace);
  await apply(...serverObjects(images['postgres'] ?? ''));
  await mustKubectl(inNamespace('create', 'secret', 'generic', 'login', '--from-literal=username=postgres', '--from-literal=password=b'));
  await mustKubectl(inNamespace('wait', '--for=condition=Ready', '--timeout=90s', 'pod/postgres'));
  await sql('CREATE TABLE orders (id int)');
});
test.afterEach.always(endOperators);
test.after.always(async () => {
  await dropNamespaces(namespace);
  await letIn(namespace);
});

// The processes of a pod on this machine, which is the node, stand still.
const stopProcesses = (uid: string): number => {
  const pids = processIds().filter((pid) => podOfProcess(pid) === uid && readFileSync(`/proc/${pid}/comm`, 'utf8').trim() !== 'pause');
  pids.forEach((pid) => process.kill(Number(pid), 'SIGSTOP'));
  return pids.length;
};

// The server removes what nobody keeps for the receiver.
const loseWal = async (): Promise<void> => {
  await sql(`SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots`);
  for (let round = 0; round < 4; round += 1) {
    await commit(0);
    await sql('SELECT pg_switch_wal()');
    await sql('CHECKPOINT');
  }
};
const namesOfBackups = async (name: string): Promise<string[]> =>
  (await mustKubectl(inNamespace('get', 'hb', '-o', 'jsonpath={.items[*].metadata.name}')))
    .split(' ')
    .filter((each) => each.startsWith(name));

// One that was asked for, and is whole, besides those that are known.
const askedFull = async (...known: string[]): Promise<string> => {
  const find = async (): Promise<string | undefined> => (await namesOfBackups('gap-full-wal-')).find((name) => !known.includes(name));
  await eventually('a Full is asked for', async () => (await find()) !== undefined, 120);
  const name = (await find()) ?? '';
  await mustKubectl(inNamespace('wait', `hb/${name}`, '--for=jsonpath={.status.phase}=Complete', '--timeout=120s'));
  return name;
};

// The first one: another receiver's slot would keep the WAL.
test.serial('a gap: it is said where it lies, one Full follows, once, and deletion of the policy takes the slot away', async (t) => {
  await operate();
  await apply(archiving('gap'));
  const first = await askedFull();
  t.regex((await read('gap')).walArchive?.[0]?.full?.because ?? '', /because the archive began/);
  await becomes('gap', /^True WalArchived/);
  await endOperators();
  await mustKubectl(inNamespace('scale', 'deployment', 'gap-wal-db', '--replicas=0'));
  await mustKubectl(inNamespace('wait', 'pod', ...receiverOf('gap'), '--for=delete', '--timeout=60s'));
  await loseWal();
  await mustKubectl(inNamespace('scale', 'deployment', 'gap-wal-db', '--replicas=1'));

  // There is one an hour at most: two hours go by.
  const earlier = new Date(Date.now() - 2 * 3_600_000).toISOString();
  const patch = JSON.stringify([{ op: 'replace', path: '/status/walArchive/0/full/time', value: earlier }]);
  await mustKubectl(inNamespace('patch', 'hbp', 'gap', '--subresource=status', '--type=json', '-p', patch));
  await operate();
  const asked = await askedFull(first);
  const ended = await mustKubectl(inNamespace('get', `hb/${asked}`, '-o', 'jsonpath={.status.endTime}'));
  await eventually('the store is read once it is there', async () => ((await read('gap')).recoverability?.measuredTime ?? '') >= ended, 60);
  // What the reading did not find yet, the receiver says about once a minute.
  await eventually('the window begins again', async () => (await read('gap')).recoverability?.gaps?.[0]?.to !== undefined, 100);
  const { recoverability, walArchive } = await read('gap');
  t.like(recoverability?.gaps, [{ component: 'db', timeline: 1 }]);
  t.is(recoverability?.gaps?.length, 1);
  t.is(recoverability?.gaps?.[0]?.to, recoverability?.intervals?.at(-1)?.from, 'the gap ends where the window begins again');
  t.regex(walArchive?.[0]?.full?.because ?? '', /because of a gap.*no whole backup leads into the WAL of db/);
  t.regex(await healthy('gap'), /^True/);
  t.deepEqual((await namesOfBackups('gap-full')).toSorted(), [first, asked].toSorted());

  await mustKubectl(inNamespace('delete', 'hbp', 'gap', '--timeout=90s'));
  t.is(await sql('SELECT count(*) FROM pg_replication_slots'), '0');
});

test.serial('what is committed is archived within seconds, also by the pod that takes the place of another', async (t) => {
  const operator = await operate();
  await apply(archiving('shop'), archiving('hangs'), archiving('no-image', { version: 16 }), archiving('no-secret', { secret: 'absent' }));
  await becomes('shop', /^True WalArchived/, 90);
  await eventually('what is stored is said', async () => (await read()).walArchive?.[0]?.storedLsn !== undefined, 30);
  t.like((await read()).walArchive?.[0], { state: 'Archiving', tier: 'cloud', timeline: 1 });
  const first = await commit(1);
  await eventually('it is stored and acknowledged', () => isStored(first), 10);

  const before = await podUid('shop');
  await mustKubectl(inNamespace('delete', 'pod', ...receiverOf('shop'), '--wait=false'));
  const second = await commit(2);
  await eventually('another pod has stored it', async () => (await isStored(second)) && (await podUid('shop')) !== before, 60);
  t.regex(await healthy(), /^True/, 'a pod that is replaced is no failure');
  t.is(await operator.stop(), 0);
});

test.serial('an idle database loses nothing, by marks and with no reading of the store; whatever stops a receiver is named', async (t) => {
  const operator = await operate();
  await becomes('hangs', /^True/);
  t.true(stopProcesses(await podUid('hangs')) > 0);
  await apply(backup('first'));
  await mustKubectl(inNamespace('wait', 'hb/first', '--for=jsonpath={.status.phase}=Complete', '--timeout=100s'));
  const committed = Date.now();
  await becomes('hangs', /^False ReceiverSilent: db: .*kubectl rollout restart deployment hangs-wal-db/);
  await becomes('no-image', /^False ReceiverCannotStart: db: .*there-is-no-such-image.*agent\.images/);
  await becomes('no-secret', /^False ReceiverCannotStart: db: .*Create the Secret "absent"/);
  await eventually(
    'it can be restored to an instant after the last commit and the last reading',
    async () => {
      const { restorableTime = '', measuredTime = '' } = (await read()).rpo ?? {};
      return Date.parse(restorableTime) > committed && restorableTime > measuredTime;
    },
    100,
  );
  t.is(await operator.stop(), 0);
});

test.serial('an operator that begins changes nothing about receivers that run', async (t) => {
  const uid = await podUid('shop');
  const operator = await operate();
  await eventually('it listens', () => operator.proxy.seen.some(({ path }) => path.includes('-wal-db-') && path.includes('/log')), 20);
  t.deepEqual(
    operator.writes().filter(({ path }) => path.includes('/deployments')),
    [],
  );
  t.regex(await healthy(), /^True/);
  t.is(await podUid('shop'), uid);
  t.is(await operator.stop(), 0);
});

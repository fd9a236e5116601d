// While a backup runs, its secrets are searched for everywhere: no hit. The same search finds secrets that were planted.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { kubectl, mustKubectl, run } from '../cluster/kubectl.ts';
import type { Canary, Found } from './support/canaries.ts';
import { canary, search } from './support/canaries.ts';
import { bucketDirectory, claimDirectory, demoDirectory, demoSecret, identityFile, image } from './support/demo.ts';
import { filesBelow, removeTree } from './support/files.ts';
import { dropNamespace, freshNamespace } from './support/namespaces.ts';
import { startBackup, whenQuiet, whenReplicated } from './support/objects.ts';
import type { Place } from './support/places.ts';
import { podLogs, podsOf, releases, resources, storedBytes } from './support/places.ts';
import { policyObject, shopDatabase, volumeTier } from './support/policies.ts';
import { startSampler } from './support/processes.ts';
import type { Sample } from './support/processes.ts';
import { shopSql } from './support/sql.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const minute = 60_000;
const namespace = 'holdfast-test-secrets';
const planted = 'planted-canary-3f9a1c04d7';
const releaseFolder = temporaryFolder('chart');

const plants: (() => Promise<void> | void)[] = [];
let localDirectory: string;
let samples: Map<string, Sample[]>;

const pemBody = (pem: string): string => pem.replaceAll(/-----[^-]+-----|\s/g, '');

const lineOf = (text: string): string => /AGE-SECRET-KEY-1[0-9A-Z]+/.exec(text)?.[0] ?? '';

const secrets = (): Canary[] => {
  const signing = pemBody(demoSecret('holdfast/signing.key'));
  return [
    canary('password of holdfast_physical', demoSecret('holdfast_physical/password')),
    canary('password of holdfast_dump', demoSecret('holdfast_dump/password')),
    canary('password of shop_web', demoSecret('shop_web/password')),
    canary('password of postgres', demoSecret('postgres/password')),
    canary('S3 secret key', demoSecret('store/writer.key')),
    canary('signing key as text', signing),
    canary('signing key as bytes', Buffer.from(signing, 'base64').subarray(-32)),
    canary('state identity', lineOf(demoSecret('holdfast/state-identity'))),
    canary('identity of the user', lineOf(execFileSync('cat', [identityFile], { encoding: 'utf8' }))),
  ];
};

// Identities of attempts, as the user's identity opens them.
const attemptIdentities = (): Canary[] => {
  const keys = join(bucketDirectory, 'shop/shop/keys');
  return filesBelow(keys).map((path) =>
    canary(`identity of ${path}`, execFileSync('age', ['-d', '-i', identityFile, join(keys, path)], { encoding: 'utf8' }).trim()),
  );
};

// A search that found nothing because it looked at nothing proves nothing.
const searchAll = (canaries: Canary[], places: Place[]): Found[] =>
  places.flatMap(({ kind, name, content }) => search(canaries, `${kind}: ${name}`, content));

// One secret of each kind of place, put there by us.
const plant = async (): Promise<void> => {
  await freshNamespace(namespace, 'privileged');
  const metadata = { namespace, annotations: { note: planted } };
  const shell = (script: string) => ({ name: 'agent', image: image('agent-17'), command: ['bash', '-c', script, 'plant', planted] });
  const objects = [
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'planted', namespace, labels: { 'app.kubernetes.io/managed-by': 'holdfast' } },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{ ...shell('echo "$1"; while sleep 1; do :; done'), env: [{ name: 'PLANTED', value: planted }] }],
      },
    },
    {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'planted', ...metadata },
      spec: { suspend: true, template: { spec: { restartPolicy: 'Never', containers: [shell('true')] } } },
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'planted', namespace },
      data: { note: Buffer.from(planted).toString('base64') },
    },
    {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'planted', namespace },
      involvedObject: { kind: 'Pod', namespace, name: 'planted' },
      reason: 'Planted',
      message: `the password is ${planted}`,
      type: 'Warning',
    },
    {
      ...policyObject({
        namespace,
        name: 'planted',
        components: [{ name: 'db', postgresql: shopDatabase() }],
        tiers: [volumeTier('64Mi')],
      }),
      metadata: { name: 'planted', ...metadata },
    },
  ];
  await mustKubectl(['create', '-f', '-'], objects.map((object) => JSON.stringify(object)).join('\n---\n'));
  await mustKubectl(['wait', 'pod/planted', '-n', namespace, '--for=condition=Ready', '--timeout=120s']);
  mkdirSync(join(releaseFolder, 'templates'), { recursive: true });
  writeFileSync(join(releaseFolder, 'Chart.yaml'), 'apiVersion: v2\nname: planted\nversion: 0.0.1\n');
  writeFileSync(join(releaseFolder, 'templates/none.yaml'), '');
  await run('helm', ['install', 'planted', releaseFolder, '-n', namespace, '--set', `password=${planted}`]);
  // In the middle of other bytes, as base64, where no multiple of three begins.
  const bytes = Buffer.concat([Buffer.from([0, 255, 7]), Buffer.from(Buffer.from(`{"x":"${planted}"}`).toString('base64'))]);
  for (const folder of [bucketDirectory, localDirectory]) {
    const file = join(folder, 'planted-by-a-test');
    writeFileSync(file, bytes);
    plants.push(() => removeTree(file));
  }
};

test.before(async () => {
  localDirectory = await claimDirectory('shop', 'shop-local');
  await plant();
});

test.after.always(async () => {
  for (const undo of plants) {
    await undo();
  }
  removeTree(releaseFolder);
  await dropNamespace(namespace);
});

const processPlaces = async (selector: string[]): Promise<Place[]> =>
  (await podsOf(selector)).flatMap(({ metadata }) =>
    (samples.get(metadata?.uid ?? '') ?? []).flatMap(({ program, commandLine, environment }) => [
      { kind: 'argv', name: `${metadata?.name} ${program}`, content: Buffer.from(commandLine, 'latin1') },
      { kind: 'environment', name: `${metadata?.name} ${program}`, content: Buffer.from(environment, 'latin1') },
    ]),
  );

const ofHoldfast = ['--all-namespaces', '--selector', 'app.kubernetes.io/managed-by=holdfast'];
const ofOperator = ['-n', 'holdfast-system'];

test.serial('a Backup runs while every process of its pods is looked at', async (t) => {
  t.timeout(8 * minute);
  const sampler = startSampler();
  const backup = await whenReplicated('shop', await startBackup('shop', 'shop'));
  await whenQuiet('shop');
  await sampler.stop();
  samples = sampler.seen;
  const pods = await podsOf(['-n', 'shop', '--selector', `holdfast.dev/backup-id=${backup.status?.backupId}`]);
  for (const verb of ['dump', 'seal', 'copy']) {
    const pod = pods.find(({ metadata }) => metadata?.labels?.['holdfast.dev/verb'] === verb);
    t.true((samples.get(pod?.metadata?.uid ?? '') ?? []).length > 0, `no process of ${verb} was seen`);
  }
  const programs = new Set([...samples.values()].flat().map(({ program }) => program));
  for (const program of ['pg_basebackup', 'pg_dump', 'zstd']) {
    t.true(programs.has(program), `${program} was not seen: ${[...programs].join(', ')}`);
  }
  const [operator] = await podsOf([...ofOperator, '--selector', 'app.kubernetes.io/name=holdfast']);
  t.true((samples.get(operator?.metadata?.uid ?? '') ?? []).length > 0, 'no process of the operator was seen');
});

const everyPlace = async (): Promise<Place[]> => [
  ...(await processPlaces(ofHoldfast)),
  ...(await processPlaces(ofOperator)),
  ...(await resources()),
  ...(await podLogs()),
  ...(await releases()),
  ...storedBytes('bucket', bucketDirectory),
  ...storedBytes('old versions in the bucket', join(demoDirectory, 'store-state/versions')),
  ...storedBytes('volume', localDirectory),
];

test.serial('no secret lies in argv, environment, logs, events, resources, Helm releases or stored bytes', async (t) => {
  t.timeout(5 * minute);
  const places = await everyPlace();
  t.deepEqual(searchAll([...secrets(), ...attemptIdentities()], places), []);
  t.true(secrets().every(({ needles }) => needles.every((needle) => needle.length >= 16)));
  // A secret that was planted in each kind of place is found there.
  const found = new Set(searchAll([canary('planted', planted)], places).map(({ place }) => place.replace(/:.*/, '')));
  const kinds = [
    'argv',
    'environment',
    'events',
    'custom resources',
    'jobs',
    'pods',
    'config maps',
    'pod logs',
    'helm release',
    'bucket',
    'volume',
  ];
  t.deepEqual([...found].toSorted(), kinds.toSorted());
});

test.serial('no stored byte shows data of users, or names of tables', async (t) => {
  t.timeout(2 * minute);
  const stored = [...storedBytes('bucket', bucketDirectory), ...storedBytes('volume', localDirectory)];
  t.true(stored.length > 20);
  const [email = ''] = (await shopSql('SELECT email FROM customers ORDER BY id LIMIT 1')).split('\n');
  t.regex(email, /@/);
  const words = [email, 'customer77@example.org', 'order_lines', 'stock_movements', 'password_hash'];
  t.deepEqual(
    searchAll(
      words.map((word) => canary(word, word)),
      stored,
    ),
    [],
  );
});

test.serial('stored files are for their group only, and agents wrote nowhere else', async (t) => {
  const { stdout } = await run('find', [
    join(localDirectory, 'shop'),
    '(',
    '-type',
    'f',
    '-perm',
    '/o=rwx',
    '-o',
    '-type',
    'd',
    '-perm',
    '/o=rwx',
    ')',
  ]);
  t.is(stdout, '');
  const pods = await podsOf(['-n', 'shop', '--selector', 'app.kubernetes.io/managed-by=holdfast']);
  t.true(pods.length > 0);
  for (const { spec } of pods) {
    t.deepEqual(
      spec?.volumes?.filter(({ emptyDir }) => emptyDir !== undefined).map(({ emptyDir }) => emptyDir?.medium),
      ['Memory'],
    );
    t.true(spec?.containers.every(({ securityContext }) => securityContext?.readOnlyRootFilesystem));
  }
});

test.serial('the log of a Backup is readable when its pods are gone, and holds no secret', async (t) => {
  t.timeout(6 * minute);
  const name = await startBackup('shop', 'shop');
  const backup = await whenReplicated('shop', name);
  const id = backup.status?.backupId ?? '';
  await mustKubectl(['delete', 'jobs,pods', '-n', 'shop', '--selector', `holdfast.dev/backup-id=${id}`, '--wait', '--timeout=90s']);
  const { code, stdout, stderr } = await kubectl(['holdfast', 'logs', name, '-n', 'shop', '--timeout', '3m']);
  t.is(code, 0, stderr);
  t.regex(stdout, /The server can be backed up/);
  t.regex(stdout, /base\.tar/);
  t.deepEqual(search(secrets(), 'log', stdout), []);
});

// `adopt --bucket`: a new cluster that has only the bucket and the safe.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { parseAllDocuments } from 'yaml';
import { policySpecSchema } from '../../src/api/policy.ts';
import { makeIdentity } from '../../src/archive/age/header.ts';
import { digestsBelow } from '../e2e/support/files.ts';
import { startVersitygw } from '../stores/servers.ts';
import type { S3Server } from '../stores/servers.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { runHere } from './capture.ts';
import type { Outcome } from './capture.ts';
import { items, play } from './play.ts';
import type { Play } from './play.ts';
import { makeRepository } from './repository.ts';
import type { Repository } from './repository.ts';

let server: S3Server;
let store: { repository: Repository; newest: string; identityFile: string; recipient: string; options: string[]; credentials: string };

test.before(async () => {
  server = await startVersitygw();
  const location = server.location('shop/shop');
  const repository = await makeRepository(undefined, location);
  await repository.add('2026-11-22T02:00:00Z', ['db', 'stock']);
  const newest = await repository.add('2026-11-23T02:00:00Z', ['db']);
  const { identity, recipient } = await makeIdentity();
  const { id, key } = repository.signing.verificationKey;
  const identityFile = join(temporaryFolder('safe'), 'identity.txt');
  await writeFile(identityFile, `# public key: ${recipient}\n# verification key: ${id} ${key}\n${identity}\n`);
  const credentials = location.credentialsDirectory ?? '';
  const options = [
    '--bucket',
    'holdfast',
    '--prefix',
    'shop/shop',
    '--endpoint',
    server.endpoint,
    '--ca-file',
    server.certificates.caFile,
    '--identity',
    identityFile,
    '-n',
    'new',
  ];
  store = { repository, newest, identityFile, recipient, options, credentials };
});
test.after.always(() => server.stop());

type Scenes = Pick<Play, 'with'> & { secrets?: object[]; policies?: object[] };

// In a cluster that is empty, but for what is given.
const adopt = (t: ExecutionContext, args: string[] = [], { secrets = [], policies = [], ...more }: Scenes = {}) =>
  play(t, ['adopt', ...store.options, '--credentials-dir', store.credentials, ...args], {
    objects: { secrets: items(...secrets), backuppolicies: items(...policies) },
    ...more,
  });
const named = (name: string, more: object = {}): object => ({ metadata: { name, namespace: 'new', uid: 'x' }, ...more });

test.serial(
  'shows the catalogue, makes Secrets and a suspended policy from what the manifests say, and writes no byte to the bucket',
  async (t) => {
    const before = digestsBelow(server.dataDirectory);
    const { code, stdout, stderr, scene } = await adopt(t);
    t.is(code, 0, stderr);
    t.regex(stdout, /^The repository [0-9a-f]{32}, written by the policy shop\/shop of the cluster test \(epoch 1\):/);
    t.regex(stdout, new RegExp(`^${store.newest} +Passed +Full`, 'm'));
    t.deepEqual(digestsBelow(server.dataDirectory), before);

    const [storeSecret, ca, signing, ...others] = scene.objects['secrets'] ?? [];
    t.deepEqual(others, []);
    t.like(storeSecret, { metadata: { name: 'shop-store', namespace: 'new' }, stringData: server.writer });
    t.is(ca?.['stringData']['ca.crt'], await readFile(server.certificates.caFile, 'utf8'));
    t.regex(signing?.['stringData']['signing.key'], /^-----BEGIN PRIVATE KEY-----/);
    const [policy, ...more] = scene.objects['backuppolicies'] ?? [];
    t.deepEqual(more, []);
    t.like(policy, { metadata: { name: 'shop', namespace: 'new', annotations: { 'holdfast.dev/reads': 'shop/shop' } } });
    const spec = policySpecSchema.parse(policy?.['spec']);
    t.true(spec.suspend);
    t.deepEqual(
      spec.components.map(({ name, postgresql }) => [name, postgresql?.version, postgresql?.connection.host, postgresql?.walArchive]),
      [
        ['db', 17, 'unknown.invalid', undefined],
        ['stock', 17, 'unknown.invalid', undefined],
      ],
    );
    t.like(spec.tiers, {
      0: {
        name: 'cloud',
        s3: {
          bucket: 'holdfast',
          prefix: 'shop/shop',
          endpoint: server.endpoint,
          credentialsSecretRef: { name: 'shop-store' },
          caSecretRef: { name: 'shop-store-ca' },
        },
      },
      length: 1,
    });
    t.deepEqual(spec.encryption.recipients, [store.recipient]);
    const [known, fresh] = spec.encryption.verificationKeys;
    t.deepEqual(known, store.repository.signing.verificationKey);
    t.not(fresh?.id, known?.id);
    t.is(spec.encryption.verificationKeys.length, 2);

    t.true(stdout.includes(`# verification key: ${fresh?.id} ${fresh?.key}\n`), 'the new key belongs into the safe');
    t.regex(stdout, /unknown\.invalid, and make the Secrets shop-db-login \(username, password\) and shop-db-ca \(ca\.crt\)/);
    t.regex(stdout, /adopt shop -n new --take-over --confirm new\/shop\n$/);
    for (const secret of [server.writer['secretAccessKey'] ?? '', 'PRIVATE KEY', 'AGE-SECRET-KEY']) {
      t.false(`${stdout}${stderr}`.includes(secret));
    }
  },
);

test('a Secret that is there holds the credentials; the policy has the name that it was given', async (t) => {
  const secrets = [named('bucket', { data: { accessKeyId: 'YQ==', secretAccessKey: 'Yg==' } })];
  const { code, stderr, scene } = await adopt(t, ['--credentials-secret', 'bucket', '--name', 'back'], { secrets });
  t.is(code, 0, stderr);
  t.deepEqual(
    scene.objects['secrets']?.map(({ metadata }) => metadata.name),
    ['bucket', 'back-store-ca', 'back-signing'],
  );
  t.like(scene.objects['backuppolicies']?.[0], {
    metadata: { name: 'back' },
    spec: { tiers: [{ s3: { credentialsSecretRef: { name: 'bucket' } } }] },
  });
});

test('what is there already refuses it before anything is made; what comes in between is left, and the rest taken back', async (t) => {
  const busy = { status: 409, body: { kind: 'Status', code: 409, reason: 'AlreadyExists', message: 'exists' } };
  const cases: [string, Outcome & { scene: { requests: string[]; objects: Record<string, unknown[]> } }, RegExp][] = [
    [
      'a policy',
      await adopt(t, [], { policies: [named('shop')] }),
      /^Error \(ObjectExists\): The BackupPolicy "shop" is there already in the namespace "new"/m,
    ],
    ['the last Secret', await adopt(t, [], { secrets: [named('shop-signing')] }), /The Secret "shop-signing" is there already/],
    ['no such Secret', await adopt(t, ['--credentials-secret', 'absent']), /^Error \(SecretMissing\): There is no Secret "absent"/m],
    [
      'an empty Secret',
      await adopt(t, ['--credentials-secret', 'empty'], { secrets: [named('empty', { data: {} })] }),
      /has no key "accessKeyId"/,
    ],
  ];
  for (const [title, { code, stderr, scene }, says] of cases) {
    t.true(code === 3 || code === 4, `${title}: ${stderr}`);
    t.regex(stderr, says, title);
    t.deepEqual(
      scene.requests.filter((request) => /^(POST|PATCH|DELETE)/.test(request)),
      [],
      title,
    );
  }
  const between = await adopt(t, [], {
    with: (scene) => {
      scene.intercept = (request) => (request.startsWith('POST backuppolicies') ? busy : undefined);
    },
  });
  t.is(between.code, 4, between.stderr);
  t.deepEqual(between.scene.objects['secrets'], []);
  t.deepEqual(
    between.scene.requests.filter((request) => request.startsWith('DELETE')),
    ['DELETE secrets/shop-signing', 'DELETE secrets/shop-store-ca', 'DELETE secrets/shop-store'],
  );
});

test('--dry-run asks the API server and makes nothing; -o prints what would be made and asks nobody', async (t) => {
  const dry = await adopt(t, ['--dry-run']);
  t.is(dry.code, 0, dry.stderr);
  t.deepEqual(dry.scene.requests, ['DRY POST secrets', 'DRY POST secrets', 'DRY POST secrets', 'DRY POST backuppolicies']);
  t.regex(dry.stdout, /Would be made in the namespace new; nothing was:/);
  t.regex((await adopt(t, ['--dry-run'], { policies: [named('shop')] })).stderr, /ObjectExists/);

  const yaml = await adopt(t, ['-o', 'yaml']);
  t.is(yaml.code, 0, yaml.stderr);
  t.deepEqual(yaml.scene.requests, []);
  const objects = parseAllDocuments(yaml.stdout).map((each) => each.toJS());
  t.deepEqual(
    objects.map(({ kind, metadata: { name, namespace } }) => [kind, name, namespace]),
    [
      ['Secret', 'shop-store', 'new'],
      ['Secret', 'shop-store-ca', 'new'],
      ['Secret', 'shop-signing', 'new'],
      ['BackupPolicy', 'shop', 'new'],
    ],
  );
  t.notThrows(() => policySpecSchema.parse(objects[3].spec));
  t.regex(yaml.stderr, /2 of 2 backups verify.*holds secrets/);
  const json = JSON.parse((await adopt(t, ['-o', 'json'])).stdout);
  t.deepEqual(
    json.items.map(({ kind }: { kind: string }) => kind),
    ['Secret', 'Secret', 'Secret', 'BackupPolicy'],
  );
});

test('wrong use, a wrong prefix, a key that signed nothing here, no credentials: said, and no cluster asked', async (t) => {
  const { identityFile, options, credentials } = store;
  const stranger = join(temporaryFolder('stranger'), 'identity.txt');
  const { id, key } = (await makeRepository()).signing.verificationKey;
  const { identity } = await makeIdentity();
  await writeFile(stranger, `# verification key: ${id} ${key}\n${identity}\n`);
  const bare = join(temporaryFolder('bare'), 'identity.txt');
  await writeFile(bare, `${identity}\n`);
  const without = (name: string): string[] => options.toSpliced(options.indexOf(name), 2);
  const other = (name: string, value: string): string[] => [...without(name), name, value];
  const login = ['--credentials-dir', credentials];
  for (const [args, code, says] of [
    [[], 2, /not said what to adopt/],
    [['shop', ...options, ...login], 2, /exclude each other/],
    [['shop', '-n', 'new', '--identity', identityFile], 2, /--identity goes with --bucket/],
    [['shop', '-n', 'new', '-o', 'yaml'], 2, /--output goes with --bucket/],
    [[...options, ...login, '--take-over'], 2, /--take-over does not go with --bucket: adopting a bucket only reads it/],
    [[...without('-n'), ...login], 2, /which namespace/],
    [[...without('--prefix'), ...login], 2, /--prefix shop\/shop/],
    [[...without('--identity'), ...login], 2, /identity\.txt out of the safe/],
    [[...other('--identity', bare), ...login], 2, /Without a verification key/],
    [[...other('--identity', stranger), ...login], 1, /WriterUnknown/],
    [[...other('--prefix', 'shop/wrong'), ...login], 3, /NoRepository/],
    [options, 2, /AWS_ACCESS_KEY_ID is not set/],
    [[...options, ...login, '--name', 'No Name'], 2, /"No Name" is no name of a BackupPolicy/],
  ] as const) {
    const outcome = await runHere(['adopt', ...args, '--kubeconfig', '/nowhere']);
    t.is(outcome.code, code, `${args.join(' ')}: ${outcome.stderr}`);
    t.regex(outcome.stderr, says, args.join(' '));
  }
});

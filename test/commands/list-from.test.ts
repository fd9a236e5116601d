// `list --from`: reading a store without any cluster.
import { access, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { parse, parseAllDocuments } from 'yaml';
import type { TierPlan } from '../../src/api/agent.ts';
import { startVersitygw } from '../stores/servers.ts';
import { runHere, runProcess } from './capture.ts';
import { makeRepository } from './repository.ts';
import { temporaryFolder } from '../temporary-folder.ts';

type Bucket = Extract<TierPlan['location'], { kind: 's3' }>;

test('list --from: backups of a folder, newest first, each with its verdict', async (t) => {
  const { directory, keysFile, add } = await makeRepository();
  const older = await add('2026-11-22T02:00:00Z', ['db']);
  const newer = await add('2026-11-23T02:00:00Z', ['db', 'stock']);
  const { code, stdout, stderr } = await runHere(['list', '--from', directory, '--verification-key', keysFile]);
  t.is(code, 0, stderr);
  const [head, first, second, ...rest] = stdout.split('\n');
  t.regex(head ?? '', /^ID +VERDICT +TYPE +TIME +SIZE +DURATION +COMPONENTS +RESTORABLE TO$/);
  t.regex(first ?? '', new RegExp(`^${newer} +Passed +Full +2026-11-23T02:00:00Z +[\\d.]+ kB +under 1s +db, stock +2026-11-23T02:00:03Z$`));
  t.regex(second ?? '', new RegExp(`^${older} +Passed +Full +2026-11-22T02:00:00Z +[\\d.]+ kB +under 1s +db +2026-11-22T02:00:03Z$`));
  t.deepEqual(rest, ['']);

  const json = await runHere(['list', '--from', directory, '--verification-key', keysFile, '-o', 'json']);
  const document = JSON.parse(json.stdout);
  t.regex(document.repositoryId, /^[0-9a-f]{32}$/);
  t.is(document.location, directory);
  t.deepEqual(
    document.backups.map(({ id, verdict, slot }: Record<string, unknown>) => [id, verdict, slot]),
    [
      [newer, 'Passed', '2026-11-23T02:00:00Z'],
      [older, 'Passed', '2026-11-22T02:00:00Z'],
    ],
  );
  t.true(document.backups[0].bytes > 0);
  const yaml = await runHere(['list', '--from', directory, '--verification-key', keysFile, '-o', 'yaml']);
  t.deepEqual(parse(yaml.stdout), document);
});

test('list --from: what was changed, removed, or signed by somebody else fails, and the rest still passes', async (t) => {
  const { directory, keysFile, add } = await makeRepository();
  const whole = await add('2026-11-22T02:00:00Z', ['db']);
  const changed = await add('2026-11-23T02:00:00Z', ['db']);
  const lost = await add('2026-11-24T02:00:00Z', ['db']);
  const manifest = join(directory, `manifests/${changed}.json`);
  const envelope = JSON.parse(await readFile(manifest, 'utf8'));
  const payload = Buffer.from(envelope.payload, 'base64').toString().replace('"failed":[]', '"failed":[] ');
  await writeFile(manifest, JSON.stringify({ ...envelope, payload: Buffer.from(payload).toString('base64') }));
  const data = join(directory, `data/${lost}/db/1/facts.json.zst.age.00001`);
  await access(data);
  await rm(data);

  const { code, stdout, stderr } = await runHere(['list', '--from', directory, '--verification-key', keysFile]);
  t.is(code, 1, stderr);
  t.regex(stdout, new RegExp(`^${lost} +Failed +Full`, 'm'));
  t.regex(stdout, new RegExp(`^${changed} +Failed +unknown +unknown +unknown`, 'm'));
  t.regex(stdout, new RegExp(`^${whole} +Passed`, 'm'));
  t.regex(stdout, new RegExp(`^${lost}: Failed \\(ObjectMissing\\): `, 'm'));
  t.regex(stdout, new RegExp(`^${changed}: Failed \\(SignatureInvalid\\): `, 'm'));
  t.regex(stderr, /^Error \(BackupsFailed\): 2 of 3 backups failed the check\.\nNext: Do not restore those\./);

  const stranger = await makeRepository();
  const forged = await runHere(['list', '--from', directory, '--verification-key', stranger.keysFile]);
  t.is(forged.code, 1);
  t.regex(forged.stdout, new RegExp(`^${whole}: Failed \\(SignerUnknown\\): `, 'm'));
  // Both keys are believed where both are named.
  const both = await runHere(['list', '--from', directory, '--verification-key', stranger.keysFile, '--verification-key', keysFile]);
  t.regex(both.stdout, new RegExp(`^${whole} +Passed`, 'm'));
});

test('list --from: the key may come from identity.txt, encryption.yaml or a policy, and from nothing else', async (t) => {
  const made = temporaryFolder('key-files');
  await runHere(['keygen', '--policy', 'shop/shop', '--output-dir', made]);
  const [signing] = parseAllDocuments(await readFile(join(made, 'secrets.yaml'), 'utf8')).map((each) => each.toJS());
  const encryption = parse(await readFile(join(made, 'encryption.yaml'), 'utf8'));
  const { directory, add } = await makeRepository({
    privateKeyPem: signing.stringData['signing.key'],
    verificationKey: encryption.encryption.verificationKeys[0],
  });
  await add('2026-11-22T02:00:00Z', ['db']);
  await writeFile(join(made, 'policy.yaml'), `kind: ConfigMap\n---\n${JSON.stringify({ kind: 'BackupPolicy', spec: encryption })}\n`);
  await writeFile(join(made, 'single.json'), JSON.stringify(encryption.encryption.verificationKeys[0]));
  for (const name of ['single.json', 'verification-keys.yaml', 'identity.txt', 'encryption.yaml', 'policy.yaml']) {
    const { code, stderr } = await runHere(['list', '--from', directory, '--verification-key', join(made, name)]);
    t.is(code, 0, `${name}: ${stderr}`);
  }
  // An id of digits alone is text, also where nobody quoted it: it is looked up as it is written.
  await writeFile(join(made, 'digits.yaml'), 'verificationKeys: [{id: 1234567890123456, key: MCowBQYDK2VwAyEA}]');
  const digits = await runHere(['list', '--from', directory, '--verification-key', join(made, 'digits.yaml')]);
  t.regex(digits.stderr, /The verification key "1234567890123456" is no Ed25519 public key/);
  const wrong = await runHere(['list', '--from', directory, '--verification-key', join(made, 'secrets.yaml')]);
  t.is(wrong.code, 2);
  t.regex(wrong.stderr, /secrets\.yaml holds no verification key/);
  t.false(wrong.stderr.includes('PRIVATE KEY'));
  await writeFile(join(made, 'bad.yaml'), 'verificationKeys: [{id: "0000000000000000", key: "MCowBQYDK2VwAyEA"}]');
  const bad = await runHere(['list', '--from', directory, '--verification-key', join(made, 'bad.yaml')]);
  t.is(bad.code, 2, bad.stderr);
  t.regex(bad.stderr, /The verification key "0000000000000000" is no Ed25519 public key/);
});

test('list --from: an empty folder is no repository, and a repository without backups is one', async (t) => {
  const { keysFile } = await makeRepository();
  const empty = temporaryFolder('empty');
  const { code, stderr } = await runHere(['list', '--from', empty, '--verification-key', keysFile]);
  t.is(code, 3);
  t.regex(stderr, /^Error \(NoRepository\): There is no repository in .*: it has no holdfast\.json\.\nNext: Check the location/);

  const { directory, keysFile: keys, add } = await makeRepository();
  await rm(join(directory, `manifests/${await add('2026-11-22T02:00:00Z', ['db'])}.json`));
  const bare = await runHere(['list', '--from', directory, '--verification-key', keys]);
  t.is(bare.code, 0, bare.stderr);
  t.is(bare.stdout, '');
  t.regex(bare.stderr, /^The repository [0-9a-f]{32} in .* holds no backup\.\n$/);

  await writeFile(join(empty, 'holdfast.json'), '{"schema": "something else"}');
  const strange = await runHere(['list', '--from', empty, '--verification-key', keysFile]);
  t.is(strange.code, 1, strange.stderr);
  t.regex(strange.stderr, /^Error \(NotARepository\): /);
});

test('list --from a bucket, with credentials from a folder or from the environment', async (t) => {
  const server = await startVersitygw();
  t.teardown(server.stop);
  const location = server.location('shop/shop') as Bucket;
  const { keysFile, add } = await makeRepository(undefined, location);
  const id = await add('2026-11-22T02:00:00Z', ['db']);
  const service = ['--endpoint', server.endpoint, '--ca-file', server.certificates.caFile];
  const list = (from: string, ...more: string[]) =>
    runHere(['list', '--from', from, '--verification-key', keysFile, '-o', 'json', ...more]);

  const credentials = ['--credentials-dir', location.credentialsDirectory ?? ''];
  const found = await list('s3://holdfast/shop/shop/', ...service, ...credentials);
  t.is(found.code, 0, found.stderr);
  const { backups, complete } = JSON.parse(found.stdout);
  t.true(complete);
  t.deepEqual([backups.length, backups[0].id, backups[0].verdict], [1, id, 'Passed']);

  const { accessKeyId = '', secretAccessKey = '' } = server.writer;
  const fromEnvironment = await runProcess(
    ['list', '--from', 's3://holdfast/shop/shop', '--endpoint', server.endpoint, '--verification-key', keysFile],
    { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_CA_BUNDLE: server.certificates.caFile },
  );
  t.is(fromEnvironment.code, 0, fromEnvironment.stderr);
  t.regex(fromEnvironment.stdout, new RegExp(`^${id} +Passed`, 'm'));

  // What was not read is no empty catalogue.
  const strangers = ['--credentials-dir', await server.credentials(server.stranger)];
  const outcomes = {
    stranger: await list('s3://holdfast/shop/shop', ...service, ...strangers),
    wrongSecret: await list(
      's3://holdfast/shop/shop',
      ...service,
      '--credentials-dir',
      await server.credentials({ accessKeyId, secretAccessKey: 'geheimes-wort' }),
    ),
    untrusted: await list('s3://holdfast/shop/shop', '--endpoint', server.endpoint, ...credentials),
    wrongPrefix: await list('s3://holdfast/shop/other', ...service, ...credentials),
    noBucket: await list('s3://nowhere/shop/shop', ...service, ...credentials),
    down: await list('s3://holdfast/shop/shop', '--endpoint', 'http://127.0.0.1:1', ...credentials),
  };
  const ends = Object.entries(outcomes).map(([name, { code, stderr }]) => [name, code, /^Error \((\w+)\)/.exec(stderr)?.[1]]);
  t.deepEqual(ends, [
    ['stranger', 4, 'AccessDenied'],
    ['wrongSecret', 4, 'AccessDenied'],
    ['untrusted', 5, 'StoreMisconfigured'],
    ['wrongPrefix', 3, 'NoRepository'],
    ['noBucket', 3, 'BucketMissing'],
    ['down', 5, 'StoreUnavailable'],
  ]);
  for (const { stdout, stderr } of Object.values(outcomes)) {
    t.is(stdout, '');
    t.false(stderr.includes('geheimes-wort') || stderr.includes(secretAccessKey));
    t.regex(stderr, /\nNext: /);
  }
});

// The plugin without a cluster: arguments, keygen, and reading a store.
import { spawnSync } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { parse, parseAllDocuments } from 'yaml';
import { encryptionSchema } from '../../src/api/encryption.ts';
import { asCommandError } from '../../src/commands/common/explain-error.ts';
import { runHere, runProcess } from './capture.ts';
import { makeRepository } from './repository.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);

const openssl = (parameters: string[], input?: Buffer) => {
  const { status, stderr } = spawnSync('openssl', parameters, input === undefined ? {} : { input });
  return { status, stderr: stderr.toString() };
};

const keygen = (directory: string, ...more: string[]) => runHere(['keygen', '--policy', 'shop/shop', '--output-dir', directory, ...more]);

test('keygen writes four files, the secret ones for their owner only, and prints no secret', async (t) => {
  const directory = temporaryFolder('keygen');
  const { code, stdout, stderr } = await keygen(directory);
  t.is(code, 0, stderr);
  t.deepEqual(
    await Promise.all(
      ['identity.txt', 'secrets.yaml', 'encryption.yaml', 'verification-keys.yaml'].map((name) => modeOf(join(directory, name))),
    ),
    ['600', '600', '644', '644'],
  );
  const secrets = await readFile(join(directory, 'secrets.yaml'), 'utf8');
  const [, identity = ''] = /(AGE-SECRET-KEY-1\S+)/.exec(await readFile(join(directory, 'identity.txt'), 'utf8')) ?? [];
  const parsed = parseAllDocuments(secrets).map((each) => each.toJS());
  const canaries = [identity, parsed[0].stringData['signing.key'].split('\n')[1], parsed[1].stringData.identity.trim()];
  const open = (
    await Promise.all(['encryption.yaml', 'verification-keys.yaml'].map((name) => readFile(join(directory, name), 'utf8')))
  ).join('');
  for (const canary of canaries) {
    t.true(canary.length > 40);
    t.false(`${stdout}${stderr}${open}`.includes(canary));
  }
  t.false(secrets.includes(identity), 'the identity of the backups goes into no Secret');
  const { encryption } = parse(await readFile(join(directory, 'encryption.yaml'), 'utf8'));
  t.true(stdout.includes(encryption.recipients[0]) && stdout.includes(encryption.verificationKeys[0].id));
});

test('the keys of keygen work: age opens what was sealed, openssl verifies what was signed', async (t) => {
  const directory = temporaryFolder('keys');
  await keygen(directory);
  const file = (name: string): string => join(directory, name);
  const { encryption } = parse(await readFile(file('encryption.yaml'), 'utf8'));
  t.true(encryptionSchema.safeParse(encryption).success);
  const sealed = spawnSync('age', ['-r', encryption.recipients[0]], { input: 'books of the shop' });
  t.is(sealed.status, 0, sealed.stderr.toString());
  const opened = spawnSync('age', ['-d', '-i', file('identity.txt')], { input: sealed.stdout });
  t.is(opened.stdout.toString(), 'books of the shop', opened.stderr.toString());

  const [signing, state] = parseAllDocuments(await readFile(file('secrets.yaml'), 'utf8')).map((each) => each.toJS());
  t.is(signing.metadata.name, encryption.signingKeySecretRef.name);
  t.is(state.metadata.name, encryption.stateIdentitySecretRef.name);
  await writeFile(file('state.txt'), state.stringData.identity);
  const stateSealed = spawnSync('age', ['-r', state.stringData[encryption.stateIdentitySecretRef.key].trim()], { input: 'a list' });
  t.is(spawnSync('age', ['-d', '-i', file('state.txt')], { input: stateSealed.stdout }).stdout.toString(), 'a list');

  await writeFile(file('signing.key'), signing.stringData[encryption.signingKeySecretRef.key]);
  const [{ key }] = parse(await readFile(file('verification-keys.yaml'), 'utf8')).verificationKeys;
  const publicKey = createPublicKey({ key: Buffer.from(key, 'base64'), format: 'der', type: 'spki' });
  await writeFile(file('public.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
  await writeFile(file('message'), 'signed words');
  const signed = openssl(['pkeyutl', '-sign', '-rawin', '-inkey', file('signing.key'), '-in', file('message'), '-out', file('signature')]);
  t.is(signed.status, 0, signed.stderr);
  const verify = ['pkeyutl', '-verify', '-rawin', '-pubin', '-inkey', file('public.pem'), '-sigfile', file('signature'), '-in'];
  t.is(openssl([...verify, file('message')]).status, 0);
  await writeFile(file('message'), 'other words!');
  t.not(openssl([...verify, file('message')]).status, 0);
});

test('keygen never overwrites by itself; --force keeps the old identity, which still opens', async (t) => {
  const directory = temporaryFolder('force');
  await keygen(directory);
  const identity = await readFile(join(directory, 'identity.txt'), 'utf8');
  const again = await keygen(directory);
  t.is(again.code, 4);
  t.regex(again.stderr, /^Error \(FileExists\): .*identity\.txt is there already/);
  t.is(await readFile(join(directory, 'identity.txt'), 'utf8'), identity);

  const forced = await keygen(directory, '--force');
  t.is(forced.code, 0, forced.stderr);
  const kept = join(directory, 'identity.txt.before-20261122T020000Z');
  t.true(forced.stdout.includes(kept));
  t.is(await readFile(kept, 'utf8'), identity);
  t.is(await modeOf(kept), '600');
  t.is(await modeOf(join(directory, 'identity.txt')), '600');
  t.not(await readFile(join(directory, 'identity.txt'), 'utf8'), identity);
});

const wrongUses: { args: string[]; says: RegExp }[] = [
  { args: ['statsu'], says: /unknown command 'statsu'\n\(Did you mean status\?\)/ },
  { args: ['status', '-o', 'xml'], says: /Allowed choices are json, yaml, wide/ },
  { args: ['status', '--namspace', 'x'], says: /unknown option '--namspace'\n\(Did you mean --namespace\?\)/ },
  { args: ['status', '-A', '-n', 'x'], says: /'-A, --all-namespaces' cannot be used with option '-n, --namespace <name>'/ },
  { args: ['status', 'shop', '-A'], says: /One policy is in one namespace/ },
  { args: ['list', 'a', 'b'], says: /too many arguments/ },
  { args: ['list', '--verification-key', 'x'], says: /--verification-key is about a store\.\nNext: Name the store with --from/ },
  { args: ['list', '--ca-file', 'x'], says: /--ca-file is about a store/ },
  { args: ['list', 'shop', '--from', '/tmp'], says: /--from reads a store, not a cluster/ },
  { args: ['list', '-A', '--from', '/tmp'], says: /--from reads a store, not a cluster/ },
  { args: ['list', '--from', '/tmp'], says: /Without a verification key nobody can tell/ },
  { args: ['list', '--from', '/tmp', '--region', 'x'], says: /are about buckets/ },
  { args: ['list', '--from', 's3://bucket'], says: /is not s3:\/\/<bucket>\/<prefix>/ },
  { args: ['list', '--from', 's3://bucket/../x'], says: /is not s3:\/\/<bucket>\/<prefix>/ },
  { args: ['list', '--from', 'gs://bucket/x'], says: /no location that Holdfast can read/ },
  { args: ['list', '--from', 's3://bucket/x', '--endpoint', 'store:9000'], says: /no address of a service/ },
  { args: ['list', '--from', 's3://bucket/x', '--ca-file', '/absent'], says: /The certificates cannot be read from \/absent/ },
  { args: ['list', '--from', 's3://bucket/x', '--credentials-dir', '/absent'], says: /The access key cannot be read/ },
  { args: ['backup'], says: /missing required argument 'policy'/ },
  { args: ['backup', 'shop', '--timeout', '1h'], says: /--timeout is about waiting/ },
  { args: ['backup', 'shop', '--wait', '--timeout', '5 minutes'], says: /is no duration/ },
  { args: ['logs', 'x', '--follow', '--stored'], says: /What is stored does not grow/ },
  { args: ['logs', 'x', '--timeout', '0s'], says: /is no duration/ },
  { args: ['logs', 'x', '-o', 'yaml'], says: /Allowed choices are json/ },
  { args: ['status', '--kubeconfig', '/absent'], says: /The kubeconfig \/absent cannot be read: .*\nNext: Check --kubeconfig/ },
  { args: ['keygen'], says: /required option '--policy <namespace\/name>' not specified/ },
  { args: ['keygen', '--policy', 'shop'], says: /is not <namespace>\/<name> of a policy/ },
  { args: ['keygen', '--policy', `shop/${'x'.repeat(33)}`], says: /at most 32 characters/ },
  { args: ['keygen', '--policy', 'a/b', '--signing-secret', 'S'], says: /no name of a Secret/ },
  { args: ['keygen', '--policy', 'a/b', '--signing-secret', 'x', '--state-secret', 'x'], says: /Both Secrets are named "x"/ },
];

for (const { args, says } of wrongUses) {
  test(`wrong use: ${args.join(' ')}`, async (t) => {
    const { code, stdout, stderr } = await runHere(args);
    t.is(code, 2, stderr);
    t.regex(stderr, says);
    t.is(stdout, '');
  });
}

test('a password in an endpoint is refused and not repeated', async (t) => {
  const { code, stderr } = await runHere(['list', '--from', 's3://bucket/x', '--endpoint', 'https://me:geheim@store']);
  t.is(code, 2);
  t.false(stderr.includes('geheim'));
});

test('a context that the kubeconfig has not is named with those that it has', async (t) => {
  const kubeconfig = join(temporaryFolder('kubeconfig'), 'config');
  await writeFile(
    kubeconfig,
    JSON.stringify({
      clusters: [{ name: 'c', cluster: { server: 'http://127.0.0.1:1' } }],
      users: [],
      contexts: [{ name: 'prod', context: { cluster: 'c', user: '' } }],
    }),
  );
  const { code, stderr } = await runHere(['status', '--kubeconfig', kubeconfig, '--context', 'test']);
  t.is(code, 2, stderr);
  t.regex(stderr, /has no context "test"\.\nNext: It has prod:/);
});

test('help names every command and every exit code, and needs no cluster', async (t) => {
  const { code, stdout } = await runProcess(['--help'], { KUBECONFIG: '/absent' });
  t.is(code, 0);
  for (const word of ['status', 'list', 'backup', 'logs', 'keygen', '5  could not be determined']) {
    t.true(stdout.includes(word), word);
  }
  for (const command of ['status', 'list', 'backup', 'wait', 'logs', 'restore', 'approve', 'undo', 'playbook', 'keygen']) {
    const help = await runHere([command, '--help']);
    t.is(help.code, 0);
    t.regex(help.stdout, /Examples:\n {2}# /, command);
  }
});

test('a process: colours as NO_COLOR and FORCE_COLOR say, exit code and streams as they should be', async (t) => {
  const { directory, keysFile, add } = await makeRepository();
  await add('2026-11-22T02:00:00Z', ['db']);
  const args = ['list', '--from', directory, '--verification-key', keysFile];
  const escape = '\u001b[';
  const plain = await runProcess(args);
  t.is(plain.code, 0, plain.stderr);
  t.false(plain.stdout.includes(escape), 'a pipe is no terminal');
  const forced = await runProcess(args, { FORCE_COLOR: '1' });
  t.true(forced.stdout.includes(`${escape}32mPassed${escape}39m`));
  t.false((await runProcess(args, { FORCE_COLOR: '1', NO_COLOR: '1' })).stdout.includes(escape));
  t.false((await runProcess(['--no-color', ...args], { FORCE_COLOR: '1' })).stdout.includes(escape));
  const missing = await runProcess(['list', '--from', '/absent', '--verification-key', keysFile], { FORCE_COLOR: '1' });
  t.is(missing.code, 3);
  const bare = await runProcess(['list', '--from', '/absent', '--verification-key', keysFile, '--no-color'], { FORCE_COLOR: '1' });
  t.true(bare.stderr.startsWith('Error (NoRepository): There is no folder'), bare.stderr);
  t.is(missing.stdout, '');
  t.true(missing.stderr.startsWith(`${escape}31mError (NoRepository):${escape}39m There is no folder /absent.\n`), missing.stderr);
});

test('a fault of ours keeps its stack; an error with a code keeps its message', (t) => {
  const fault = asCommandError(new TypeError('boom'));
  t.is(fault.code, 'InternalError');
  t.regex(fault.message, /TypeError: boom\n +at /);
  const coded = asCommandError(Object.assign(new Error('The disk is full.'), { code: 'ENOSPC' }));
  t.deepEqual([coded.exitCode, coded.code, coded.message], [1, 'ENOSPC', 'The disk is full.']);
});

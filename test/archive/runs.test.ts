// dump, seal and inspect over a folder, from end to end: what is stored, what stock tools make of it, and what inspect says of it.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { encrypt } from '../../src/archive/age/file.ts';
import { kitFiles } from '../../src/archive/kit/kit.ts';
import { dump } from '../../src/archive/dump.ts';
import { readManifest } from '../../src/archive/documents.ts';
import { inspect } from '../../src/archive/inspect.ts';
import { manifestObjects } from '../../src/archive/manifest-objects.ts';
import { openRepository } from '../../src/archive/repository.ts';
import { seal } from '../../src/archive/seal.ts';
import { readVerifiers } from '../../src/archive/signing/keys.ts';
import { readVolumes, writeVolumes } from '../../src/archive/volumes.ts';
import { StoreError } from '../../src/stores/errors.ts';
import type { Store } from '../../src/stores/store.ts';
import { fakeEngine } from './fake-engine.ts';
import { troubled } from './failing-store.ts';
import type { Counter } from './failing-store.ts';
import { backUp, backupId, filesOf, verdicts, watched } from './repository.ts';
import { ownPolicies } from './policies.ts';
import type { Policy } from './repository.ts';

const policyFor = ownPolicies(test);

const shell = async (command: string, cwd: string): Promise<string> =>
  (await promisify(execFile)('bash', ['-c', `set -euo pipefail; ${command}`], { cwd, maxBuffer: 64 * 1024 ** 2 })).stdout;

const id = backupId(1);

const openManifest = async (policy: Policy, backup: string, tier = 'local') => {
  const store = policy.store(tier);
  const { repositoryId } = await openRepository(store);
  return (await readManifest(store, backup, repositoryId, readVerifiers([policy.verificationKey]))).manifest;
};

test('a backup is what the layout says, and nothing of its content can be read', async (t) => {
  const policy = await policyFor();
  const context = watched();
  const secret = 'a name out of the database';
  const engine = fakeEngine({
    contents: [
      { name: 'base.tar', raw: Buffer.from(`${secret} `.repeat(30_000)) },
      { name: 'shop.dump', raw: Buffer.alloc(0) },
    ],
  });
  const dumped = await dump(policy.dumpPlan(id), engine, context);
  t.like(dumped, { restorableTo: '2026-11-22T02:00:05.000Z', verification: { level: 'L2', verdict: 'Passed' } });
  const sealed = await seal(policy.sealPlan(id, { failed: [{ name: 'cache', category: 'Source' }] }), context);

  const files = filesOf(policy);
  const names = [...files.keys()].toSorted();
  t.deepEqual(
    names.map((name) => name.replace(/[0-9a-f]{16}\.age$/, 'FINGERPRINT.age')),
    [
      `data/${id}/db/1/base.tar.list.zst.age.00001`,
      `data/${id}/db/1/base.tar.zst.age.00001`,
      `data/${id}/db/1/component.json`,
      `data/${id}/db/1/facts.json.zst.age.00001`,
      `data/${id}/db/1/shop.dump.list.zst.age.00001`,
      `data/${id}/db/1/shop.dump.zst.age.00001`,
      'holdfast.json',
      `keys/${id}.db.1/FINGERPRINT.age`,
      ...kitFiles()
        .map(({ key }) => key)
        .toSorted(),
      `manifests/${id}.json`,
      'writers/00000001.json',
    ],
  );
  for (const [name, content] of files) {
    t.false(content.includes(secret), name);
    t.false(content.includes('AGE-SECRET-KEY'), name);
  }
  const manifest = await openManifest(policy, id);
  t.is(sealed.bytes, (dumped.bytes ?? 0) + (files.get(`data/${id}/db/1/component.json`)?.length ?? 0));
  t.is(sealed.repositoryId, manifest.repositoryId);
  t.deepEqual(manifest.failed, [{ name: 'cache', category: 'Source' }]);
  t.true(engine.closed());
  t.deepEqual(await verdicts(policy), [{ backupId: id, verdict: 'Passed' }]);
  t.true(context.lines.some((line) => line.kind === 'progress' && line.phase === 'dump base.tar' && line.bytes > 0));
});

const verify = (file: string): string =>
  [
    `jq -r .payload ${file} | base64 -d > payload`,
    `type=$(jq -r .payloadType ${file})`,
    `jq -r '.signatures[0].sig' ${file} | base64 -d > signature`,
    `{ printf 'DSSEv1 %d %s %d ' "\${#type}" "$type" "$(stat -c %s payload)"; cat payload; } > message`,
    'openssl pkeyutl -verify -pubin -inkey public.pem -rawin -in message -sigfile signature',
  ].join('; ');

test('stock tools open everything: age, zstd, and openssl for the signatures', async (t) => {
  const policy = await policyFor();
  const raw = randomBytes(300_000).toString('base64');
  await backUp(policy, id, fakeEngine({ contents: [{ name: 'base.tar', raw: Buffer.from(raw) }] }));
  await writeFile(join(policy.directory, 'identity'), policy.identity.identity, { mode: 0o600 });
  await writeFile(join(policy.directory, 'state-identity'), policy.stateIdentity.identity, { mode: 0o600 });
  const open = `age -d -i identity local/keys/${id}.db.1/*.age > id`;
  const data = `local/data/${id}/db/1`;
  t.is(await shell(`${open}; cat ${data}/base.tar.zst.age.* | age -d -i id | zstd -d`, policy.directory), raw);
  t.is(await shell(`age -d -i id ${data}/facts.json.zst.age.00001 | zstd -d`, policy.directory), '{"rows":1}');
  t.is(await shell(`age -d -i state-identity ${data}/base.tar.list.zst.age.00001 | zstd -d`, policy.directory), 'list of base.tar');
  // The state identity opens lists, never contents.
  await t.throwsAsync(shell(`age -d -i state-identity ${data}/base.tar.zst.age.00001`, policy.directory));
  await t.throwsAsync(shell(`age -d -i state-identity ${data}/facts.json.zst.age.00001`, policy.directory));

  const publicKey = `-----BEGIN PUBLIC KEY-----\n${policy.verificationKey.key}\n-----END PUBLIC KEY-----\n`;
  await writeFile(join(policy.directory, 'public.pem'), publicKey);
  for (const file of [`local/manifests/${id}.json`, `${data}/component.json`, 'local/writers/00000001.json']) {
    t.regex(await shell(verify(file), policy.directory), /Signature Verified Successfully/, file);
  }
  await shell(`jq -c '.payload |= (@base64d | sub("Full"; "Fake") | @base64)' local/manifests/${id}.json > forged.json`, policy.directory);
  await t.throwsAsync(shell(verify('forged.json'), policy.directory));
});

async function* exactly(bytes: number): AsyncGenerator<Buffer> {
  yield Buffer.alloc(bytes);
}

test('many small volumes are one age file', async (t) => {
  const policy = await policyFor();
  const store = policy.store();
  const content = randomBytes(1_000_000);
  async function* source(): AsyncGenerator<Buffer> {
    const piece = Buffer.alloc(70_000);
    for (let at = 0; at < content.length; at += piece.length) {
      const copied = content.copy(piece, 0, at);
      yield piece.subarray(0, copied);
    }
  }
  const signal = new AbortController().signal;
  const durable: number[] = [];
  const volumes = await writeVolumes(encrypt(source(), [policy.identity.recipient]), {
    store,
    prefix: 'data/x/',
    name: 'base.tar',
    signal,
    volumeBytes: 30_011,
    onDurable: (bytes) => durable.push(bytes),
  });
  t.is(volumes.length, 34);
  t.true(volumes.slice(0, -1).every(({ bytes }) => bytes === 30_011));
  t.is(
    durable.at(-1),
    volumes.reduce((sum, { bytes }) => sum + bytes, 0),
  );
  await writeFile(join(policy.directory, 'identity'), policy.identity.identity, { mode: 0o600 });
  const digest = await shell(`cat local/data/x/base.tar.zst.age.* | age -d -i identity | sha256sum`, policy.directory);
  await writeFile(join(policy.directory, 'raw'), content);
  t.is(digest, await shell('sha256sum < raw', policy.directory));

  // A border exactly at the end makes no empty volume; no bytes at all make one.
  const write = (name: string, bytes: number) =>
    writeVolumes(exactly(bytes), { store, prefix: 'data/x/', name, signal, volumeBytes: 1000 });
  t.deepEqual(
    (await write('even', 3000)).map(({ bytes }) => bytes),
    [1000, 1000, 1000],
  );
  t.deepEqual(
    (await write('odd', 3001)).map(({ bytes }) => bytes),
    [1000, 1000, 1000, 1],
  );
  t.deepEqual(
    (await write('none', 0)).map(({ bytes }) => bytes),
    [0],
  );

  // A volume that is gone, changed or in another's place is noticed while reading.
  const readAll = async (list: typeof volumes): Promise<void> => {
    for await (const _ of readVolumes(store, list)) {
      // Only the end matters.
    }
  };
  await readAll(volumes);
  await t.throwsAsync(readAll([...volumes.slice(0, 3), { ...(volumes[3] as (typeof volumes)[0]), key: String(volumes[4]?.key) }]), {
    code: 'DigestMismatch',
  });
  await appendFile(join(policy.directory, 'local', String(volumes[7]?.key)), 'x');
  await t.throwsAsync(readAll(volumes), { code: 'SizeMismatch' });
  await unlink(join(policy.directory, 'local', String(volumes[7]?.key)));
  await t.throwsAsync(readAll(volumes), { code: 'ObjectMissing' });
});

test('an attempt that runs twice under one number does not mix', async (t) => {
  const policy = await policyFor();
  await dump(policy.dumpPlan(id), fakeEngine(), watched());
  const before = filesOf(policy);
  await t.throwsAsync(dump(policy.dumpPlan(id), fakeEngine(), watched()), { code: 'AlreadyStored' });
  t.deepEqual(filesOf(policy), before);
});

test('a seal again finds the manifest; one of other attempts is refused', async (t) => {
  const policy = await policyFor();
  await backUp(policy, id);
  const before = filesOf(policy);
  await seal(policy.sealPlan(id), watched());
  t.deepEqual(filesOf(policy), before);
  await dump(policy.dumpPlan(id, { attempt: 2 }), fakeEngine(), watched());
  const error = await t.throwsAsync(seal(policy.sealPlan(id, { components: [{ name: 'db', attempt: 2 }] }), watched()), {
    code: 'AlreadyStored',
  });
  t.regex(error.message, /Nothing is overwritten/);
  t.true(
    filesOf(policy)
      .get(`manifests/${id}.json`)
      ?.equals(before.get(`manifests/${id}.json`) as Buffer),
  );
});

test('an object that is gone or cut before the seal is named, and no manifest is written', async (t) => {
  const policy = await policyFor();
  await dump(policy.dumpPlan(id), fakeEngine(), watched());
  for (const [key, content] of filesOf(policy)) {
    if (/^(data|keys)\//.test(key) && !key.endsWith('component.json')) {
      const path = join(policy.directory, 'local', key);
      await unlink(path);
      t.true((await t.throwsAsync(seal(policy.sealPlan(id), watched()), { code: 'ObjectMissing' })).message.includes(key));
      await writeFile(path, content.subarray(1));
      t.true((await t.throwsAsync(seal(policy.sealPlan(id), watched()), { code: 'SizeMismatch' })).message.includes(key));
      await writeFile(path, content);
      t.deepEqual(await verdicts(policy), []);
    }
  }
  await seal(policy.sealPlan(id), watched());
  t.deepEqual(await verdicts(policy), [{ backupId: id, verdict: 'Passed' }]);
});

test('a seal of nothing writes nothing', async (t) => {
  const policy = await policyFor();
  await backUp(policy, id);
  await t.throwsAsync(seal(policy.sealPlan(backupId(2), { components: [] }), watched()));
  await t.throwsAsync(seal(policy.sealPlan(backupId(2)), watched()), { code: 'RecordMissing' });
  t.deepEqual(await verdicts(policy), [{ backupId: id, verdict: 'Passed' }]);
});

test('each object that is removed, cut or lengthened afterwards is named by inspect', async (t) => {
  const policy = await policyFor();
  await backUp(policy, id);
  await backUp(policy, backupId(2));
  const objects = manifestObjects(await openManifest(policy, id));
  t.is(objects.length, 5);
  for (const { key } of objects) {
    const path = join(policy.directory, 'local', key);
    const content = filesOf(policy).get(key) as Buffer;
    const expect = async (code: string): Promise<void> => {
      const context = watched();
      t.deepEqual(await verdicts(policy, 'local', context), [
        { backupId: id, verdict: 'Failed', code },
        { backupId: backupId(2), verdict: 'Passed' },
      ]);
      t.true(context.lines.some((line) => line.kind === 'entry' && line.message?.includes(key) === true));
    };
    await unlink(path);
    await expect('ObjectMissing');
    await writeFile(path, content.subarray(0, -1));
    await expect('SizeMismatch');
    await writeFile(path, Buffer.concat([content, Buffer.from('x')]));
    await expect('SizeMismatch');
    await writeFile(path, content);
  }
  t.deepEqual(
    (await verdicts(policy)).map(({ verdict }) => verdict),
    ['Passed', 'Passed'],
  );
});

test('a store that fails while it is inspected is Inconclusive, never Failed', async (t) => {
  const policy = await policyFor();
  for (const index of [1, 2, 3]) {
    await backUp(policy, backupId(index));
  }
  const counter: Counter = { operations: 0, names: [] };
  await verdicts(policy, 'local', watched(troubled(undefined, counter)));
  let inconclusive = 0;
  for (let at = 1; at <= counter.operations; at += 1) {
    const context = watched(troubled({ at, when: 'before' }));
    const ended = await inspect(policy.inspectPlan(), context).catch((error: unknown) => error);
    t.true(!(ended instanceof Error) || ended instanceof StoreError, String(ended));
    const entries = context.lines.filter((line) => line.kind === 'entry');
    t.true(entries.every(({ verdict }) => verdict !== 'Failed'));
    t.true(ended instanceof StoreError || entries.length === 3);
    inconclusive += entries.filter(({ verdict, code }) => verdict === 'Inconclusive' && code === 'StoreUnavailable').length;
  }
  // Of the three manifests; a list that breaks off fails as a whole.
  t.is(inconclusive, 6);
});

test('a catalogue is read many requests at a time, never more than 16, and told in order', async (t) => {
  const policy = await policyFor();
  const raw = Buffer.from('x');
  const documents = Array.from({ length: 20 }, (_, index) => ({ name: `d${index}`, content: raw, state: false }));
  const ids = Array.from({ length: 12 }, (_, index) => backupId(index));
  for (const each of ids) {
    await backUp(policy, each, fakeEngine({ contents: [{ name: 'base.tar', raw }], documents }));
  }
  let now = 0;
  let most = 0;
  const measured = async <T>(work: () => Promise<T>): Promise<T> => {
    now += 1;
    most = Math.max(most, now);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 4));
    try {
      return await work();
    } finally {
      now -= 1;
    }
  };
  const slow = (store: Store): Store => ({
    ...store,
    head: (key) => measured(() => store.head(key)),
    get: (key, bytes) => measured(() => store.get(key, bytes)),
  });
  t.deepEqual(
    await verdicts(policy, 'local', watched(slow)),
    ids.map((each) => ({ backupId: each, verdict: 'Passed' })),
  );
  t.true(most > 8 && most <= 16, String(most));
});

test('an empty place has no backups, and is not made into a repository by looking', async (t) => {
  const policy = await policyFor();
  t.deepEqual(await inspect(policy.inspectPlan({ tier: policy.tier('nothing') }), watched()), { backups: 0, refused: 0 });
  t.false(existsSync(join(policy.directory, 'nothing')));
});

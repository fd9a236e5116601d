// dump, seal and inspect over a folder, from end to end: what is stored, what stock tools make of it, and what is left when a run dies at any point.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFile, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { encrypt } from '../../src/archive/age/file.ts';
import { dump } from '../../src/archive/dump.ts';
import { readManifest } from '../../src/archive/documents.ts';
import { ArchiveError } from '../../src/archive/errors.ts';
import { inspect } from '../../src/archive/inspect.ts';
import { manifestObjects } from '../../src/archive/manifest-objects.ts';
import { openRepository } from '../../src/archive/repository.ts';
import { seal } from '../../src/archive/seal.ts';
import { readVerifiers } from '../../src/archive/signing/keys.ts';
import { readVolumes, writeVolumes } from '../../src/archive/volumes.ts';
import { EngineError } from '../../src/engines/engine.ts';
import { StoreError } from '../../src/stores/errors.ts';
import type { Store } from '../../src/stores/store.ts';
import { fakeEngine } from './fake-engine.ts';
import type { FakeOptions } from './fake-engine.ts';
import { troubled } from './failing-store.ts';
import type { Counter } from './failing-store.ts';
import { backUp, backupId, filesOf, makePolicy, verdicts, watched } from './repository.ts';
import type { Policy } from './repository.ts';

const made: Policy[] = [];
const policyFor = async (...changes: Parameters<typeof makePolicy>): Promise<Policy> => {
  const policy = await makePolicy(...changes);
  made.push(policy);
  return policy;
};
test.after.always(() => Promise.all(made.map(({ directory }) => rm(directory, { recursive: true, force: true }))));

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
  const verify = (file: string): string =>
    [
      `jq -r .payload ${file} | base64 -d > payload`,
      `type=$(jq -r .payloadType ${file})`,
      `jq -r '.signatures[0].sig' ${file} | base64 -d > signature`,
      `{ printf 'DSSEv1 %d %s %d ' "\${#type}" "$type" "$(stat -c %s payload)"; cat payload; } > message`,
      'openssl pkeyutl -verify -pubin -inkey public.pem -rawin -in message -sigfile signature',
    ].join('; ');
  for (const file of [`local/manifests/${id}.json`, `${data}/component.json`, 'local/writers/00000001.json']) {
    t.regex(await shell(verify(file), policy.directory), /Signature Verified Successfully/, file);
  }
  await shell(`jq -c '.payload |= (@base64d | sub("Full"; "Fake") | @base64)' local/manifests/${id}.json > forged.json`, policy.directory);
  await t.throwsAsync(shell(verify('forged.json'), policy.directory));
});

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
    ...{ store, prefix: 'data/x/', name: 'base.tar', signal, volumeBytes: 30_011 },
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
  t.is(digest, (await shell('sha256sum < raw', policy.directory)).toString());

  // A border exactly at the end makes no empty volume; no bytes at all make one.
  async function* exactly(bytes: number): AsyncGenerator<Buffer> {
    yield Buffer.alloc(bytes);
  }
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

// Nothing is stored whole, and the engine was let go of.
const leavesNoRecord = async (t: ExecutionContext, policy: Policy, message: string): Promise<void> => {
  t.deepEqual(
    [...filesOf(policy).keys()].filter((name) => name.endsWith('component.json') || name.startsWith('manifests/')),
    [],
    message,
  );
  await t.throwsAsync(seal(policy.sealPlan(id), watched()), { code: 'RecordMissing' }, message);
};

const failures: [FakeOptions, string][] = [
  [{ failAt: 'preflight' }, 'SourceFailed'],
  [{ failAt: 'open' }, 'SourceFailed'],
  [{ failAt: 'stream' }, 'SourceFailed'],
  [{ failAt: 'ended' }, 'SourceFailed'],
  [{ failAt: 'read back' }, 'VerificationFailed'],
  [{ failAt: 'finish' }, 'SourceFailed'],
  [{ lazy: true }, 'ToolFailed'],
  [{ predictedBytes: 2 ** 60 }, 'InsufficientSpace'],
];
for (const [options, code] of failures) {
  test(`a source that fails leaves no record: ${JSON.stringify(options)}`, async (t) => {
    const policy = await policyFor();
    const raw = randomBytes(400_000);
    const engine = fakeEngine({ ...options, contents: [{ name: 'base.tar', raw }] });
    const error = await t.throwsAsync(dump(policy.dumpPlan(id), engine, watched()));
    t.is(String((error as ArchiveError | EngineError).code), code);
    t.true(engine.closed());
    if (options.failAt !== 'preflight' && code !== 'InsufficientSpace') {
      await leavesNoRecord(t, policy, code);
    }
    t.deepEqual(
      [...filesOf(policy).keys()].filter((name) => name.includes('.tmp-')),
      [],
    );
    // A stream that broke off is not there under its name.
    if (options.failAt === 'stream' || options.failAt === 'ended') {
      t.false([...filesOf(policy).keys()].some((name) => name.includes('base.tar')));
    }
    await backUp(policy, id, fakeEngine(), 2);
    t.deepEqual(await verdicts(policy), [{ backupId: id, verdict: 'Passed' }]);
  });
}

test('a source that cannot be let go of does not unmake the backup', async (t) => {
  const policy = await policyFor();
  const context = watched();
  await dump(policy.dumpPlan(id), fakeEngine({ failAt: 'close' }), context);
  t.true(context.logged.some((line) => line.includes('Could not let go of the source')));
  await seal(policy.sealPlan(id), watched());
  t.deepEqual(await verdicts(policy), [{ backupId: id, verdict: 'Passed' }]);
});

test('too little room is found before the source is asked', async (t) => {
  const policy = await policyFor();
  const engine = fakeEngine({ failAt: 'preflight' });
  const error = await t.throwsAsync(dump(policy.dumpPlan(id, { predictedBytes: 2 ** 60 }), engine, watched()), {
    code: 'InsufficientSpace',
  });
  t.regex(String(error?.message), /MiB free.*Make the volume larger/);
});

test('a run that is told to stop ends soon, also in the middle of an endless source', async (t) => {
  const policy = await policyFor();
  const stop = new AbortController();
  const engine = fakeEngine({ endless: true, contents: [{ name: 'base.tar', raw: randomBytes(200_000) }] });
  const running = dump(policy.dumpPlan(id), engine, watched(undefined, stop.signal));
  setTimeout(() => stop.abort(new ArchiveError('Interrupted', 'told to stop')), 300);
  await t.throwsAsync(running);
  t.true(engine.closed());
  t.deepEqual(
    [...filesOf(policy).keys()].filter((name) => name.includes('.tmp-') || name.includes('base.tar')),
    [],
  );
});

// Runs a backup on a store that fails at its n-th operation, for every n until it does not get that far any more.
const dieEverywhere = async (t: ExecutionContext, when: 'before' | 'after'): Promise<void> => {
  const counter: Counter = { operations: 0, names: [] };
  const contents = [{ name: 'base.tar', raw: randomBytes(90_000) }];
  const whole = await policyFor();
  await dump(whole.dumpPlan(id), fakeEngine({ contents }), watched(troubled(undefined, counter)));
  await seal(whole.sealPlan(id), watched(troubled(undefined, counter)));
  const total = counter.operations;
  t.true(total > 30, String(total));

  for (let at = 1; at <= total; at += 1) {
    const where = `${when} ${at}: ${counter.names[at - 1]}`;
    const policy = await policyFor();
    const wrap = troubled({ at, when }, { operations: 0, names: [] });
    const engine = fakeEngine({ contents });
    let wasDumped = false;
    const run = async (): Promise<void> => {
      await dump(policy.dumpPlan(id), engine, watched(wrap));
      wasDumped = true;
      await seal(policy.sealPlan(id), watched(wrap));
    };
    const error = await t.throwsAsync(run(), { instanceOf: StoreError }, where);
    t.is((error as StoreError).code, 'StoreUnavailable', where);
    t.true(engine.closed(), where);

    // What the store holds now is a backup, or none; never one without its objects.
    const seen = await verdicts(policy);
    t.true(seen.length === 0 || (seen.length === 1 && seen[0]?.verdict === 'Passed'), where);
    if (seen.length === 1) {
      t.true(wasDumped, where);
    }
    // Trying again ends well: the seal alone, or the next attempt.
    if (wasDumped) {
      await seal(policy.sealPlan(id), watched());
    } else {
      await backUp(policy, id, fakeEngine({ contents }), 2);
    }
    t.deepEqual(await verdicts(policy), [{ backupId: id, verdict: 'Passed' }], where);
    await rm(policy.directory, { recursive: true });
  }
};

test('a store that goes away at any operation: never a manifest without its objects, and the next try ends well', (t) =>
  dieEverywhere(t, 'before'));
test('an answer that is lost at any operation: never a manifest without its objects, and the next try ends well', (t) =>
  dieEverywhere(t, 'after'));

test('a stop at any operation: the run ends well or leaves no manifest, and the next try ends well', async (t) => {
  const contents = [{ name: 'base.tar', raw: randomBytes(90_000) }];
  let stopped = 0;
  for (let at = 1; at < 60; at += 1) {
    const policy = await policyFor();
    const stop = new AbortController();
    const instead = (): void => stop.abort(new ArchiveError('Interrupted', 'told to stop'));
    const wrap = troubled({ at, when: 'before', instead });
    const ended = await dump(policy.dumpPlan(id), fakeEngine({ contents }), watched(wrap, stop.signal)).then(
      () => true,
      () => false,
    );
    stopped += ended ? 0 : 1;
    t.deepEqual(await verdicts(policy), [], String(at));
    await backUp(policy, id, fakeEngine({ contents }), 2);
    t.deepEqual(await verdicts(policy), [{ backupId: id, verdict: 'Passed' }]);
    await rm(policy.directory, { recursive: true });
  }
  t.true(stopped > 5, String(stopped));
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
  t.regex(String(error?.message), /Nothing is overwritten/);
  t.true(
    filesOf(policy)
      .get(`manifests/${id}.json`)
      ?.equals(before.get(`manifests/${id}.json`) as Buffer),
  );
});

test('a seal of nothing writes nothing', async (t) => {
  const policy = await policyFor();
  await backUp(policy, id);
  await t.throwsAsync(seal(policy.sealPlan(backupId(2), { components: [] }), watched()));
  await t.throwsAsync(seal(policy.sealPlan(backupId(2)), watched()), { code: 'RecordMissing' });
  t.deepEqual(await verdicts(policy), [{ backupId: id, verdict: 'Passed' }]);
});

test('a store that gives back other bytes than were written is found out by the dump itself', async (t) => {
  const raw = randomBytes(90_000);
  for (const flipped of ['base.tar.zst', 'base.tar.list', 'facts.json', 'component.json']) {
    const policy = await policyFor();
    const lying = (store: Store): Store => ({
      ...store,
      async *read(key, options) {
        for await (const chunk of store.read(key, options)) {
          const damaged = Buffer.from(chunk);
          if (key.includes(flipped)) {
            damaged[damaged.length >> 1] = (damaged[damaged.length >> 1] as number) ^ 1;
          }
          yield damaged;
        }
      },
      async get(key, most) {
        const content = await store.get(key, most);
        if (key.includes(flipped)) {
          content[content.length >> 1] = (content[content.length >> 1] as number) ^ 1;
        }
        return content;
      },
    });
    const error = await t.throwsAsync(dump(policy.dumpPlan(id), fakeEngine({ contents: [{ name: 'base.tar', raw }] }), watched(lying)));
    t.true(error instanceof ArchiveError && error.category === 'Verification', `${flipped}: ${String(error)}`);
  }
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
  t.true(inconclusive > 10, String(inconclusive));
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
  const slow = (store: Store): Store => {
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
    return { ...store, head: (key) => measured(() => store.head(key)), get: (key, bytes) => measured(() => store.get(key, bytes)) };
  };
  t.deepEqual(
    await verdicts(policy, 'local', watched(slow)),
    ids.map((each) => ({ backupId: each, verdict: 'Passed' })),
  );
  t.true(most > 8 && most <= 16, String(most));
});

test('an empty place has no backups, and is not made into a repository by looking', async (t) => {
  const policy = await policyFor();
  t.deepEqual(await inspect(policy.inspectPlan({ tier: policy.tier('nothing') }), watched()), { backups: 0, refused: 0 });
  t.false((await import('node:fs')).existsSync(join(policy.directory, 'nothing')));
});

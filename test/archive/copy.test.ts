// copy: byte for byte to a further tier, resumed where it was cut, and never more than what is right.
import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { mkdir, rm, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { copy } from '../../src/archive/copy.ts';
import { ArchiveError } from '../../src/archive/errors.ts';
import { StoreError } from '../../src/stores/errors.ts';
import { fakeEngine } from './fake-engine.ts';
import { troubled } from './failing-store.ts';
import type { Counter } from './failing-store.ts';
import { backUp, backupId, copied, filesOf, verdicts, watched } from './repository.ts';
import { policiesOfOneKey } from './policies.ts';
import type { Policy } from './repository.ts';

const id = backupId(1);
const policyFor = policiesOfOneKey(test);

const policyWithBackup = async (bytes = 150_000): Promise<Policy> => {
  const policy = await policyFor();
  await backUp(policy, id, fakeEngine({ contents: [{ name: 'base.tar', raw: randomBytes(bytes) }] }));
  return policy;
};

const inodes = (policy: Policy, tier: string): Record<string, number> =>
  Object.fromEntries([...filesOf(policy, tier).keys()].map((key) => [key, statSync(join(policy.directory, tier, key)).ino]));

test('a copy is the same bytes under the same keys, and again changes nothing', async (t) => {
  const policy = await policyWithBackup();
  const { bytes } = await copied(policy, id);
  t.deepEqual(filesOf(policy, 'cloud'), filesOf(policy));
  const objects = [...filesOf(policy)].filter(([key]) => /^(data|keys)\//.test(key));
  t.is(
    bytes,
    objects.reduce((sum, [, content]) => sum + content.length, 0),
  );
  const before = inodes(policy, 'cloud');
  t.deepEqual(await copied(policy, id), { bytes });
  t.deepEqual(inodes(policy, 'cloud'), before);
  t.deepEqual(await verdicts(policy, 'cloud'), [{ backupId: id, verdict: 'Passed' }]);
});

test('only what the manifest names is copied', async (t) => {
  const policy = await policyWithBackup();
  await mkdir(join(policy.directory, 'local/data', id, 'db/2'), { recursive: true });
  await writeFile(join(policy.directory, 'local/data', id, 'db/2/base.tar.zst.age.00001'), 'an attempt that failed');
  await backUp(policy, backupId(2));
  await copied(policy, id);
  t.false([...filesOf(policy, 'cloud').keys()].some((key) => key.includes('/db/2/') || key.includes(backupId(2))));
});

const dieEverywhere = async (t: ExecutionContext, when: 'before' | 'after'): Promise<void> => {
  const policy = await policyWithBackup();
  const counter: Counter = { operations: 0, names: [] };
  await copied(policy, id, watched(troubled(undefined, counter)));
  t.true(counter.operations > 30);
  for (let at = 1; at <= counter.operations; at += 1) {
    const where = `${when} ${at}: ${counter.names[at - 1]}`;
    const to = policy.tier(`${when}-${at}`);
    const error = await t.throwsAsync(copy(policy.copyPlan(id, { to }), watched(troubled({ at, when }))), undefined, where);
    t.true(error instanceof StoreError && error.retryable, where);
    const halfway = filesOf(policy, to.name);
    const isThere = halfway.has(`manifests/${id}.json`);
    t.deepEqual(await verdicts(policy, to.name), isThere ? [{ backupId: id, verdict: 'Passed' }] : [], where);
    // What is there by its name is whole.
    for (const [key, content] of halfway) {
      t.true(key.includes('.tmp-') || content.equals(filesOf(policy).get(key) as Buffer), `${where} ${key}`);
    }
    const kept = inodes(policy, to.name);
    await copy(policy.copyPlan(id, { to }), watched());
    t.deepEqual(filesOf(policy, to.name), filesOf(policy), where);
    const now = inodes(policy, to.name);
    t.deepEqual({ ...now, ...kept }, now, `${where}: nothing is copied twice`);
    await rm(join(policy.directory, to.name), { recursive: true });
  }
};

test('a store that goes away at any operation of a copy: it goes on from there', (t) => dieEverywhere(t, 'before'));
test('an answer that is lost at any operation of a copy: it goes on from there', (t) => dieEverywhere(t, 'after'));

test('a stop at any operation of a copy: it goes on from there', async (t) => {
  const policy = await policyWithBackup();
  let stopped = 0;
  for (let at = 1; at < 60; at += 2) {
    const to = policy.tier(`stopped-${at}`);
    const stop = new AbortController();
    const instead = (): void => stop.abort(new ArchiveError('Interrupted', 'told to stop'));
    const context = watched(troubled({ at, when: 'before', instead }), stop.signal);
    stopped += await copy(policy.copyPlan(id, { to }), context).then(
      () => 0,
      () => 1,
    );
    t.false([...filesOf(policy, to.name).keys()].some((key) => key.includes('.tmp-')));
    await copy(policy.copyPlan(id, { to }), watched());
    t.deepEqual(filesOf(policy, to.name), filesOf(policy));
  }
  t.true(stopped > 5, String(stopped));
});

test('what is wrong on the further tier is named, and not made to look right', async (t) => {
  const policy = await policyWithBackup();
  const objects = [...filesOf(policy)].filter(([key]) => /^(data|keys)\//.test(key));
  for (const [key, content] of objects) {
    const path = join(policy.directory, 'cloud', key);
    await mkdir(dirname(path), { recursive: true });
    const damages: [Buffer, string][] = [
      [Buffer.alloc(content.length), 'DigestMismatch'],
      [content.subarray(1), 'SizeMismatch'],
    ];
    for (const [damaged, code] of damages) {
      await writeFile(path, damaged);
      const error = await t.throwsAsync(copied(policy, id), { code }, key);
      t.true(error.message.includes(key));
      t.false(filesOf(policy, 'cloud').has(`manifests/${id}.json`));
    }
    await rm(join(policy.directory, 'cloud'), { recursive: true });
  }
});

test('a backup that is not there, or lacks an object, is not copied', async (t) => {
  const policy = await policyWithBackup();
  await t.throwsAsync(copied(policy, backupId(9)), { code: 'ObjectMissing' });
  const [key] = [...filesOf(policy).keys()].filter((each) => each.includes('base.tar.zst'));
  await unlink(join(policy.directory, 'local', String(key)));
  await t.throwsAsync(copied(policy, id), { code: 'ObjectMissing' });
  t.false(filesOf(policy, 'cloud').has(`manifests/${id}.json`));
});

test('two copies at once end well, both', async (t) => {
  const policy = await policyWithBackup();
  await Promise.all([copied(policy, id), copied(policy, id), copied(policy, id)]);
  t.deepEqual(filesOf(policy, 'cloud'), filesOf(policy));
});

test('an object that is replaced by one of the same size is not copied, and is named', async (t) => {
  const policy = await policyWithBackup();
  const objects = [...filesOf(policy)].filter(([key]) => key.startsWith('data/') || key.startsWith('keys/'));
  t.is(objects.length, 5);
  for (const [key, content] of objects) {
    const flipped = Buffer.from(content);
    flipped[flipped.length >> 1] = (flipped[flipped.length >> 1] as number) ^ 1;
    for (const damaged of [flipped, randomBytes(content.length)]) {
      await writeFile(join(policy.directory, 'local', key), damaged);
      const error = await t.throwsAsync(copied(policy, id), { instanceOf: ArchiveError, code: 'DigestMismatch' }, key);
      t.true(error.message.includes(key));
      t.false(filesOf(policy, 'cloud').has(`manifests/${id}.json`));
      t.false([...filesOf(policy, 'cloud').keys()].some((each) => each === key || each.includes('.tmp-')));
    }
    await writeFile(join(policy.directory, 'local', key), content);
    await rm(join(policy.directory, 'cloud'), { recursive: true });
  }
  await copied(policy, id);
  t.deepEqual(await verdicts(policy, 'cloud'), [{ backupId: id, verdict: 'Passed' }]);
});

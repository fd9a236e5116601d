// A backup whose source or store fails, or that is stopped, at any point: never a manifest without its objects, and the next try ends well.
import { randomBytes } from 'node:crypto';
import { rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { dump } from '../../src/archive/dump.ts';
import { ArchiveError } from '../../src/archive/errors.ts';
import { seal } from '../../src/archive/seal.ts';
import { StoreError } from '../../src/stores/errors.ts';
import type { Store } from '../../src/stores/store.ts';
import { fakeEngine } from './fake-engine.ts';
import type { FakeOptions } from './fake-engine.ts';
import { troubled } from './failing-store.ts';
import type { Counter } from './failing-store.ts';
import { backUp, backupId, filesOf, inFolder, verdicts, watched } from './repository.ts';
import { ownPolicies } from './policies.ts';
import type { Policy } from './repository.ts';

const policyFor = ownPolicies(test);

const id = backupId(1);

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
    t.like(error, { code });
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
  t.regex(error.message, /MiB free.*Make the volume larger/);
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
    const policy = await inFolder(whole, `${when}-${at}`);
    const wrap = troubled({ at, when });
    const engine = fakeEngine({ contents });
    let wasDumped = false;
    const run = async (): Promise<void> => {
      await dump(policy.dumpPlan(id), engine, watched(wrap));
      wasDumped = true;
      await seal(policy.sealPlan(id), watched(wrap));
    };
    const error = await t.throwsAsync(run(), { instanceOf: StoreError }, where);
    t.is(error.code, 'StoreUnavailable', where);
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
  const keys = await policyFor();
  for (let at = 1; at < 60; at += 2) {
    const policy = await inFolder(keys, String(at));
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

test('a store that gives back other bytes than were written is found out by the dump itself', async (t) => {
  const raw = randomBytes(90_000);
  for (const flipped of ['base.tar.zst', 'base.tar.list', 'facts.json', 'component.json', 'keys/']) {
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

test('a store that loses what it acknowledged is found out by the dump itself', async (t) => {
  for (const lost of ['keys/', 'base.tar.zst', 'base.tar.list', 'component.json']) {
    const policy = await policyFor();
    const engine = fakeEngine();
    // After the read-back, and before the record.
    const finish: typeof engine.finish = async (signal) => {
      for (const name of filesOf(policy).keys()) {
        await (name.includes(lost) ? unlink(join(policy.directory, 'local', name)) : undefined);
      }
      return engine.finish(signal);
    };
    const losing = (store: Store): Store => ({
      ...store,
      put: (key, body) => (key.includes(lost) && lost === 'component.json' ? Promise.resolve({ created: true }) : store.put(key, body)),
    });
    const error = await t.throwsAsync(dump(policy.dumpPlan(id), { ...engine, finish }, watched(losing)), undefined, lost);
    t.true(error instanceof ArchiveError && error.category === 'Verification', `${lost}: ${String(error)}`);
    t.deepEqual(await verdicts(policy), []);
    t.false(
      [...filesOf(policy).keys()].some((name) => name.endsWith('component.json')),
      lost,
    );
  }
});

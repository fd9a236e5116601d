// Two clusters and one prefix: taking over on purpose, and what becomes of who was there before.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { AdoptPlan } from '../../src/api/agent.ts';
import { adopt } from '../../src/archive/adopt.ts';
import { copy } from '../../src/archive/copy.ts';
import { dump } from '../../src/archive/dump.ts';
import { ArchiveError } from '../../src/archive/errors.ts';
import { inspect } from '../../src/archive/inspect.ts';
import { seal } from '../../src/archive/seal.ts';
import type { Store } from '../../src/stores/store.ts';
import { fakeEngine } from './fake-engine.ts';
import { backUp, backupId, copied, filesOf, inFolder, makePolicy, verdicts, watched } from './repository.ts';
import type { Policy } from './repository.ts';

let keys: Policy;
let folders = 0;
test.before(async () => {
  keys = await makePolicy();
});
test.after.always(() => rm(keys.directory, { recursive: true, force: true }));
const policyFor = async (): Promise<Policy> => {
  folders += 1;
  const policy = await inFolder(keys, `policy-${folders}`);
  await backUp(policy, backupId(1));
  await copied(policy, backupId(1));
  return policy;
};

const other = { clusterId: 'cluster-b' };
const adoptPlan = (policy: Policy, tiers = ['local', 'cloud'], clusterId = 'cluster-b'): AdoptPlan => ({
  verb: 'adopt',
  policy: { namespace: 'shop', name: 'shop' },
  clusterId,
  verificationKeys: [policy.verificationKey],
  signingKeyFile: policy.signingKeyFile,
  tiers: tiers.map((name) => policy.tier(name)),
});
const writersOf = (policy: Policy, tier: string): string[] =>
  [...filesOf(policy, tier).keys()].filter((key) => key.startsWith('writers/')).toSorted();
const refusal = async (work: Promise<unknown>): Promise<[string, string]> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof ArchiveError ? [error.code, error.message] : ['none', String(error)];
};

test('the second cluster is refused, takes over on every tier, and the first one stops', async (t) => {
  const policy = await policyFor();
  const [code, message] = await refusal(dump(policy.dumpPlan(backupId(2), other), fakeEngine(), watched()));
  t.is(code, 'WriterReplaced');
  t.regex(message, /policy shop\/shop of the cluster cluster-a \(epoch 1\).*another prefix.*adopt <policy> --take-over/);

  const { repositoryId, ...rest } = await adopt(adoptPlan(policy), watched());
  t.regex(repositoryId ?? '', /^[0-9a-f]{32}$/);
  t.deepEqual(rest, { epoch: 2, tiers: 2 });
  for (const tier of ['local', 'cloud']) {
    t.deepEqual(writersOf(policy, tier), ['writers/00000001.json', 'writers/00000002.json']);
  }
  t.true(
    filesOf(policy)
      .get('writers/00000002.json')
      ?.equals(filesOf(policy, 'cloud').get('writers/00000002.json') as Buffer),
  );

  // The second writes, the first does not, and both read everything.
  await dump(policy.dumpPlan(backupId(2), other), fakeEngine(), watched());
  await seal(policy.sealPlan(backupId(2), other), watched());
  await copy(policy.copyPlan(backupId(2), other), watched());
  for (const run of [
    dump(policy.dumpPlan(backupId(3)), fakeEngine(), watched()),
    seal(policy.sealPlan(backupId(2)), watched()),
    copied(policy, backupId(2)),
  ]) {
    const [stopped, why] = await refusal(run);
    t.is(stopped, 'WriterReplaced');
    t.regex(why, /cluster cluster-b \(epoch 2\)/);
  }
  for (const tier of ['local', 'cloud']) {
    t.deepEqual(
      (await verdicts(policy, tier)).map(({ verdict }) => verdict),
      ['Passed', 'Passed'],
    );
  }
  const facts = await inspect(policy.inspectPlan(), watched());
  t.like(facts.writer, { epoch: 2, clusterId: 'cluster-b', ours: false });

  // Again changes nothing; back again is one epoch more.
  const before = filesOf(policy);
  t.like(await adopt(adoptPlan(policy), watched()), { epoch: 2 });
  t.deepEqual(filesOf(policy), before);
  t.like(await adopt(adoptPlan(policy, ['local', 'cloud'], 'cluster-a'), watched()), { epoch: 3 });
});

test("a policy of another name takes over: the backups before it are its own from then on, and nobody else's", async (t) => {
  const policy = await policyFor();
  const name = { namespace: 'new-shop', name: 'shop' };
  const seen = async (reader: { namespace: string; name: string }): Promise<(string | undefined)[]> => {
    const context = watched();
    await inspect(policy.inspectPlan({ tier: policy.tier('local'), policy: reader }), context);
    return context.lines.flatMap((line) => (line.kind === 'entry' ? [line.code ?? line.verdict] : []));
  };
  t.deepEqual(await seen(name), ['RepositoryMismatch'], "who is not the writer takes nobody's backups");
  await adopt({ ...adoptPlan(policy), policy: name }, watched());
  const mine = { ...other, policy: name };
  await dump(policy.dumpPlan(backupId(2), mine), fakeEngine(), watched());
  await seal(policy.sealPlan(backupId(2), mine), watched());
  t.deepEqual(await seen(name), ['Passed', 'Passed']);
  t.deepEqual(await seen({ namespace: 'shop', name: 'shop' }), ['Passed', 'RepositoryMismatch'], 'the one before keeps its own');
  t.deepEqual(await seen({ namespace: 'shop', name: 'other' }), ['RepositoryMismatch', 'RepositoryMismatch']);
});

// Takes over when the store is asked for something for the first time.
const takenOverAt = (policy: Policy, at: RegExp) => {
  let done = false;
  const takeOver = async (what: string): Promise<void> => {
    if (!done && at.test(what)) {
      done = true;
      await adopt(adoptPlan(policy), watched());
    }
  };
  return watched((store: Store) => ({
    ...store,
    put: async (key, body) => {
      await takeOver(`put ${key}`);
      const result = await store.put(key, body);
      await takeOver(`after ${key}`);
      return result;
    },
    upload: async (key, options) => {
      await takeOver(`upload ${key}`);
      return store.upload(key, options);
    },
  }));
};

test('a run that is at work while somebody takes over stops before what counts, or says so at its end', async (t) => {
  const cases = [
    [
      'dump',
      /^upload .*base.tar/,
      (policy: Policy, context: ReturnType<typeof watched>) => dump(policy.dumpPlan(backupId(2)), fakeEngine(), context),
    ],
    ['copy', /^upload .*base.tar/, (policy: Policy, context: ReturnType<typeof watched>) => copy(policy.copyPlan(backupId(2)), context)],
    ['seal', /^after manifests/, (policy: Policy, context: ReturnType<typeof watched>) => seal(policy.sealPlan(backupId(2)), context)],
  ] as const;
  for (const [verb, at, run] of cases) {
    const policy = await policyFor();
    if (verb !== 'dump') {
      await dump(policy.dumpPlan(backupId(2)), fakeEngine(), watched());
    }
    if (verb === 'copy') {
      await seal(policy.sealPlan(backupId(2)), watched());
    }
    const [code, message] = await refusal(run(policy, takenOverAt(policy, at)));
    t.is(code, 'WriterSuperseded', verb);
    t.regex(message, /taken over by the policy shop\/shop of the cluster cluster-b \(epoch 2\).*adopt/, verb);
    t.false(filesOf(policy, 'cloud').has(`manifests/${backupId(2)}.json`), verb);
    t.is(filesOf(policy).has(`data/${backupId(2)}/db/1/component.json`), verb !== 'dump', verb);
  }
});

test('a manifest of an epoch that was written after its successor began is refused, an older one is not', async (t) => {
  const policy = await policyFor();
  await dump(policy.dumpPlan(backupId(2)), fakeEngine(), watched());
  // A seal that the store holds up until long after the take-over, with a clock that goes on.
  const blind = {
    ...watched((store) => ({
      ...store,
      list: (prefix, options) => (prefix === 'writers/' && options?.after !== undefined ? emptyList() : store.list(prefix, options)),
    })),
  };
  const now = Date.now();
  await seal(policy.sealPlan(backupId(2)), { ...blind, now: () => new Date(now + 3600_000) });
  await adopt(adoptPlan(policy), watched());
  t.deepEqual(await verdicts(policy), [
    { backupId: backupId(1), verdict: 'Passed' },
    { backupId: backupId(2), verdict: 'Failed', code: 'WriterSuperseded' },
  ]);
});

async function* emptyList(): AsyncGenerator<never> {}

test('of several that take over at once one wins, and the others are told', async (t) => {
  const policy = await policyFor();
  const ended = await Promise.allSettled(
    ['b', 'c', 'd', 'e'].map((cluster) => adopt(adoptPlan(policy, ['local', 'cloud'], cluster), watched())),
  );
  t.is(ended.filter(({ status }) => status === 'fulfilled').length, 1);
  t.true(ended.every((each) => each.status === 'fulfilled' || (each.reason as ArchiveError).code === 'WriterReplaced'));
  t.deepEqual(writersOf(policy, 'local'), ['writers/00000001.json', 'writers/00000002.json']);
  t.true(
    filesOf(policy)
      .get('writers/00000002.json')
      ?.equals(filesOf(policy, 'cloud').get('writers/00000002.json') as Buffer),
  );
});

test('a cluster that has only the bucket takes over: its empty tier becomes the same repository', async (t) => {
  const policy = await policyFor();
  t.like(await adopt(adoptPlan(policy, ['fresh', 'cloud']), watched()), { epoch: 2, tiers: 2 });
  t.deepEqual(filesOf(policy, 'fresh').get('holdfast.json'), filesOf(policy, 'cloud').get('holdfast.json'));
  const fresh = { ...other, tier: policy.tier('fresh') };
  await dump(policy.dumpPlan(backupId(2), fresh), fakeEngine(), watched());
  await seal(policy.sealPlan(backupId(2), fresh), watched());
  await copy(policy.copyPlan(backupId(2), { ...other, from: policy.tier('fresh') }), watched());
  t.deepEqual(
    (await verdicts(policy, 'cloud')).map(({ verdict }) => verdict),
    ['Passed', 'Passed'],
  );
});

test('a take-over that broke off goes on; a writer that nobody can verify is replaced; nothing is not taken over', async (t) => {
  const policy = await policyFor();
  t.like(await adopt(adoptPlan(policy, ['local']), watched()), { epoch: 2 });
  t.like(await adopt(adoptPlan(policy), watched()), { epoch: 2, tiers: 2 });
  t.true(
    filesOf(policy)
      .get('writers/00000002.json')
      ?.equals(filesOf(policy, 'cloud').get('writers/00000002.json') as Buffer),
  );

  await writeFile(join(policy.directory, 'local/writers/00000007.json'), 'not signed');
  t.is((await refusal(dump(policy.dumpPlan(backupId(2), other), fakeEngine(), watched())))[0], 'WriterUnknown');
  t.like(await adopt(adoptPlan(policy), watched()), { epoch: 8 });
  await dump(policy.dumpPlan(backupId(2), other), fakeEngine(), watched());

  t.is((await refusal(adopt(adoptPlan(policy, ['none', 'nowhere']), watched())))[0], 'NotARepository');
  t.is(filesOf(policy, 'none').size, 0);
  const elsewhere = await policyFor();
  const mixed = { ...adoptPlan(policy), tiers: [policy.tier('local'), elsewhere.tier('cloud')] };
  const before = [filesOf(policy), filesOf(elsewhere, 'cloud')];
  t.is((await refusal(adopt(mixed, watched())))[0], 'RepositoryMismatch');
  t.deepEqual([filesOf(policy), filesOf(elsewhere, 'cloud')], before);
});

test('who only reads leaves everything as it was', async (t) => {
  const policy = await policyFor();
  const before = [filesOf(policy), filesOf(policy, 'cloud')];
  for (const tier of ['local', 'cloud']) {
    const plan = { ...other, tier: policy.tier(tier) };
    await inspect(policy.inspectPlan({ ...plan, policy: { namespace: '', name: '' } }), watched());
    await inspect(policy.inspectPlan({ ...plan, thorough: true }), watched());
    await inspect(policy.inspectPlan({ ...plan, backupId: backupId(1) }), watched());
  }
  t.deepEqual([filesOf(policy), filesOf(policy, 'cloud')], before);
});

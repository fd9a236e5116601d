// Backups that build on others: what counts, what is copied, and what is refused when a link is missing.
import { existsSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { DumpPlan } from '../../src/api/agent.ts';
import { makeIdentity } from '../../src/archive/age/header.ts';
import { dump } from '../../src/archive/dump.ts';
import type { DumpOutcome } from '../../src/archive/dump.ts';
import { inspect } from '../../src/archive/inspect.ts';
import { seal } from '../../src/archive/seal.ts';
import { unchained } from '../../src/core/plan/chain.ts';
import type { Link } from '../../src/core/plan/chain.ts';
import { fakeEngine } from './fake-engine.ts';
import { backUp, backupId, copied, makePolicy, verdicts, watched } from './repository.ts';
import type { Policy } from './repository.ts';
import { startLineage } from './wal-archive.ts';

const identityFile = ({ directory }: Policy): string => join(directory, 'state.identity');

const withIdentity = async (): Promise<Policy> => {
  const policy = await makePolicy();
  await writeFile(identityFile(policy), policy.stateIdentity.identity);
  return policy;
};

const incremental = (policy: Policy, id: string, parentId: string, required = false): DumpPlan =>
  policy.dumpPlan(id, {
    backup: { id, type: 'Incremental', slot: '2026-11-22T02:00:00Z' },
    increment: { parentId, stateIdentityFile: identityFile(policy), required },
  });

const addIncrement = async (policy: Policy, id: string, parentId: string, engine = fakeEngine()): Promise<DumpOutcome> => {
  const outcome = await dump(incremental(policy, id, parentId), engine, watched());
  await seal(policy.sealPlan(id, { backup: { id, type: 'Incremental', slot: '2026-11-22T02:00:00Z' } }), watched());
  return outcome;
};

const [first, second, third] = [backupId(1), backupId(2), backupId(3)];

const chainOfThree = async (): Promise<Policy> => {
  const policy = await withIdentity();
  await backUp(policy, first);
  await addIncrement(policy, second, first);
  await addIncrement(policy, third, second);
  return policy;
};

test('an increment is handed what the state identity opens of its parent, and its manifest names the parent', async (t) => {
  const policy = await withIdentity();
  await backUp(policy, first);
  const engine = fakeEngine();
  t.like(await addIncrement(policy, second, first, engine), { parent: first, whole: undefined });
  t.is(engine.parent()?.backupId, first);
  t.is(engine.parent()?.state.get('base.tar.list')?.toString(), 'list of base.tar');
  const context = watched();
  await inspect(policy.inspectPlan(), context);
  const entries = context.lines.flatMap((line) => (line.kind === 'entry' ? [line] : []));
  t.like(entries, [
    { backupId: first, type: 'Full', verdict: 'Passed', components: [{ name: 'db', parent: undefined }] },
    { backupId: second, type: 'Incremental', verdict: 'Passed', components: [{ name: 'db', parent: first }] },
  ]);
});

const later = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString();

test('the archive of WAL began anew since: no increment builds on what was before, unless that was its first beginning', async (t) => {
  const policy = await withIdentity();
  await backUp(policy, first);
  await startLineage(policy, { createdTime: later(1) });
  t.like(await addIncrement(policy, second, first), { parent: first, whole: undefined });
  await startLineage(policy, { lineageId: '20261123T000000Z-3f9a1c04', reason: 'OtherHistory', createdTime: later(-1) });
  t.like(await addIncrement(policy, third, second), { parent: second, whole: undefined });
  await startLineage(policy, { component: 'other', lineageId: '20261124T000000Z-3f9a1c04', reason: 'OtherHistory', createdTime: later(2) });
  t.like(await addIncrement(policy, backupId(4), third), { parent: third, whole: undefined });
  await startLineage(policy, { lineageId: '20261125T000000Z-3f9a1c04', reason: 'OtherHistory', createdTime: later(2) });
  t.like(await addIncrement(policy, backupId(5), third), { parent: undefined, whole: { reason: 'HistoryChanged' } });
});

test('what cannot be built on makes a whole copy that says why, and is refused where increments are required', async (t) => {
  const policy = await withIdentity();
  await backUp(policy, first);
  const whole = async (id: string, parent: string, engine = fakeEngine()) => (await addIncrement(policy, id, parent, engine)).whole;
  t.like(await whole(backupId(2), 'no-such-backup'), { reason: 'ParentUnreadable' });
  t.like(await whole(backupId(3), first, fakeEngine({ whole: { reason: 'TimelineChanged', message: 'promoted' } })), {
    reason: 'TimelineChanged',
  });
  await writeFile(identityFile(policy), (await makeIdentity()).identity);
  t.like(await whole(backupId(4), first), { reason: 'StateIdentityMissing' });
  await rm(identityFile(policy));
  t.like(await whole(backupId(5), first), { reason: 'StateIdentityMissing' });
  await t.throwsAsync(dump(incremental(policy, backupId(6), first, true), fakeEngine(), watched()), { code: 'IncrementRefused' } as never);
  // They stand alone: nothing that happens to the first one touches them.
  await rm(join(policy.directory, 'local/data', first), { recursive: true });
  t.deepEqual(
    (await verdicts(policy)).map(({ verdict }) => verdict),
    ['Failed', 'Passed', 'Passed', 'Passed', 'Passed'],
  );
});

test('a backup whose chain is broken never counts, however whole it is itself', async (t) => {
  const policy = await chainOfThree();
  t.deepEqual(
    (await verdicts(policy)).map(({ verdict }) => verdict),
    ['Passed', 'Passed', 'Passed'],
  );
  await rename(join(policy.directory, 'local/manifests', `${first}.json`), join(policy.directory, 'gone.json'));
  t.deepEqual(await verdicts(policy), [
    { backupId: second, verdict: 'Failed', code: 'ChainBroken' },
    { backupId: third, verdict: 'Failed', code: 'ChainBroken' },
  ]);
  for (const id of [second, third]) {
    const context = watched();
    t.like(await inspect(policy.inspectPlan({ backupId: id }), context), { backups: 0, refused: 1 });
    t.like(context.lines, [{ kind: 'entry', backupId: id, verdict: 'Failed', code: 'ChainBroken' }]);
  }
  await rename(join(policy.directory, 'gone.json'), join(policy.directory, 'local/manifests', `${first}.json`));
  await rm(join(policy.directory, 'local/data', first, 'db/1/base.tar.zst.age.00001'));
  t.deepEqual(
    (await verdicts(policy)).map(({ code }) => code),
    ['ObjectMissing', 'ChainBroken', 'ChainBroken'],
  );
});

test('an increment is not sealed where its chain is not whole', async (t) => {
  const policy = await chainOfThree();
  const fourth = backupId(4);
  await dump(incremental(policy, fourth, third), fakeEngine(), watched());
  await rm(join(policy.directory, 'local/data', first, 'db/1/base.tar.zst.age.00001'));
  const error = await t.throwsAsync(seal(policy.sealPlan(fourth), watched()), { code: 'ChainBroken' } as never);
  t.regex(error.message, new RegExp(`builds on ${first}.*ObjectMissing|builds on ${first}, which cannot be restored`));
  t.false(existsSync(join(policy.directory, 'local/manifests', `${fourth}.json`)));
});

test('an increment is copied after its parent, never before', async (t) => {
  const policy = await chainOfThree();
  const early = await t.throwsAsync(copied(policy, second), { code: 'ChainBroken' } as never);
  t.like(early, { retryable: true });
  await copied(policy, first);
  await t.throwsAsync(copied(policy, third), { code: 'ChainBroken' } as never);
  await copied(policy, second);
  await copied(policy, third);
  t.deepEqual(
    (await verdicts(policy, 'cloud')).map(({ verdict }) => verdict),
    ['Passed', 'Passed', 'Passed'],
  );
});

const link = (backup: string, parent?: string, verdict: Link['verdict'] = 'Passed', name = 'db'): Link => ({
  backupId: backup,
  verdict,
  components: [{ name, bytes: 1, ...(parent === undefined ? {} : { parent }) }],
});

const verdictsOf = (...links: Link[]) => Object.fromEntries([...unchained(links)].map(([id, { verdict }]) => [id, verdict]));

test('chains, as the catalogue of a tier shows them', (t) => {
  t.deepEqual(verdictsOf(link('a'), link('b', 'a'), link('c', 'b')), {});
  t.deepEqual(verdictsOf(link('b', 'a'), link('c', 'b'), link('d')), { b: 'Failed', c: 'Failed' });
  t.deepEqual(verdictsOf(link('a', undefined, 'Inconclusive'), link('b', 'a'), link('c', 'b')), { b: 'Inconclusive', c: 'Inconclusive' });
  t.deepEqual(verdictsOf(link('a', undefined, 'Failed'), link('b', 'a')), { b: 'Failed' });
  t.deepEqual(verdictsOf(link('a', undefined, 'Passed', 'other'), link('b', 'a')), { b: 'Failed' });
  t.deepEqual(verdictsOf(link('a', 'b'), link('b', 'a'), link('c', 'c')), { a: 'Failed', b: 'Failed', c: 'Failed' });
});

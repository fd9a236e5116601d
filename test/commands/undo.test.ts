// `undo` in scenes: what can be taken back, who is asked, what is made, and how it ends.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { restoreSpecSchema } from '../../src/api/restore.ts';
import type { RestoreStatus } from '../../src/api/restore-status.ts';
import { makeIdentity } from '../../src/archive/age/header.ts';
import { restoreName, undoName } from '../../src/commands/restores/names.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { follows } from './emergency-world.ts';
import { items, play } from './play.ts';
import { failed, makeRestore, restored, restoring, succeeded } from './restore-examples.ts';

const cluster = (...found: object[]) => ({ restores: items(...found) });

const undone: RestoreStatus = {
  phase: 'Complete',
  endTime: '2026-11-22T05:10:08Z',
  duration: '8s',
  phases: [
    { name: 'quiesce', seconds: 3 },
    { name: 'undo', seconds: 0.2 },
    { name: 'resume', seconds: 4.8 },
  ],
  conditions: [succeeded('True', 'Undone', 'What was there before is back.')],
};
const undoing: RestoreStatus = {
  phase: 'Running',
  stage: 'Undoing',
  conditions: [succeeded('Unknown', 'RollingBack', 'It is exchanged.')],
};
const undoes = (name = 'shop-back-undo', status?: RestoreStatus) =>
  makeRestore(status, { source: { policyRef: { name: 'shop' }, restoreRef: { name: 'shop-back' } }, components: undefined }, name);

test('undo asks for the name of what is replaced, makes the Restore that undoes it, and sees it through', async (t) => {
  const questions: string[] = [];
  const ask = async (question: string): Promise<string> => {
    questions.push(question);
    return 'shop/shop';
  };
  const { code, stdout, stderr, scene } = await play(t, ['undo', 'restore/shop-back'], {
    objects: cluster(makeRestore(restored)),
    io: { ask },
    with: follows(undoing, undone),
  });
  t.is(code, 0, stderr);
  t.is(stdout, 'Complete: what was there before shop-back is back. It took 8s.\nSteps: quiesce 3s, undo under 1s, resume 4s.\n');
  t.is(stderr, 'Created the Restore shop-back-undo, which undoes shop-back.\nPending\nUndoing: It is exchanged.\n');
  t.deepEqual(questions, [
    'This puts db of shop/shop back as it was before shop-back; what was written since 2026-11-22T05:02:15Z is lost, and the workloads stop meanwhile.\nType shop/shop to go on: ',
  ]);
  const made = scene.objects['restores']?.at(-1);
  t.deepEqual(made?.['spec'], {
    source: { policyRef: { name: 'shop' }, restoreRef: { name: 'shop-back' } },
    confirmation: 'shop/shop',
  });
  t.true(restoreSpecSchema.safeParse(made?.['spec']).success);
});

test('undo --no-wait prints the name; one that is under way is taken, one that failed is not', async (t) => {
  const args = ['undo', 'restore/shop-back', '--confirm', 'shop/shop', '--no-wait'];
  const first = await play(t, args, { objects: cluster(makeRestore(restored)) });
  t.is(first.code, 0, first.stderr);
  t.is(first.stdout, 'shop-back-undo\n');
  const twice = await play(t, args, { objects: cluster(makeRestore(restored), undoes('shop-back-undo', undoing)) });
  t.is(twice.stdout, 'shop-back-undo\n');
  t.regex(twice.stderr, /^shop-back-undo undoes it already\.\n/);
  const again = await play(t, args, {
    objects: cluster(makeRestore(restored), undoes('shop-back-undo', failed('RestoreFailed', 'mv failed'))),
  });
  t.is(again.stdout, 'shop-back-undo-2\n');
});

test('undo refuses with 4 what cannot be undone or was not meant, and nothing is made', async (t) => {
  const before = (state: object) => ({ objects: cluster(makeRestore({ ...restored, undo: { ...restored.undo, ...state } as never })) });
  const args = ['undo', 'restore/shop-back'];
  const meant = [...args, '--confirm', 'shop/shop'];
  for (const [given, setting, says] of [
    [meant, before({ state: 'Undone', by: 'x' }), /Error \(NothingToUndo\): The Restore shop\/shop-back was undone by x already/],
    [meant, before({ state: 'Expired' }), /was kept until 2026-11-29T05:02:15Z and is removed/],
    [meant, { objects: cluster(makeRestore(restoring)) }, /has not ended\. Deleting it stops it/],
    [
      meant,
      { objects: cluster(makeRestore(failed('RestoreFailed', 'x'), { safetyBackup: 'Skip' })) },
      /put nothing aside \(safetyBackup: Skip\)/,
    ],
    [args, before({}), /Error \(NotConfirmed\): .* Nobody is here to ask.*\nNext: Add --confirm shop\/shop/],
    [[...args, '--confirm', 'shop'], before({}), /--confirm says "shop"\. Nothing was done\.\nNext: Add --confirm shop\/shop/],
    [args, { ...before({}), io: { ask: async () => 'shop/Shop' } }, /"shop\/Shop" was typed\. Nothing was done/],
  ] as const) {
    const { code, stderr, scene } = await play(t, [...given], setting);
    t.is(code, 4, stderr);
    t.regex(stderr, says);
    t.false(scene.requests.includes('POST restores'));
  }
  t.is((await play(t, ['undo', 'restore/absent'], { objects: cluster() })).code, 3);
  t.is((await play(t, [...meant, '--no-wait', '--timeout', '1m'], before({}))).code, 2);
});

const copies = [{ component: 'db', tier: 'cloud', place: 'safety/x/db/', bytes: 9 }];
const inTheStore = (): object =>
  makeRestore({ ...restored, undo: { ...restored.undo, method: 'Stored', copies } as RestoreStatus['undo'] });

test('what lies in the store needs an identity: that of the Restore where its Secret is there, else one that is lent and taken back', async (t) => {
  const args = ['undo', 'restore/shop-back', '--confirm', 'shop/shop'];
  const none = await play(t, args, { objects: { ...cluster(inTheStore()), secrets: [] } });
  t.is(none.code, 4, none.stderr);
  t.regex(
    none.stderr,
    /Error \(KeyUnavailable\): .* lies in the store \(tier cloud\).*\nNext: Name identity\.txt out of the safe with --identity/,
  );
  t.false(none.scene.requests.includes('POST restores'));

  const { identity } = await makeIdentity();
  const file = join(temporaryFolder('undo'), 'identity.txt');
  writeFileSync(file, `${identity}\n`);
  const lent = await play(t, [...args, '--identity', file], {
    objects: { ...cluster(inTheStore()), secrets: [] },
    with: follows(undoing, undone),
  });
  t.is(lent.code, 0, lent.stderr);
  t.like(lent.scene.objects['restores']?.at(-1)?.['spec'], {
    source: { restoreRef: { name: 'shop-back' }, identitySecretRef: { name: 'shop-back-undo-identity', key: 'identity' } },
  });
  t.true(lent.scene.requests.includes('POST secrets'));
  t.deepEqual(lent.scene.objects['secrets'], []);

  const waiting = await play(t, [...args, '--identity', file, '--no-wait'], { objects: { ...cluster(inTheStore()), secrets: [] } });
  t.is(waiting.code, 2, waiting.stderr);
  const there = { metadata: { name: 'shop-identity', namespace: 'shop' }, data: { identity: Buffer.from(identity).toString('base64') } };
  for (const [more, named] of [
    [[], undefined],
    [['--identity-secret', 'other/key'], { name: 'other', key: 'key' }],
  ] as const) {
    const { code, scene, stderr } = await play(t, [...args, ...more, '--no-wait'], {
      objects: { ...cluster(inTheStore()), secrets: items(there) },
    });
    t.is(code, 0, stderr);
    const made = scene.objects['restores']?.at(-1)?.['spec'] as { source: { identitySecretRef?: object } };
    t.deepEqual(made.source.identitySecretRef, named);
  }
});

test('an undo that fails ends with 1; names of undos always fit', async (t) => {
  const broken = await play(t, ['undo', 'restore/shop-back', '--confirm', 'shop/shop'], {
    objects: cluster(makeRestore(restored)),
    with: follows(undoing, failed('RollbackFailed', 'The folder pgdata/.holdfast-1/before is kept.')),
  });
  t.is(broken.code, 1);
  t.regex(broken.stderr, /Error \(RollbackFailed\): Failed: The folder/);
  t.is(undoName('a'.repeat(46) + '-bcdef', 1), `${'a'.repeat(46)}-undo`);
  t.is(undoName('a'.repeat(52), 9).length, 52);
  t.true(restoreName('p'.repeat(32), 0).length <= 52);
});

// Restores of the cluster in scenes: waiting for one, its plan, its approval, its way back.
import test from 'ava';
import { refusalCodes } from '../../src/core/recovery/refusal.ts';
import { isRefusal } from '../../src/commands/restores/refusals.ts';
import { awaiting, failed, makeRestore, planHash, planning, restored, restoring, succeeded } from './restore-examples.ts';
import { condition } from './examples.ts';
import { items, play, states } from './play.ts';

const resuming = {
  stage: 'Resuming',
  stageTime: '2026-11-22T05:02:01Z',
  conditions: [succeeded('Unknown', 'Resuming', 'Replicas are back.')],
};
const cluster = (...found: object[]) => ({ restores: items(...found) });

test('wait restore/x tells what is new, once, and ends with 0 and the way back when it is verified', async (t) => {
  for (const kind of ['restore', 'restores', 'hr', 'Restore.holdfast.dev']) {
    const { code, stdout, stderr, scene } = await play(t, ['wait', `${kind}/shop-back`], {
      objects: cluster(makeRestore()),
      with: (given) => states('restores', given, planning, restoring, restoring, { ...restoring, ...resuming }, restored),
    });
    t.is(code, 0, stderr);
    t.is(
      stdout,
      'Complete: restored db in data-postgres-0/pgdata up to LSN 0/3000028 on timeline 2. It took 2m 10s: the objective of 4h is met.\nUndo it until 2026-11-29T05:02:15Z: kubectl holdfast undo restore/shop-back -n shop\n',
    );
    t.is(stderr, 'Planning: The source is being checked.\nRestoring: Data is being read. · db: fetch\nResuming: Replicas are back.\n');
    t.deepEqual(scene.requests, ['GET restores/shop-back', 'WATCH restores/shop-back']);
  }
});

test('wait restore/x on a terminal shows bytes, time and what is left of the objective', async (t) => {
  const { stderr } = await play(t, ['wait', 'restore/shop-back'], {
    objects: cluster(makeRestore()),
    io: { errorTerminal: true, columns: 120, startTime: Date.parse('2026-11-22T05:02:00Z') },
    with: (given) => states('restores', given, restoring, restored),
  });
  t.true(
    stderr.startsWith('\r\u001b[K40 MB of 118 MB, 2m, RTO budget left 3h 58m  Restoring: Data is being read. · db: fetch\r\u001b[K'),
    JSON.stringify(stderr),
  );
  const late = await play(t, ['wait', 'restore/shop-back'], {
    objects: cluster(makeRestore()),
    io: { errorTerminal: true, columns: 120, startTime: Date.parse('2026-11-22T09:05:00Z') },
    with: (given) => states('restores', given, restoring, restored),
  });
  t.true(late.stderr.includes('4h 5m, RTO budget exceeded by 5m'), JSON.stringify(late.stderr));
});

test('wait restore/x ends at once: 1 where it failed or waits for somebody, 4 where it was refused, 3 where it is not there', async (t) => {
  const ends = async (...steps: object[]) =>
    play(t, ['wait', 'restore/shop-back'], {
      objects: cluster(makeRestore()),
      with: (given) => states('restores', given, ...steps),
    });
  const broken = await ends(restoring, failed('RestoreVerificationFailed', 'db: the timeline is 1, not 2.'));
  t.is(broken.code, 1);
  t.regex(broken.stderr, /Error \(RestoreVerificationFailed\): Failed: db: the timeline is 1, not 2\.\nNext: Restore another backup/);
  const refused = await ends(failed('ConnectionsActive', 'The pod shop/psql uses the claim.'));
  t.is(refused.code, 4);
  t.regex(refused.stderr, /^Error \(ConnectionsActive\): refused: The pod shop\/psql uses the claim\.\nNext: Stop what the message names/);
  const approval = await ends(awaiting);
  t.is(approval.code, 1);
  t.regex(
    approval.stderr,
    /^Error \(ApprovalRequired\): waits for approval: the plan 0123456789abcdef .*\nNext: Read it: kubectl holdfast plan restore\/shop-back -n shop\. Then: kubectl holdfast approve restore\/shop-back -n shop\n$/,
  );
  const stalled = await ends({
    phase: 'Pending',
    conditions: [
      condition('Succeeded', 'Unknown', 'PolicyMissing', 'no policy'),
      condition('Stalled', 'True', 'PolicyMissing', 'no policy'),
    ],
  });
  t.is(stalled.code, 1);
  t.regex(stalled.stderr, /^Error \(PolicyMissing\): waits for a person: no policy\n/);
  const absent = await play(t, ['wait', 'restore/absent'], { objects: cluster() });
  t.is(absent.code, 3);
  t.regex(absent.stderr, /^Error \(RestoreNotFound\): There is no Restore "absent" in the namespace "shop"/);
  const gone = await play(t, ['wait', 'restore/shop-back'], {
    objects: cluster(makeRestore(restoring)),
    with: (scene) => (scene.changes = () => [{ type: 'DELETED', object: makeRestore(restoring) }]),
  });
  t.is(gone.code, 1);
  t.regex(gone.stderr, /Error \(Deleted\): Restore shop\/shop-back was deleted while it ran/);
  const wrong = await play(t, ['wait', 'restore/x', '--for', 'rpo'], { objects: cluster() });
  t.is(wrong.code, 2);
});

test('a Restore that was approved is waited for, also before the operator has seen it', async (t) => {
  const approved = makeRestore(awaiting, { requireApproval: true, approval: { planHash, approvedBy: 'bob' } });
  const { code, stderr } = await play(t, ['wait', 'restore/shop-back'], {
    objects: cluster(approved),
    with: (given) => states('restores', given, awaiting, restored),
  });
  t.is(code, 0, stderr);
});

test('whatever the offline command refuses is a refusal of a Restore, too; what broke is none', (t) => {
  t.deepEqual(
    refusalCodes.filter((code) => !isRefusal(code)),
    [],
  );
  t.false(['RestoreFailed', 'RestoreVerificationFailed', 'RollbackFailed', 'RestoreCancelled'].some(isRefusal));
});

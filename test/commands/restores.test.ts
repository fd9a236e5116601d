// Restores of the cluster in scenes: waiting for one, its plan, its approval, its way back.
import test from 'ava';
import type { Restore } from '../../src/api/objects.ts';
import { statusPage } from '../../src/commands/status/page.ts';
import { policyReport } from '../../src/commands/status/report.ts';
import { statusTable } from '../../src/commands/status/table.ts';
import { colours } from './capture.ts';
import { completeBackup, condition, healthyPolicy, now, runningBackup } from './examples.ts';
import { refusalCodes } from '../../src/core/recovery/refusal.ts';
import { isRefusal } from '../../src/commands/restores/refusals.ts';
import { caller } from './api-server.ts';
import { awaiting, failed, makeRestore, plan, planHash, planning, planRows, restored, restoring, succeeded } from './restore-examples.ts';
import { failing, forbidden, items, play, states } from './play.ts';

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

test('what was refused before anything was changed is a refusal; what broke afterwards is none', (t) => {
  const broke = ['RestoreFailed', 'RestoreVerificationFailed', 'RollbackFailed', 'RestoreCancelled', 'InternalError'];
  t.deepEqual(
    refusalCodes.filter((code) => !isRefusal(code)),
    ['RestoreVerificationFailed', 'RollbackFailed'],
  );
  t.true(['ConfirmationMismatch', 'ManagedByController', 'ClaimExists', 'PlanChanged'].every(isRefusal));
  t.false(broke.some(isRefusal));
});

const lines = (...all: string[]): string => all.map((line) => `${line}\n`).join('');
const shownPlan = lines(
  'RESTORE     shop/shop-back, AwaitingApproval',
  'PLAN        0123456789abcdef, made at 2026-11-22T05:00:10Z',
  ...planRows,
);
const stopping = { quiesce: { workloads: [{ kind: 'Deployment', name: 'web' }] }, requireApproval: true };

test('plan restore/x shows the plan to people, and status.plan to tools; what is being planned is waited for', async (t) => {
  const { code, stdout, stderr } = await play(t, ['plan', 'restore/shop-back'], {
    objects: cluster(makeRestore(undefined, stopping)),
    with: (given) => states('restores', given, planning, awaiting),
  });
  t.is(code, 0, stderr);
  t.is(stdout, shownPlan);
  t.is(
    stderr,
    'Planning: The source is being checked.\nNothing is done until it is approved: kubectl holdfast approve restore/shop-back -n shop --plan-hash 0123456789abcdef\n',
  );
  const tools = await play(t, ['plan', 'hr/shop-back', '-o', 'json'], { objects: cluster(makeRestore(restored)) });
  t.deepEqual(JSON.parse(tools.stdout), plan);
  const spelled = await play(t, ['plan', 'show', 'restore/shop-back', '-o', 'yaml'], { objects: cluster(makeRestore(restored)) });
  t.regex(spelled.stdout, /^hash: 0123456789abcdef$/m);
});

test('plan restore/x: no plan yet is 5, a Restore that was refused is 4, an undo has none; both forms are in the help', async (t) => {
  const late = await play(t, ['plan', 'restore/shop-back', '--timeout', '10s'], {
    objects: cluster(makeRestore(planning)),
    io: { alarmSpeed: 20 },
  });
  t.is(late.code, 5);
  t.regex(late.stderr, /Error \(NoPlanYet\): There is no plan after 10s/);
  const refused = await play(t, ['plan', 'restore/shop-back'], {
    objects: cluster(makeRestore(failed('PointOutsideWindow', 'Nothing reaches it.'))),
  });
  t.is(refused.code, 4);
  t.regex(refused.stderr, /^Error \(PointOutsideWindow\)/);
  const undone = await play(t, ['plan', 'restore/shop-back'], { objects: cluster(makeRestore({ ...restored, plan: undefined })) });
  t.is(undone.code, 3);
  t.regex(undone.stderr, /^Error \(NoPlan\)/);
  const help = await play(t, ['plan', '--help']);
  t.regex(help.stdout, /^Usage: kubectl-holdfast plan restore\/<name> \[options\]\n +kubectl holdfast plan restore --from <location>/);
  const nothing = await play(t, ['plan', 'backup/x']);
  t.is(nothing.code, 2);
  t.regex(nothing.stderr, /"backup\/x" names no Restore/);
  const word = await play(t, ['plan', 'shop-back']);
  t.regex(word.stderr, /"shop-back" names no plan\.\nNext: Write `plan restore\/<name>`/);
});

test('approve shows the plan, asks, and writes its hash and who said so', async (t) => {
  const questions: string[] = [];
  const ask = async (question: string): Promise<string> => {
    questions.push(question);
    return 'yes';
  };
  const { code, stdout, stderr, scene } = await play(t, ['approve', 'restore/shop-back'], {
    objects: cluster(makeRestore(awaiting, stopping)),
    io: { ask },
  });
  t.is(code, 0, stderr);
  t.is(stdout, 'Approved the plan 0123456789abcdef of shop/shop-back.\n');
  t.true(stderr.startsWith(shownPlan));
  t.deepEqual(questions, ['This lets shop/shop-back begin.\nType yes to go on: ']);
  t.deepEqual(scene.objects['restores']?.[0]?.['spec'].approval, { planHash, approvedBy: caller });
  const again = await play(t, ['approve', 'restore/shop-back'], { objects: scene.objects });
  t.is(again.code, 0);
  t.regex(again.stdout, /was approved by alice@example\.org already/);
});

test('approve without a terminal needs the hash of the plan; whatever else is said approves nothing', async (t) => {
  const asking = () => ({ objects: cluster(makeRestore(awaiting, stopping)) });
  const given = await play(t, ['approve', 'restore/shop-back', '--plan-hash', planHash], asking());
  t.is(given.code, 0, given.stderr);
  const refusals: [string[], Partial<Parameters<typeof play>[2]>, RegExp][] = [
    [[], {}, /Error \(NotConfirmed\): .* Nobody is here to ask.*\nNext: Add --plan-hash 0123456789abcdef/],
    [['--plan-hash', 'fedcba9876543210'], {}, /Error \(PlanChanged\): The plan is 0123456789abcdef, not fedcba9876543210/],
    [[], { io: { ask: async () => '' } }, /Error \(NotConfirmed\): .* Nothing was typed/],
    [[], { io: { ask: async () => 'y' } }, /Error \(NotConfirmed\): .* "y" was typed/],
    [[], { objects: cluster(makeRestore(awaiting)) }, /Error \(NoApprovalAsked\)/],
    [[], { objects: cluster(makeRestore(restored, stopping)) }, /Error \(Ended\): .*\(Complete\)/],
  ];
  for (const [more, setting, says] of refusals) {
    const { code, stderr, scene } = await play(t, ['approve', 'restore/shop-back', ...more], { ...asking(), ...setting });
    t.is(code, 4, stderr);
    t.regex(stderr, says);
    t.false(scene.requests.some((request) => request.startsWith('PATCH')));
  }
  const nobody = await play(t, ['approve', 'restore/shop-back', '--plan-hash', planHash], {
    ...asking(),
    with: failing({ 'POST selfsubjectreviews': forbidden }),
  });
  t.is(nobody.code, 5);
  t.false(nobody.scene.requests.some((request) => request.startsWith('PATCH')));
});

const pageWith = (restores: Restore[]) =>
  statusPage(policyReport(healthyPolicy(), { backups: [completeBackup()], restores }, now), { now, wide: false, colours });

test('status shows Restores that go on, with stage, progress and time', (t) => {
  const other = { ...makeRestore(restoring, {}, 'elsewhere') };
  const text = pageWith([
    makeRestore(awaiting, {}, 'shop-asks'),
    makeRestore(restoring),
    { ...other, spec: { ...other.spec, source: { ...other.spec.source, policyRef: { name: 'another' } } } },
  ]);
  t.true(
    text.includes(
      lines(
        'Running now     nothing',
        'Restoring now   shop-asks Approving (12m 30s): The plan waits for approval.',
        '                Read its plan: kubectl holdfast plan restore/shop-asks -n shop',
        '                Then: kubectl holdfast approve restore/shop-asks -n shop',
        '                shop-back Restoring (12m 30s, in this stage 11m 30s), db: fetch 40 MB: Data is being read.',
        'Next            Full in 20h 47m, at 2026-11-23T02:00:00Z',
      ),
    ),
    text,
  );
  const leaving = makeRestore({ ...restoring, stageTime: '2026-11-22T05:10:00Z' });
  leaving.metadata.deletionTimestamp = '2026-11-22T05:12:00Z';
  // What was said in the stage before is over.
  t.true(pageWith([leaving]).includes('Restoring now   shop-back Stopping (12m 30s, in this stage 2m 30s): Data is being read.\n'));
});

test('status shows the newest Restore that has ended, and how to undo it only while that can be done', (t) => {
  const older = makeRestore({ ...failed('RestoreFailed', 'mv failed'), endTime: '2026-11-22T04:00:00Z' }, {}, 'older');
  t.true(
    pageWith([makeRestore(restored), older]).includes(
      lines(
        'Last restore    Complete 10m 15s ago: shop-back, in 2m 10s',
        '                Undo it until 2026-11-29T05:02:15Z: kubectl holdfast undo restore/shop-back -n shop',
      ),
    ),
  );
  const gone = makeRestore({ ...restored, undo: { state: 'Expired', method: 'Renamed', components: ['db'] } });
  t.false(pageWith([gone]).includes('Undo'));
  t.true(
    pageWith([older]).includes(lines('Last restore    Failed 1h 12m ago: older', '                RestoreFailed: mv failed')),
    pageWith([older]),
  );
  const reports = [policyReport(healthyPolicy(), { backups: [runningBackup()], restores: [makeRestore(restoring)] }, now)];
  t.regex(statusTable(reports, { now, wide: false, allNamespaces: false, colours }), / shop-back \(Restoring\) /);
});

test('status of somebody who may not see Restores says that, and shows the rest', async (t) => {
  const { code, stdout } = await play(t, ['status', 'shop'], { with: failing({ 'GET restores': forbidden }) });
  t.is(code, 0);
  t.regex(stdout, /^Restores +unknown: .*forbidden/m);
  t.notRegex(stdout, /^Restoring now/m);
  t.is((await play(t, ['status'], { with: failing({ 'GET restores': forbidden }) })).code, 0);
});

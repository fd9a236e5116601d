// `wait` in scenes: what ends it, with which exit code, and what is said. The same on a real API server: test/cluster/commands.test.ts.
import test from 'ava';
import type { PolicyStatus } from '../../src/api/policy.ts';
import { armed, completeBackup, condition, healthyPolicy, partialBackup, runningBackup } from './examples.ts';
import { failing, forbidden, items, play, states, statuses, unavailable } from './play.ts';

const backups = (...found: object[]) => ({ backups: items(...found), backuppolicies: items(healthyPolicy()) });
const running = runningBackup();
const target = `backup/${running.metadata.name}`;

const inCondition = (...conditions: ReturnType<typeof condition>[]): PolicyStatus => ({ ...healthyPolicy().status, conditions });
const old = (status: PolicyStatus): PolicyStatus => ({ ...status, observedGeneration: 0 });

test('wait backup/x ends with 0 when it is complete, and asks once, however long it takes', async (t) => {
  const { code, stdout, stderr, scene } = await play(t, ['wait', target], {
    objects: backups(running),
    with: (given) => statuses(given, running.status ?? {}, { ...running.status, phase: 'Verifying' }, completeBackup().status ?? {}),
  });
  t.is(code, 0, stderr);
  t.is(stdout, 'Complete: 118 MB in 2m 10s, restorable to 2026-11-22T02:00:03Z. Copies: cloud (Sealed).\n');
  t.deepEqual(stderr.split('\n'), ['Running: 0 of 2 components dumped · db: dump base.tar', 'Verifying: 0 of 2 components dumped', '']);
  t.deepEqual(scene.requests, [`GET backups/${running.metadata.name}`, `WATCH backups/${running.metadata.name}`]);
});

test('wait ends at once with 1, the reason and the remedy, when the run failed or waits for a person', async (t) => {
  const partial = await play(t, ['wait', target], {
    objects: backups(running),
    with: (scene) => statuses(scene, partialBackup().status ?? {}),
  });
  t.is(partial.code, 1);
  t.regex(partial.stderr, /^Error \(PartiallyFailed\): PartiallyFailed: stock: .*\n.*\nNext: Mend what the message names/);
  t.is(partial.stdout, '');
  const message = 'There is no BackupPolicy "shop" in this namespace. Create it, or delete this Backup.';
  const conditions = ['Stalled', 'Succeeded'].map((type, at) => condition(type, at === 0 ? 'True' : 'Unknown', 'PolicyMissing', message));
  const stalled = await play(t, ['wait', target, '--for', 'ready'], {
    objects: backups(running),
    with: (scene) => statuses(scene, { conditions }),
  });
  t.is(stalled.code, 1);
  t.is(stalled.stderr, `Error (PolicyMissing): waits for a person: ${message}\nNext: Create the policy, or delete the Backup.\n`);
});

test('wait: what is deleted, or replaced by another of its name, is 1; what was never there is 3', async (t) => {
  for (const line of [
    { type: 'DELETED', object: running },
    { type: 'ADDED', object: { ...completeBackup(), metadata: { ...running.metadata, uid: 'another' } } },
  ] as const) {
    const { code, stderr } = await play(t, ['wait', target], {
      objects: backups(running),
      with: (scene) => (scene.changes = () => [line]),
    });
    t.is(code, 1);
    t.regex(stderr, /Error \(Deleted\): Backup shop\/shop-manual-20261122051100 was deleted while it ran/);
  }
  const absent = await play(t, ['wait', 'backup/absent']);
  t.is(absent.code, 3);
  t.regex(absent.stderr, /^Error \(BackupNotFound\): There is no Backup "absent" in the namespace "shop"/);
  const policy = await play(t, ['wait', 'policy/absent']);
  t.is(policy.code, 3);
  t.regex(policy.stderr, /^Error \(PolicyNotFound\): /);
});

test('wait policy/x: ready means the newest spec, not an older one', async (t) => {
  const { code, stdout, stderr } = await play(t, ['wait', 'policy/shop'], {
    with: (scene) =>
      states(
        'backuppolicies',
        scene,
        {},
        old(inCondition(condition('Ready', 'False', 'InvalidKey', 'x'), condition('Stalled', 'True', 'InvalidKey', 'x'))),
        inCondition(armed),
      ),
  });
  t.is(code, 0, stderr);
  t.is(stdout, 'Ready is True (Armed): The policy is valid. The schedules run.\n');
  t.is(stderr, 'Ready: the operator has not looked at the newest spec yet\n');

  const wrong = inCondition(
    condition('Ready', 'False', 'InvalidKey', 'key "a" is none'),
    condition('Stalled', 'True', 'InvalidKey', 'key "a" is none'),
  );
  const stalled = await play(t, ['wait', 'hbp/shop'], { with: (scene) => states('backuppolicies', scene, {}, wrong) });
  t.is(stalled.code, 1);
  t.regex(stalled.stderr, /Error \(InvalidKey\): waits for a person: key "a" is none\nNext: Copy the public key again/);
});

test('wait policy/x --for rpo waits while it is missed; at the timeout it is 1 where that is known, 5 where it is not', async (t) => {
  const missed = condition('RPOMet', 'False', 'RestorePointTooOld', 'The newest point is 30h old; 24h are promised.');
  const met = condition('RPOMet', 'True', 'RestorePointFresh', 'The newest point is 2m old.');
  const args = ['wait', 'policy/shop', '--for', 'rpo', '--timeout', '10s'];
  const reached = await play(t, args, {
    with: (scene) => states('backuppolicies', scene, inCondition(armed, missed), inCondition(armed, met)),
  });
  t.is(reached.code, 0, reached.stderr);
  t.is(reached.stdout, 'RPOMet is True (RestorePointFresh): The newest point is 2m old.\n');

  const io = { alarmSpeed: 20 };
  const late = await play(t, args, { io, with: (scene) => states('backuppolicies', scene, inCondition(armed, missed)) });
  t.is(late.code, 1);
  t.regex(
    late.stderr,
    /Error \(RestorePointTooOld\): RPOMet is not reached in time: The newest point is 30h old.*\nNext: Mend what stops the runs/,
  );

  const stale = condition('RPOMet', 'Unknown', 'FactsStale', 'No tier was read lately.');
  const unknown = await play(t, args, { io, with: (scene) => states('backuppolicies', scene, inCondition(armed, stale)) });
  t.is(unknown.code, 5);
  t.regex(unknown.stderr, /Error \(TimedOut\): It has not ended after 10s; the BackupPolicy shop\/shop goes on/);
});

test('wait: wrong use is 2 before anything is asked, refusals are 4, a server that stays away is 5', async (t) => {
  for (const [args, says] of [
    [['shop'], /"shop" names nothing that can be waited for\.\nNext: Write backup\/<name>, restore\/<name> or policy\/<name>/],
    [['job/x'], /names nothing that can be waited for/],
    [['backup/a/b'], /names nothing that can be waited for/],
    [['backup/A'], /"A" is no name of a Backup/],
    [['backup/x', '--for', 'rpo'], /A Backup cannot be waited for with --for rpo\.\nNext: Write --for complete or --for ready/],
    [['policy/x', '--for', 'complete'], /A BackupPolicy cannot be waited for with --for complete/],
    [['policy/x', '--for', 'ever'], /'ever' is invalid/],
    [['policy/x', '--timeout', 'soon'], /"soon" is no duration/],
    [['policy/x', '-n', 'a/b'], /"a\/b" is no name of a namespace/],
  ] as const) {
    const { code, stderr, scene } = await play(t, ['wait', ...args]);
    t.is(code, 2, stderr);
    t.regex(stderr, says);
    t.deepEqual(scene.requests, []);
  }
  const denied = await play(t, ['wait', target], { objects: backups(running), with: failing({ WATCH: forbidden }) });
  t.is(denied.code, 4);
  t.regex(denied.stderr, /Error \(Forbidden\): /);
  const away = await play(t, ['wait', target], { objects: backups(running), with: failing({ 'GET ': unavailable }) });
  t.is(away.code, 5);
  t.regex(away.stderr, /asking again for a minute\.\nError \(ServiceUnavailable\)/);
  const expired = { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' } } as const;
  let asked = 0;
  const again = await play(t, ['wait', target], {
    objects: backups(running),
    with(scene) {
      scene.changes = () => (asked++ === 0 ? [expired] : [{ type: 'MODIFIED', object: { ...running, status: completeBackup().status } }]);
    },
  });
  t.is(again.code, 0, again.stderr);
});

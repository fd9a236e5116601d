// `logs` against an API server that plays a scene: pods that are there, that come, and that are gone.
import test from 'ava';
import { annotation, label } from '../../src/api/group.ts';
import type { BackupStatus } from '../../src/api/backup.ts';
import type { Item, Scene } from './api-server.ts';
import { completeBackup, condition, healthyPolicy, runningBackup } from './examples.ts';
import { failing, forbidden, items, play } from './play.ts';
import { makeRestore, restored, restoring } from './restore-examples.ts';

const pod = (name: string, verb: string, more: Record<string, string> = {}, state: object = { terminated: { exitCode: 0 } }): Item => ({
  metadata: {
    name,
    namespace: 'shop',
    uid: `uid of ${name}`,
    labels: { [label.backupId]: '20261122T020000Z-full-3f9a1c04', [label.verb]: verb, [label.attempt]: '1', ...more },
    creationTimestamp: `2026-11-22T02:0${name.length % 10}:00Z`,
  } as Item['metadata'],
  status: { containerStatuses: [{ name: 'agent', image: 'registry/agent:1', state }] },
});

const logLine = (message: string): string => JSON.stringify({ kind: 'log', level: 'info', message, time: '2026-11-22T02:00:03Z' });
const dumpPod = pod('a', 'dump', { [label.component]: 'db' });
const retriedPod = pod('bb', 'dump', { [label.component]: 'db', [label.attempt]: '2' });
const copyPod = pod('ccc', 'copy', { [label.tier]: 'cloud' }, { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } });
// Its title comes before the others in the alphabet, not in time.
const checkPod = pod('eeeee', 'check');
const inspectPod = pod('dddd', 'logs');
const logs = { a: [logLine('One'), 'not json'], bb: [logLine('Two')], eeeee: [logLine('Three')] };

test('logs of the pods, the older ones first, each with its own prefix', async (t) => {
  const objects = {
    backuppolicies: items(healthyPolicy()),
    backups: items(completeBackup()),
    pods: items(copyPod, checkPod, retriedPod, dumpPod, inspectPod),
  };
  const { code, stdout, stderr, scene } = await play(t, ['logs', 'shop-full-202611220200'], { objects, logs });
  t.is(code, 0, stderr);
  t.is(
    stdout,
    '[dump db] 2026-11-22T02:00:03Z INFO  One\n[dump db] not json\n[dump db 2] 2026-11-22T02:00:03Z INFO  Two\n[check] 2026-11-22T02:00:03Z INFO  Three\n',
  );
  t.is(stderr, '[copy cloud] ImagePullBackOff: the image registry/agent:1 cannot be had. no such image\n');
  t.false(scene.requests.some((request) => request.startsWith('PATCH')));
  const raw = await play(t, ['logs', 'shop-full-202611220200', '--component', 'db', '-o', 'json'], { objects, logs });
  t.is(raw.stdout, [logLine('One'), 'not json', logLine('Two'), ''].join('\n'));
  t.is(raw.stderr, '');
  const strange = await play(t, ['logs', 'shop-full-202611220200', '-c', 'cache'], { objects, logs });
  t.is(strange.code, 2);
  t.regex(strange.stderr, /has no component "cache"\.\nNext: It has db, stock\./);
});

test('logs --follow takes pods as they come and ends with the run', async (t) => {
  const running = runningBackup();
  const backup = { ...completeBackup(), status: {} };
  const started = { ...running.status, backupId: '20261122T020000Z-full-3f9a1c04' };
  const { code, stdout, stderr } = await play(t, ['logs', 'shop-full-202611220200', '--follow'], {
    objects: { backups: items(backup), pods: items(dumpPod) },
    logs,
    with(scene) {
      // The first reading breaks off in between: it is read again, and nothing is printed twice.
      scene.cut.add('a');
      const steps: BackupStatus[] = [{}, {}, started, started, completeBackup().status ?? {}];
      let look = 0;
      scene.intercept = (request) => {
        if (request.startsWith('GET backups/')) {
          Object.assign(scene.objects['backups']?.[0] ?? {}, { status: steps[Math.min(look, steps.length - 1)] });
          look += 1;
          if (look === 5) {
            scene.objects['pods']?.push(...items(retriedPod));
          }
        }
        return undefined;
      };
    },
  });
  t.is(code, 0, stderr);
  t.is(stdout, '[dump db] 2026-11-22T02:00:03Z INFO  One\n[dump db] not json\n[dump db 2] 2026-11-22T02:00:03Z INFO  Two\n');
  t.is(stderr, '[shop-full-202611220200] The operator has not looked at it yet.\n');
});

test('logs that may not be read are refused, also while following', async (t) => {
  const objects = { backuppolicies: items(healthyPolicy()), backups: items(completeBackup()), pods: items(dumpPod) };
  const denied = failing({ 'GET pods/a/log': forbidden });
  t.is((await play(t, ['logs', 'shop-full-202611220200'], { objects, with: denied })).code, 4);
  const running = { ...completeBackup(), status: { ...completeBackup().status, endTime: undefined } };
  t.is(
    (await play(t, ['logs', 'shop-full-202611220200', '-f'], { objects: { ...objects, backups: items(running) }, with: denied })).code,
    4,
  );
});

const storedLine = (what: string, message: string): string =>
  JSON.stringify({
    kind: 'stored-log',
    object: `logs/20261122T020000Z-full-3f9a1c04/20261122T020001Z-${what}.jsonl`,
    line: logLine(message),
  });
const result = (facts: object): string =>
  JSON.stringify({
    kind: 'result',
    time: '2026-11-22T03:00:00Z',
    verb: 'inspect',
    tier: 'local',
    outcome: 'Succeeded',
    category: 'None',
    ...facts,
  });

// The operator of the scene: each request makes a new pod, which prints what is stored.
const answersWith =
  (lines: string[], requests: string[] = []) =>
  (scene: Scene): void => {
    scene.onPatch = ({ metadata }) => {
      requests.push(metadata.annotations?.[annotation.logsRequested] ?? '');
      const name = `logs-${requests.length}`;
      scene.objects['pods'] = [...(scene.objects['pods'] ?? []), pod(name, 'logs')];
      scene.logs[name] = lines;
    };
  };

const goneObjects = () => ({ backuppolicies: items(healthyPolicy()), backups: items(completeBackup()), pods: items(inspectPod) });

test('logs from the store when the pods are gone: a Job is asked for, and an older one is not mistaken for it', async (t) => {
  const requests: string[] = [];
  const lines = [logLine('of the Job itself'), storedLine('dump-db-1', 'One'), storedLine('seal', 'Two'), result({})];
  const oldLogs = { dddd: [storedLine('dump-db-1', 'Old'), result({})] };
  const { code, stdout, stderr } = await play(t, ['logs', 'shop-full-202611220200'], {
    objects: goneObjects(),
    logs: oldLogs,
    with: answersWith(lines, requests),
  });
  t.is(code, 0, stderr);
  t.is(stdout, '[dump db] 2026-11-22T02:00:03Z INFO  One\n[seal] 2026-11-22T02:00:03Z INFO  Two\n');
  t.is(stderr, '[shop-full-202611220200] Reading the log from the store: a Job is started for that.\n');
  t.deepEqual(requests, ['2026-11-22T02:00:00.000Z']);

  const one = await play(t, ['logs', 'shop-full-202611220200', '-c', 'db', '-o', 'json'], {
    objects: goneObjects(),
    with: answersWith(lines),
  });
  t.is(one.stdout, `${logLine('One')}\n`);
  const whole = { ...goneObjects(), pods: items(dumpPod) };
  const forced = await play(t, ['logs', 'shop-full-202611220200', '--stored'], { objects: whole, logs, with: answersWith(lines) });
  t.regex(forced.stdout, /^\[seal\]/m);
});

test('a log from the store that has no end is not printed as if it were whole', async (t) => {
  const { code, stdout, stderr } = await play(t, ['logs', 'shop-full-202611220200', '--timeout', '30s'], {
    objects: goneObjects(),
    with: answersWith([storedLine('dump-db-1', 'One')]),
  });
  t.is(code, 5);
  t.is(stdout, '');
  t.regex(stderr, /Error \(TimedOut\): The store has not been read after 30s\. The pod has not ended yet\./);
});

test('logs from the store: no operator, a store that fails, no log, no policy, not started', async (t) => {
  const ask = ['logs', 'shop-full-202611220200'];
  const silent = await play(t, ask, { objects: goneObjects() });
  t.is(silent.code, 5);
  t.regex(silent.stderr, /Error \(TimedOut\): The store has not been read after 5m\. No Job was started: is the operator running\?/);

  const failed = await play(t, ask, {
    objects: goneObjects(),
    with: answersWith([result({ outcome: 'Failed', code: 'AccessDenied', message: 'The store says no.' })]),
  });
  t.is(failed.code, 5);
  t.regex(failed.stderr, /Error \(AccessDenied\): The stored log could not be read: The store says no\./);

  const none = await play(t, ask, { objects: goneObjects(), with: answersWith([result({})]) });
  t.is(none.code, 3);
  t.regex(none.stderr, /Error \(NoLog\): /);

  const orphan = await play(t, ask, { objects: { ...goneObjects(), backuppolicies: [] } });
  t.is(orphan.code, 3);
  t.regex(orphan.stderr, /Error \(PolicyNotFound\): .*says where the store is/);
  t.false(orphan.scene.requests.some((request) => request.startsWith('PATCH')));

  const queued = {
    ...completeBackup(),
    status: { conditions: [condition('Succeeded', 'Unknown', 'Queued', 'Backup "x" of the same policy runs first.')] },
  };
  const early = await play(t, ask, { objects: { backups: items(queued), pods: [] } });
  t.is(early.code, 3);
  t.regex(early.stderr, /Error \(NotStarted\): .* has not started: there is no log yet\. Backup "x" of the same policy runs first\./);
});

const restorePod = (name: string, what: string, attempt = '1', state?: object): Item =>
  pod(
    name,
    'recover',
    {
      [label.restore]: 'shop-back',
      [label.component]: 'db',
      [label.attempt]: attempt,
      'batch.kubernetes.io/job-name': `shop-1a2b3c4d-${what}-db-${attempt}`,
    },
    state,
  );

test('logs of a Restore come from its pods, each named after what it does', async (t) => {
  const objects = {
    restores: items(makeRestore(restored)),
    pods: items(restorePod('a', 'plan'), restorePod('bb', 'restore', '2'), restorePod('eeeee', 'check'), dumpPod),
  };
  const { code, stdout, stderr } = await play(t, ['logs', 'restore/shop-back'], { objects, logs });
  t.is(code, 0, stderr);
  t.is(
    stdout,
    '[plan db] 2026-11-22T02:00:03Z INFO  One\n[plan db] not json\n[restore db 2] 2026-11-22T02:00:03Z INFO  Two\n[check db] 2026-11-22T02:00:03Z INFO  Three\n',
  );
  const none = await play(t, ['logs', 'hr/shop-back'], { objects: { ...objects, pods: [] } });
  t.is(none.code, 3);
  t.regex(none.stderr, /Error \(NoLog\): There is no pod of the Restore shop\/shop-back any more/);
  t.is((await play(t, ['logs', 'restore/absent'], { objects })).code, 3);
  t.is((await play(t, ['logs', 'restore/shop-back', '-c', 'cache'], { objects })).code, 2);
  t.is((await play(t, ['logs', 'restore/shop-back', '--stored'], { objects })).code, 2);
  t.is((await play(t, ['logs', 'policy/shop'], { objects })).code, 2);
});

test('logs restore/x --follow takes pods as they come and ends with the Restore', async (t) => {
  const { code, stdout, stderr } = await play(t, ['logs', 'restore/shop-back', '-f'], {
    objects: { restores: items(makeRestore({})), pods: [] },
    logs,
    with(scene) {
      const steps = [{}, {}, restoring, restoring, restored];
      let look = 0;
      scene.intercept = (request) => {
        if (request.startsWith('GET restores/')) {
          Object.assign(scene.objects['restores']?.[0] ?? {}, { status: steps[Math.min(look, steps.length - 1)] });
          look += 1;
          if (look === 3) {
            scene.objects['pods']?.push(...items(restorePod('a', 'restore')));
          }
        }
        return undefined;
      };
    },
  });
  t.is(code, 0, stderr);
  t.is(stdout, '[restore db] 2026-11-22T02:00:03Z INFO  One\n[restore db] not json\n');
  t.is(stderr, '[shop-back] The operator has not looked at it yet.\n');
});

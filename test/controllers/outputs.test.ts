// Following what pods print, on the real cluster: through cuts, refusals and ends of every kind.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { V1Pod } from '@kubernetes/client-node';
import { createOutputs } from '../../src/controllers/jobs/outputs.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { createReflector } from '../../src/kube/reflector.ts';
import { pods } from '../../src/kube/resource.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { mustKubectl, root } from '../cluster/kubectl.ts';
import { dropNamespace, eventually, freshNamespace, sleep, throughProxy } from '../kube/on-server.ts';

const namespace = 'holdfast-test-outputs';
const quiet = createLog(() => undefined);
const image = (JSON.parse(readFileSync(join(root, '.cluster/images.json'), 'utf8')) as Record<string, string>)['agent-17'];

test.before(() => freshNamespace(namespace));
test.after.always(() => dropNamespace(namespace));

const progress = (bytes: number): string => JSON.stringify({ kind: 'progress', time: '2026-11-22T02:00:00Z', phase: 'read', bytes });
const entry = (backupId: string): string =>
  JSON.stringify({
    kind: 'entry',
    tier: 'local',
    backupId,
    type: 'Full',
    slot: '2026-11-22T02:00:00Z',
    verdict: 'Passed',
    bytes: 1,
    seconds: 1,
    components: [],
    failed: [],
  });
const result = (backups: number): string =>
  JSON.stringify({
    kind: 'result',
    time: '2026-11-22T02:00:00Z',
    outcome: 'Succeeded',
    category: 'None',
    verb: 'inspect',
    tier: 'local',
    backups,
    refused: 0,
  });
const withWal = (wal: object): string => JSON.stringify({ ...(JSON.parse(result(0)) as object), wal });
const say = (...lines: string[]): string => lines.map((line) => `echo '${line}'`).join('\n');

// A pod that runs a script, followed as the operator would. `told` says what was told so far.
const followed = async (t: ExecutionContext, name: string, script: string) => {
  const { proxy, client } = await throughProxy(t);
  const stop = new AbortController();
  const seen = createReflector<V1Pod & KubeObject>({ client, resource: pods, log: quiet, namespace });
  const run = seen.run(stop.signal);
  const outputs = createOutputs(client, quiet);
  t.teardown(async () => {
    stop.abort();
    await run;
    await outputs.close();
  });
  await client.create(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'agent', image, command: ['bash', '-c', script] }],
    },
  } as KubeObject);
  const stateNow = () => seen.cache.get({ namespace, name })?.status?.containerStatuses?.[0]?.state;
  await eventually('the pod has started', () => stateNow()?.running !== undefined || stateNow()?.terminated !== undefined, 60);
  const told = { progress: 0, end: 0 };
  const hasEnded = (): boolean => seen.cache.get({ namespace, name }) === undefined || stateNow()?.terminated !== undefined;
  const follow = (): void =>
    outputs.follow({ jobUid: name, namespace, name, hasEnded }, { onProgress: () => (told.progress += 1), onEnd: () => (told.end += 1) });
  const requests = (): number => proxy.seen.filter(({ path }) => path.endsWith('/log')).length;
  return { proxy, outputs, told, follow, requests, of: () => outputs.of(name), hasEnded };
};

test('progress is told as it comes, and everything once the result is there', async (t) => {
  const pod = await followed(
    t,
    'talks',
    `${say(progress(1))}\nsleep 3\n${say(progress(2), entry('a'), 'a plain line', entry('b'), result(2))}`,
  );
  pod.follow();
  pod.follow();
  await eventually('the first progress is there', () => pod.of()?.progress?.bytes === 1);
  t.false(pod.hasEnded(), 'long before the end');
  t.is(pod.of()?.complete, false);
  await eventually('it is complete', () => pod.of()?.complete === true, 30);
  t.deepEqual(
    pod.of()?.entries.map(({ backupId }) => backupId),
    ['a', 'b'],
  );
  t.like(pod.of(), { entriesComplete: true, progress: { bytes: 2 }, result: { verb: 'inspect', backups: 2 } });
  t.deepEqual(pod.told, { progress: 2, end: 1 });
  t.is(pod.requests(), 1, 'asked for once, however often it was told to follow');
});

test('a log that is cut is read again from its beginning, and nothing counts twice', async (t) => {
  const pod = await followed(t, 'cut', `${say(progress(1), entry('a'))}\nsleep 5\n${say(entry('b'), result(2))}`);
  pod.follow();
  await eventually('the first progress is there', () => pod.of()?.progress !== undefined);
  pod.proxy.cut();
  await eventually('it is complete', () => pod.of()?.complete === true, 30);
  t.deepEqual(
    pod.of()?.entries.map(({ backupId }) => backupId),
    ['a', 'b'],
  );
  t.true(pod.of()?.entriesComplete);
  t.true(pod.requests() >= 2);
});

test('entries that are missing make no whole catalogue', async (t) => {
  const pod = await followed(t, 'missing', say(entry('a'), result(2)));
  pod.follow();
  await eventually('it is complete', () => pod.of()?.complete === true, 30);
  t.like(pod.of(), { entriesComplete: false, result: { backups: 2 } });
});

test('what WAL leads to is known once there is a line for each component, and was not refused', async (t) => {
  const window = JSON.stringify({ kind: 'window', tier: 'local', component: 'db', intervals: [], gaps: [] });
  const refused = { verdict: 'Inconclusive', code: 'StoreUnavailable', message: 'It went away.' };
  for (const [name, script, count] of [
    ['window', say(window, withWal({ components: 1 })), 1],
    ['no-window', say(withWal({ components: 1 })), undefined],
    ['no-wal', say(withWal({ components: 0 })), 0],
    ['wal-refused', say(withWal({ components: 0, refused })), undefined],
  ] as const) {
    const pod = await followed(t, name, script);
    pod.follow();
    await eventually('it is complete', () => pod.of()?.complete === true, 30);
    t.is(pod.of()?.windows?.length, count, name);
  }
});

test('a pod that ends and says nothing has no result', async (t) => {
  const pod = await followed(t, 'silent', 'exit 0');
  pod.follow();
  await eventually('it is complete', () => pod.of()?.complete === true, 30);
  t.deepEqual([pod.of()?.result, pod.of()?.entriesComplete, pod.told.end], [undefined, false, 1]);
});

test('lines without end and lines that lie are passed over', async (t) => {
  const lies = [`${result(1)}x`, result(1).replace('"inspect"', '"burn"'), '{"kind":"result"}'];
  const pod = await followed(t, 'noise', `head -c 3000000 /dev/zero | tr '\\0' x; echo\n${say(...lies, entry('a'), result(1))}`);
  pod.follow();
  await eventually('it is complete', () => pod.of()?.complete === true, 30);
  t.like(pod.of(), { entriesComplete: true, result: { backups: 1 } });
});

test('a pod that is deleted under it ends the following', async (t) => {
  const pod = await followed(t, 'deleted', `${say(progress(1))}\nsleep 600`);
  pod.follow();
  await eventually('the first progress is there', () => pod.of()?.progress !== undefined);
  await mustKubectl(['delete', 'pod', 'deleted', '--namespace', namespace, '--wait=false']);
  await eventually('it is complete', () => pod.of()?.complete === true, 30);
  t.is(pod.of()?.result, undefined);
});

test('while the log cannot be had it is asked for ever more seldom, and read once it can', async (t) => {
  const pod = await followed(t, 'refused', `${say(progress(7))}\nsleep 600`);
  pod.proxy.answerBy(({ path }) => (path.endsWith('/log') ? { status: 500, body: {} } : undefined));
  pod.follow();
  await sleep(5000);
  t.true(pod.requests() >= 2 && pod.requests() <= 5, `${pod.requests()} requests in five seconds`);
  await eventually('it asked a sixth time', () => pod.requests() >= 6, 60);
  t.is(pod.of()?.complete, false, 'a container that runs is not given up');
  pod.proxy.answerBy(() => undefined);
  await eventually('the progress is there', () => pod.of()?.progress?.bytes === 7, 40);
});

test('closed or forgotten, nothing is open and nothing is told any more', async (t) => {
  const pod = await followed(t, 'closed', `${say(progress(1))}\nsleep 600`);
  const logsOpen = (): boolean => pod.proxy.open() > 1;
  pod.follow();
  await eventually('the first progress is there', () => pod.of()?.progress !== undefined);
  t.true(logsOpen());
  pod.outputs.forget('closed');
  t.is(pod.of(), undefined);
  await eventually('nothing is open but the watch', () => !logsOpen());
  pod.follow();
  await eventually('it is followed again', logsOpen);
  await pod.outputs.close();
  await eventually('nothing is open but the watch', () => !logsOpen());
  t.is(pod.told.end, 0);
});

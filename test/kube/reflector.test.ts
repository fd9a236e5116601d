// The reflector on the real API server, through a proxy that cuts, silences, refuses and lies.
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { KubeClient } from '../../src/kube/client.ts';
import { hasReason } from '../../src/kube/errors.ts';
import { createReflector } from '../../src/kube/reflector.ts';
import type { ReflectorSettings } from '../../src/kube/reflector.ts';
import type { Resource } from '../../src/kube/resource.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { kubectl, mustKubectl } from '../cluster/kubectl.ts';
import {
  configMap as makeConfigMap,
  configMaps,
  dropNamespace,
  eventually,
  freshNamespace,
  labelOf,
  sleep,
  throughProxy,
} from './on-server.ts';
import type { ConfigMap } from './on-server.ts';
import type { ApiProxy } from './proxy.ts';

const namespace = 'holdfast-test-reflector';
const quiet = createLog(() => undefined);
// Of a kind that is younger than the cluster the first version is too old for a watch.
const probes: Resource = { group: 'test.holdfast.dev', version: 'v1', plural: 'probes', kind: 'Probe' };
const probeKind = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'probes.test.holdfast.dev' },
  spec: {
    group: probes.group,
    scope: 'Namespaced',
    names: { plural: probes.plural, singular: 'probe', kind: probes.kind, listKind: 'ProbeList' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
};

test.before(async () => {
  await freshNamespace(namespace);
  await mustKubectl(['delete', 'customresourcedefinition', 'probes.test.holdfast.dev', '--ignore-not-found', '--wait', '--timeout=60s']);
  await mustKubectl(['apply', '-f', '-'], JSON.stringify(probeKind));
  await mustKubectl(['wait', '--for=condition=Established', '--timeout=60s', 'customresourcedefinition/probes.test.holdfast.dev']);
  // Its watch cache is filled a little later.
  const path = '/apis/test.holdfast.dev/v1/probes?watch=1&resourceVersion=1&timeoutSeconds=1';
  await eventually('the kind can be watched', async () => {
    const { stdout, stderr } = await kubectl(['get', '--raw', path]);
    return `${stdout}${stderr}`.includes('too old');
  });
});
test.after.always(async () => {
  await kubectl(['delete', 'customresourcedefinition', 'probes.test.holdfast.dev', '--ignore-not-found', '--wait=false']);
  await dropNamespace(namespace);
});

const configMap = (name: string, group: string) => makeConfigMap(namespace, name, group);
const refTo = (name: string) => ({ namespace, name });
const patience: Partial<ReflectorSettings> = {
  idleMilliseconds: 60_000,
  watchSeconds: { least: 60, most: 60 },
  shortWatchMilliseconds: 300,
  backoff: { firstMilliseconds: 50, mostMilliseconds: 400 },
};

// A reflector of the ConfigMaps of one test.
const reflect = async (
  t: ExecutionContext,
  client: KubeClient,
  group: string,
  settings: Partial<ReflectorSettings> = {},
  resource = configMaps,
) => {
  const stop = new AbortController();
  const reflector = createReflector<ConfigMap>({
    client,
    resource,
    log: quiet,
    namespace,
    labelSelector: `holdfast.dev/test=${group}`,
    settings: { ...patience, ...settings },
  });
  const run = reflector.run(stop.signal);
  const end = async (): Promise<void> => {
    stop.abort();
    await run;
  };
  t.teardown(end);
  await reflector.synced;
  const names = (): string =>
    reflector.cache
      .all()
      .map(({ metadata }) => metadata?.name ?? '')
      .toSorted((a, b) => a.localeCompare(b))
      .join(' ');
  return { ...reflector, names, end, stop };
};

// The reflector's watch is open.
const watching = (proxy: ApiProxy, times = 1): Promise<void> =>
  eventually('a watch is open', () => proxy.asked('/configmaps', true).length >= times && proxy.open() > 0);

test('watch: what is added, changed and deleted arrives, and only what was selected', async (t) => {
  const { proxy, client } = await throughProxy(t);
  await client.create(configMaps, configMap('first', 'watch'));
  const { names, counts, cache } = await reflect(t, client, 'watch');
  t.is(names(), 'first');
  await watching(proxy);
  await client.create(configMaps, configMap('second', 'watch'));
  await client.create(configMaps, configMap('stranger', 'other'));
  await client.patch(configMaps, refTo('first'), { data: { a: '1' } });
  await eventually('the change is seen', () => cache.get(refTo('first'))?.data?.['a'] === '1');
  t.is(names(), 'first second');
  await client.delete(configMaps, refTo('second'));
  await eventually('the deletion is seen', () => names() === 'first');
  t.like(counts, { lists: 1, watches: 1, missed: 0, failures: 0 });
});

test('watch: bookmarks carry it on while nothing of ours changes', async (t) => {
  const { proxy, client } = await throughProxy(t);
  // The API server sends one shortly before it ends a watch.
  const { counts } = await reflect(t, client, 'bookmarks', { watchSeconds: { least: 5, most: 5 } });
  await watching(proxy);
  await client.create(configMaps, configMap('elsewhere', 'not-bookmarks'));
  await watching(proxy, 2);
  const [first, second] = proxy.asked('/configmaps', true).map(({ query }) => Number(query.get('resourceVersion')));
  t.true((second ?? 0) > (first ?? Infinity), `it went on from ${second} after ${first}`);
  t.is(counts.lists, 1);
});

const probe = (name: string, group: string) => ({
  apiVersion: 'test.holdfast.dev/v1',
  kind: 'Probe',
  metadata: { name, namespace, labels: labelOf(group) },
});

test('watch: a version that is too old is Expired, and a new list follows at once', async (t) => {
  const { proxy, client } = await throughProxy(t);
  const options = { namespace, resourceVersion: '1', timeoutSeconds: 5, idleMilliseconds: 5000 };
  const error = await t.throwsAsync(client.watch(probes, options).next());
  t.true(hasReason(error, 'Expired'), String(error));

  let times = 0;
  proxy.rewriteBy(({ query }) => {
    times += query.has('watch') ? 1 : 0;
    query.set('resourceVersion', times === 1 && query.has('watch') ? '1' : (query.get('resourceVersion') ?? ''));
  });
  const { names, counts } = await reflect(t, client, 'expired', {}, probes);
  await eventually('it listed again', () => counts.lists === 2);
  await client.create(probes, probe('after', 'expired'));
  await eventually('it goes on', () => names() === 'after');
  t.is(counts.lists, 2);
});

test('watch: lists that no watch can go on from do not follow one another without a pause', async (t) => {
  const { proxy, client } = await throughProxy(t);
  proxy.rewriteBy(({ query }) => (query.has('watch') ? query.set('resourceVersion', '1') : undefined));
  const { counts } = await reflect(t, client, 'storm', { backoff: { firstMilliseconds: 600, mostMilliseconds: 4000 } }, probes);
  await eventually('the fourth list', () => counts.lists >= 4, 60);
  const [first, , , fourth] = proxy.asked('/probes', false).map(({ time }) => time);
  // 600, 1200 and 2400 milliseconds lie between them.
  t.true((fourth ?? 0) - (first ?? 0) >= 4100);
});

test('watch cut: it goes on from where it had come to, without a list', async (t) => {
  const { proxy, client } = await throughProxy(t);
  const { names, counts, cache } = await reflect(t, client, 'cut');
  await watching(proxy);
  await client.create(configMaps, configMap('before', 'cut'));
  await eventually('the first one is there', () => names() === 'before');
  const reached = cache.get(refTo('before'))?.metadata?.resourceVersion;
  const told: string[] = [];
  cache.onChange(({ type, object }) => told.push(`${type} ${object.metadata?.name}`));
  proxy.cut();
  await client.create(configMaps, configMap('after', 'cut')).catch(() => client.create(configMaps, configMap('after', 'cut')));
  await eventually('what came after the cut is there', () => names() === 'after before');
  const second = proxy.asked('/configmaps', true)[1];
  t.is(second?.query.get('resourceVersion'), reached);
  t.like(counts, { lists: 1, missed: 0 });
  t.deepEqual(told, ['added after'], 'what was known already is not told again');
});

test('watch refused: however long nobody answers, it goes on without a list', async (t) => {
  const { proxy, client } = await throughProxy(t);
  const { names, counts } = await reflect(t, client, 'refused', {
    failuresToRelist: 2,
    backoff: { firstMilliseconds: 50, mostMilliseconds: 200 },
  });
  await watching(proxy);
  await proxy.refuse();
  await mustKubectl(['create', 'configmap', 'meanwhile', '--namespace', namespace]);
  await mustKubectl(['label', 'configmap', 'meanwhile', '--namespace', namespace, 'holdfast.dev/test=refused']);
  await eventually('it tried several times', () => counts.failures >= 4);
  await proxy.accept();
  await eventually('what came meanwhile is there', () => names() === 'meanwhile');
  t.is(counts.lists, 1);
});

test('watch silent: it is cut when nothing comes for too long, and goes on', async (t) => {
  const { proxy, client } = await throughProxy(t);
  const { names, counts, life } = await reflect(t, client, 'silent', { idleMilliseconds: 2000 });
  await watching(proxy);
  proxy.silence();
  await client.create(configMaps, configMap('unheard', 'silent'));
  await sleep(500);
  t.is(names(), '', 'the proxy really is silent');
  t.true(life().silentMilliseconds > 450 && !life().refused, 'nothing is heard');
  await eventually('it is heard all the same', () => names() === 'unheard', 8);
  t.true(life().silentMilliseconds < 2000);
  t.like(counts, { lists: 1, missed: 0 });
  t.true(proxy.open() <= 1, 'the silent request is gone');
});

test('watch that lies: the next list finds what it kept back, and counts it', async (t) => {
  const { proxy, client } = await throughProxy(t);
  await Promise.all(['one', 'two', 'three'].map((name) => client.create(configMaps, configMap(`lie-${name}`, 'lies'))));
  proxy.keepLines((line) => !/"type":"DELETED".*"lie-one"|"type":"MODIFIED".*"lie-two"/.test(line));
  const { names, counts, cache } = await reflect(t, client, 'lies', { relistMilliseconds: 3000, watchSeconds: { least: 1, most: 1 } });
  await watching(proxy);
  await client.delete(configMaps, refTo('lie-one'));
  await client.patch(configMaps, refTo('lie-two'), { data: { a: '1' } });
  // Heard: it moves the version on, past what was kept back.
  await client.create(configMaps, configMap('lie-four', 'lies'));
  await eventually('the honest event is there', () => names().includes('lie-four'));
  t.true(names().includes('lie-one'), 'the proxy really lies');
  await eventually('the list found it', () => counts.lists >= 2);
  t.is(names(), 'lie-four lie-three lie-two');
  t.is(cache.get(refTo('lie-two'))?.data?.['a'], '1');
  t.is(counts.missed, 2);
});

test('stop: no request is open after it, wherever it comes', async (t) => {
  const { proxy, client } = await throughProxy(t);
  const watched = await reflect(t, client, 'stop');
  await watching(proxy);
  const stopped = performance.now();
  await watched.end();
  await eventually('nothing is open', () => proxy.open() === 0, 2);
  t.true(performance.now() - stopped < 5000, 'it does not wait for the watch to end by itself');

  // While it waits to try again.
  const again = await reflect(t, client, 'stop', { backoff: { firstMilliseconds: 60_000, mostMilliseconds: 60_000 } });
  await watching(proxy, 2);
  proxy.answerBy(() => ({ status: 500, body: {} }));
  proxy.cut();
  await eventually('the watch is lost', () => again.counts.failures > 0);
  t.false(again.life().refused, 'an error of the server is no refusal');
  const start = performance.now();
  await again.end();
  t.true(performance.now() - start < 10_000, 'it does not wait for its pause');
  const asked = proxy.seen.length;
  await sleep(500);
  t.is(proxy.seen.length, asked, 'and asks for nothing any more');

  // While the list is on its way.
  const slow = new AbortController();
  const reflector = createReflector<ConfigMap>({ client, resource: configMaps, log: quiet, namespace });
  const run = reflector.run(slow.signal);
  slow.abort();
  await run;
  t.is(proxy.open(), 0);
});

test('too many requests: lists and watches wait as long as the API server wants', async (t) => {
  const { proxy, client } = await throughProxy(t);
  const tooMany = { status: 429, headers: { 'retry-after': '1' }, body: { kind: 'Status', reason: 'TooManyRequests', code: 429 } };
  const down = { status: 503, body: { kind: 'Status', reason: 'ServiceUnavailable', code: 503, details: { retryAfterSeconds: 1 } } };
  proxy.answerBy((_, count) => (count === 1 || count === 3 ? (count === 1 ? tooMany : down) : undefined));
  const { counts } = await reflect(t, client, 'busy', { backoff: { firstMilliseconds: 10, mostMilliseconds: 20 } });
  await eventually('the watch is open', () => proxy.seen.length >= 4);
  const [refusedList, list, refusedWatch, watch] = proxy.seen.map(({ time }) => time);
  t.true((list ?? 0) - (refusedList ?? 0) >= 990, 'the list waited');
  t.true((watch ?? 0) - (refusedWatch ?? 0) >= 990, 'the watch waited');
  t.is(counts.lists, 1);
});

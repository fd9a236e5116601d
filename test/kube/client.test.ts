// The client on the real API server, through a proxy that counts, refuses and answers in its place.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { createClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connection.ts';
import { hasReason, KubeError } from '../../src/kube/errors.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { namespaces } from '../../src/kube/resource.ts';
import type { Resource } from '../../src/kube/resource.ts';
import type { RequestSeen } from '../../src/kube/transport.ts';
import { mustKubectl } from '../cluster/kubectl.ts';
import { configMap as makeConfigMap, configMaps, dropNamespace, freshNamespace, sleep, throughProxy } from './on-server.ts';
import type { ConfigMap } from './on-server.ts';
import { startProxy } from './proxy.ts';

const namespace = 'holdfast-test-kube';
const leases: Resource = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', kind: 'Lease' };

test.before(() => freshNamespace(namespace));
test.after.always(() => dropNamespace(namespace));

const configMap = (name: string, group: string) => makeConfigMap(namespace, name, group);
const refTo = (name: string) => ({ namespace, name });

test('list: page by page, and all pages are one snapshot', async (t) => {
  const { proxy, client } = await throughProxy(t);
  const names = Array.from({ length: 7 }, (_, at) => `page-${at}`);
  await Promise.all(names.map((name) => client.create(configMaps, configMap(name, 'pages'))));
  const sizes: number[] = [];
  const versions = new Set<string>();
  const found: (string | undefined)[] = [];
  for await (const page of client.list<ConfigMap>(configMaps, { namespace, labelSelector: 'holdfast.dev/test=pages', pageSize: 3 })) {
    sizes.push(page.items.length);
    versions.add(page.resourceVersion);
    found.push(...page.items.map(({ metadata }) => metadata?.name));
    await client.create(configMaps, configMap(`late-${sizes.length}`, 'pages'));
  }
  t.deepEqual([sizes, found, versions.size], [[3, 3, 1], names, 1]);
  t.deepEqual(
    proxy.asked('/configmaps', false).flatMap(({ method, query }) => (method === 'GET' ? [query.get('limit')] : [])),
    ['3', '3', '3'],
  );
});

test('create: a taken name is AlreadyExists; a change on an old version is Conflict', async (t) => {
  const { client } = await throughProxy(t);
  const made = await client.create(configMaps, configMap('taken', 'conflict'));
  const taken = await t.throwsAsync(client.create(configMaps, configMap('taken', 'conflict')));
  t.true(hasReason(taken, 'AlreadyExists'));
  const { resourceVersion = '' } = made.metadata ?? {};
  await client.patch(configMaps, refTo('taken'), { data: { a: '1' } }, { resourceVersion });
  const old = await t.throwsAsync(client.patch(configMaps, refTo('taken'), { data: { a: '2' } }, { resourceVersion }));
  t.true(hasReason(old, 'Conflict'));
  t.is((await client.get<ConfigMap>(configMaps, refTo('taken')))?.data?.['a'], '1');
  t.like(taken, { status: 409 });
  t.like(old, { status: 409 });
});

test('get: what is not there is undefined; a path that is not there is an error', async (t) => {
  const { client } = await throughProxy(t);
  t.is(await client.get(configMaps, refTo('nothing')), undefined);
  const nowhere = { group: 'nowhere.example', version: 'v1', plural: 'things', kind: 'Thing' };
  t.true(hasReason(await t.throwsAsync(client.get(nowhere, refTo('nothing'))), 'UnknownPath'));
});

test('delete: only the object that was meant; gone already is as good', async (t) => {
  const { client } = await throughProxy(t);
  const made = await client.create(configMaps, configMap('meant', 'delete'));
  await client.delete(configMaps, refTo('meant'), { uid: '00000000-0000-0000-0000-000000000000' });
  t.not(await client.get(configMaps, refTo('meant')), undefined, 'another one under the same name stays');
  await client.delete(configMaps, refTo('meant'), { uid: made.metadata?.uid ?? '' });
  t.is(await client.get(configMaps, refTo('meant')), undefined);
  await client.delete(configMaps, refTo('meant'), { uid: made.metadata?.uid ?? '' });
});

test('one pool: many requests at once and after one another share their connections', async (t) => {
  const { proxy, client } = await throughProxy(t);
  const burst = (): Promise<unknown> => Promise.all(Array.from({ length: 8 }, () => client.get(configMaps, refTo('kube-root-ca.crt'))));
  await burst();
  await burst();
  // One that is just being given back may be taken for busy.
  t.true(proxy.connections() < 12, `${proxy.connections()} connections for twice 8 requests at once`);
  const before = proxy.connections();
  for (let round = 0; round < 50; round += 1) {
    await client.get(configMaps, refTo('kube-root-ca.crt'));
  }
  t.is(proxy.connections(), before, '50 requests one after the other need no new one');
  await sleep(11_000);
  await client.get(configMaps, refTo('kube-root-ca.crt'));
  t.is(proxy.connections(), before, 'neither does a renewal of a Lease');
});

test('a token that is refused once is read again; a second refusal is an error', async (t) => {
  const proxy = await startProxy();
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-token-'));
  const tokenFile = join(directory, 'token');
  const client = createClient(connect(proxy.config({ authProvider: { name: 'tokenFile', config: { tokenFile } } })));
  t.teardown(async () => {
    await client.close();
    await proxy.close();
    await rm(directory, { recursive: true });
  });
  await mustKubectl(['create', 'serviceaccount', 'reader', '--namespace', namespace]);
  await mustKubectl(['create', 'role', 'reader', '--namespace', namespace, '--verb=get', '--resource=configmaps']);
  await mustKubectl(['create', 'rolebinding', 'reader', '--namespace', namespace, '--role=reader', `--serviceaccount=${namespace}:reader`]);
  const token = await mustKubectl(['create', 'token', 'reader', '--namespace', namespace]);

  await writeFile(tokenFile, 'refused-token');
  const refused = await t.throwsAsync(client.get(configMaps, refTo('kube-root-ca.crt')));
  t.true(hasReason(refused, 'Unauthorized'));
  t.false(String(refused).includes('refused-token'), 'no token in a message');
  // With a newline at its end, as people write files.
  await writeFile(tokenFile, `${token.trim()}\n`);
  t.not(await client.get(configMaps, refTo('kube-root-ca.crt')), undefined);
  t.deepEqual(
    proxy.seen.map(({ authorization }) => authorization === 'Bearer refused-token'),
    [true, true, true, false],
  );
  await client.get(configMaps, refTo('kube-root-ca.crt'));
  t.is(proxy.seen.length, 5, 'the new one is kept');
});

test('no answer: a request ends by itself and says so', async (t) => {
  const { proxy, client } = await throughProxy(t);
  await client.get(namespaces, { name: namespace });
  await proxy.refuse();
  const refused = await t.throwsAsync(client.get(namespaces, { name: namespace }));
  t.true(hasReason(refused, 'Unreachable'));
  t.regex(String(refused), /Could not get Namespace holdfast-test-kube: the API server did not answer/);
});

test('leases are written with a precondition like anything else', async (t) => {
  const { client } = await throughProxy(t);
  const lease = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'lease', namespace },
    spec: { holderIdentity: 'a' },
  };
  const made = await client.create<KubeObject>(leases, lease);
  const { resourceVersion = '' } = made.metadata ?? {};
  const outcomes = await Promise.allSettled(
    ['b', 'c'].map((holderIdentity) => client.patch(leases, refTo('lease'), { spec: { holderIdentity } }, { resourceVersion })),
  );
  t.deepEqual(outcomes.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'], 'of two at once one wins');
});

test('every request is told of, by verb, resource and status; what could not be sent or was called off is no answer', async (t) => {
  const proxy = await startProxy();
  const seen: RequestSeen[] = [];
  const client = createClient(connect(proxy.config()), { onRequest: (one) => seen.push(one) });
  t.teardown(() => client.close());
  await client.create(configMaps, configMap('counted', 'counts'));
  await client.get(configMaps, refTo('counted'));
  await client.get(configMaps, refTo('nothing'));
  await client.patch(leases, refTo('nothing'), {}, { subresource: 'status' }).catch(() => undefined);
  await client.delete(configMaps, refTo('counted'));
  for await (const _ of client.list(configMaps, { namespace, pageSize: 1, labelSelector: 'holdfast.dev/test=counts' })) {
    break;
  }
  const stop = new AbortController();
  const watch = client.watch(configMaps, {
    namespace,
    resourceVersion: '',
    timeoutSeconds: 5,
    idleMilliseconds: 5000,
    signal: stop.signal,
  });
  await t.throwsAsync(async () => {
    for await (const _ of watch) {
      stop.abort();
    }
  });
  await proxy.close();
  await t.throwsAsync(client.get(configMaps, refTo('nothing')));
  await t.throwsAsync(client.get(configMaps, refTo('nothing'), { signal: stop.signal }));
  t.deepEqual(
    seen.map(({ verb, resource, status }) => `${verb} ${resource} ${status}`),
    [
      'create configmaps 201',
      'get configmaps 200',
      'get configmaps 404',
      'patch leases/status 404',
      'delete configmaps 200',
      'list configmaps 200',
      'watch configmaps 200',
      'get configmaps 0',
    ],
  );
  t.true(seen.every(({ seconds }) => seconds > 0 && seconds < 30));
});

test('a write that may not be made any more is not sent, however late that is known; reading goes on', async (t) => {
  const proxy = await startProxy();
  let refused = false;
  const refuse = (): void => {
    if (refused) {
      throw new KubeError({ status: 0, reason: 'NotLeader', message: 'Not now' });
    }
  };
  const connection = connect(proxy.config());
  const client = createClient(connection, { beforeWrite: refuse });
  t.teardown(async () => {
    await client.close();
    await proxy.close();
  });
  const made = await client.create(configMaps, configMap('fenced', 'fence'));
  // Allowed when it is asked for, refused when the new connection stands.
  proxy.cut();
  await sleep(100);
  const late = client.patch(configMaps, refTo('fenced'), { data: { a: '1' } });
  await new Promise((resolve) => void setImmediate(resolve));
  refused = true;
  t.true(hasReason(await t.throwsAsync(late), 'NotLeader'));
  for (const write of [
    () => client.create(configMaps, configMap('never', 'fence')),
    () => client.patch(configMaps, refTo('fenced'), { data: { a: '1' } }),
    () => client.delete(configMaps, refTo('fenced')),
  ]) {
    t.true(hasReason(await t.throwsAsync(write()), 'NotLeader'));
  }
  t.is((await client.get<ConfigMap>(configMaps, refTo('fenced')))?.metadata?.resourceVersion, made.metadata?.resourceVersion);
  t.is(proxy.seen.filter(({ method }) => method !== 'GET').length, 1);
  refused = false;
  await client.patch(configMaps, refTo('fenced'), { data: { a: '2' } });
  t.is((await client.get<ConfigMap>(configMaps, refTo('fenced')))?.data?.['a'], '2');
});

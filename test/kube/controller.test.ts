// Controllers: what they look at, and when.
import test from 'ava';
import { createCache } from '../../src/kube/cache.ts';
import { createController, sourceOf } from '../../src/kube/controller.ts';
import { KubeError } from '../../src/kube/errors.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { virtualQueue } from './virtual-queue.ts';

const quiet = createLog(() => undefined);
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

test('controller: a failure is tried again, no sooner than the API server wants; an abort lets work end and starts none', async (t) => {
  const { queue, clock } = virtualQueue();
  const stop = new AbortController();
  const seen: string[] = [];
  let fail: unknown = new KubeError({ status: 429, reason: 'TooManyRequests', message: 'slow down', retryAfterSeconds: 2 });
  const gate = Promise.withResolvers<void>();
  const controller = createController({
    name: 'test',
    log: quiet,
    queue,
    workers: 2,
    sources: [{ synced: Promise.resolve(), onChange: () => undefined }],
    async reconcile(key) {
      seen.push(key);
      if (key === 'slow') {
        await gate.promise;
      }
      if (fail !== undefined) {
        throw fail;
      }
      return key === 'again' ? 50 : undefined;
    },
  });
  const run = controller.run(stop.signal);
  queue.add('a');
  await turn();
  clock.pass(1999);
  await turn();
  t.deepEqual(seen, ['a']);
  fail = undefined;
  clock.pass(1);
  await turn();
  t.deepEqual(seen, ['a', 'a']);
  queue.add('again');
  await turn();
  clock.pass(50);
  await turn();
  t.deepEqual(seen, ['a', 'a', 'again', 'again']);
  queue.add('slow');
  await turn();
  queue.add('b');
  queue.add('c');
  stop.abort();
  let ended = false;
  void run.then(() => (ended = true));
  await turn();
  t.false(ended, 'what was begun ends first');
  gate.resolve();
  await run;
  t.true(seen.includes('slow'));
  const before = seen.length;
  queue.add('d');
  await turn();
  t.is(seen.length, before);
});

type Thing = { metadata: { namespace: string; name: string; resourceVersion: string } };
const thing = (name: string): Thing => ({ metadata: { namespace: 'ns', name, resourceVersion: '1' } });

test('controller: made late, it looks at what is there already; it says what it is busy with', async (t) => {
  const cache = createCache<Thing>();
  cache.put(thing('early'));
  const stop = new AbortController();
  const gate = Promise.withResolvers<void>();
  const seen: string[] = [];
  const controller = createController({
    name: 'test',
    log: quiet,
    workers: 1,
    sources: [sourceOf({ cache, synced: Promise.resolve() }, (object) => [object.metadata.name])],
    async reconcile(key) {
      seen.push(key);
      await gate.promise;
      return undefined;
    },
  });
  const run = controller.run(stop.signal);
  cache.put(thing('later'));
  await turn();
  t.deepEqual([seen, controller.busy().map(({ key }) => key)], [['early'], ['early']]);
  gate.resolve();
  await turn();
  t.deepEqual([seen, controller.busy()], [['early', 'later'], []]);
  stop.abort();
  await run;
});

test('controller: one that lingers looks once at many changes, and again at what changes while it looks', async (t) => {
  const { queue, clock } = virtualQueue();
  const cache = createCache<Thing>();
  const stop = new AbortController();
  const gate = Promise.withResolvers<void>();
  let looks = 0;
  const controller = createController({
    name: 'test',
    log: quiet,
    queue,
    lingerMilliseconds: 100,
    sources: [sourceOf({ cache, synced: Promise.resolve() }, () => ['all'])],
    async reconcile() {
      looks += 1;
      await gate.promise;
      return undefined;
    },
  });
  const run = controller.run(stop.signal);
  for (const name of ['a', 'b', 'c']) {
    cache.put(thing(name));
    clock.pass(33);
    await turn();
  }
  t.is(looks, 0);
  clock.pass(1);
  await turn();
  t.is(looks, 1);
  cache.put(thing('d'));
  clock.pass(200);
  gate.resolve();
  await turn();
  t.is(looks, 2);
  stop.abort();
  await run;
});

test('controller: nothing is looked at before every source is known', async (t) => {
  const synced = Promise.withResolvers<void>();
  const stop = new AbortController();
  const seen: string[] = [];
  const controller = createController({
    name: 'test',
    log: quiet,
    sources: [
      { synced: Promise.resolve(), onChange: (add) => add('early') },
      { synced: synced.promise, onChange: () => undefined },
    ],
    reconcile: (key) => Promise.resolve(void seen.push(key)).then(() => undefined),
  });
  const run = controller.run(stop.signal);
  await new Promise((resolve) => void setTimeout(resolve, 20));
  t.deepEqual(seen, []);
  synced.resolve();
  await new Promise((resolve) => void setTimeout(resolve, 20));
  t.deepEqual(seen, ['early']);
  stop.abort();
  await run;
});

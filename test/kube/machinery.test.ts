// Small parts under the controllers: cache, merge patch, lines, backoff, errors, paths.
import { getEventListeners } from 'node:events';
import test from 'ava';
import * as fc from 'fast-check';
import { backoffMilliseconds, pause } from '../../src/kube/backoff.ts';
import { createCache } from '../../src/kube/cache.ts';
import type { Change } from '../../src/kube/cache.ts';
import { errorOf, hasReason, isRefusal } from '../../src/kube/errors.ts';
import { splitLines } from '../../src/kube/lines.ts';
import { stuckPart } from '../../src/kube/liveness.ts';
import { isSame, mergePatch } from '../../src/kube/merge-patch.ts';
import { isNewer } from '../../src/kube/object.ts';
import { describe, jobs, namespaces, pathOf, pods } from '../../src/kube/resource.ts';

// A plain error lets fast-check shrink the case and show it.
const hold = (fact: boolean, message: string): void => {
  if (!fact) {
    throw new Error(message);
  }
};

// Backoff.

test('backoff doubles up to its limit, with at most a fifth more', (t) => {
  const settings = { firstMilliseconds: 100, mostMilliseconds: 1500 };
  t.deepEqual(
    [0, 1, 2, 3, 4, 5, 9999].map((failures) => backoffMilliseconds(failures, settings, () => 0)),
    [100, 100, 200, 400, 800, 1500, 1500],
  );
  t.is(
    backoffMilliseconds(1, settings, () => 1),
    120,
  );
});

test('a pause ends at once with an abort, and leaves no listener behind', async (t) => {
  const stop = new AbortController();
  const start = performance.now();
  const waiting = pause(60_000, stop.signal);
  stop.abort();
  await waiting;
  await pause(60_000, stop.signal);
  t.true(performance.now() - start < 30_000);
  const other = new AbortController();
  await pause(1, other.signal);
  t.is(getEventListeners(other.signal, 'abort').length, 0);
});

// Merge patch.

const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string({ maxLength: 3 }),
    fc.integer({ min: 0, max: 3 }),
    fc.boolean(),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('object'),
  ),
  object: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), tie('value'), { maxKeys: 4 }),
})).object;

// RFC 7386, word for word.
const applyPatch = (target: unknown, patch: unknown): unknown => {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) {
    return patch;
  }
  const result = { ...(typeof target === 'object' && target !== null && !Array.isArray(target) ? target : {}) } as Record<string, unknown>;
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) {
      delete result[name];
    } else {
      result[name] = applyPatch(result[name], value);
    }
  }
  return result;
};

test('merge patch: applied to the old it gives the new, and nothing is sent where nothing differs', (t) => {
  fc.assert(
    fc.property(json, json, (from, to) => {
      const patch = mergePatch(from, to);
      hold((patch === undefined) === isSame(from, to), 'a patch for what is the same, or none for what differs');
      t.deepEqual(applyPatch(from, JSON.parse(JSON.stringify(patch ?? {}))), to);
      t.is(mergePatch(to, structuredClone(to)), undefined);
    }),
    { numRuns: Number(process.env['ROUNDS'] ?? 500) },
  );
});

test('merge patch: only what differs is named, and a member that is undefined counts as absent', (t) => {
  t.deepEqual(mergePatch({ a: 1, b: { c: 1, d: 2 }, e: [1] }, { a: 1, b: { c: 1, d: 3 }, e: [1] }), { b: { d: 3 } });
  t.deepEqual(mergePatch({ a: 1, b: 2 }, { a: 1 }), { b: null });
  t.deepEqual(mergePatch(undefined, { a: 1 }), { a: 1 });
  t.is(mergePatch({ a: 1 }, { a: 1, b: undefined }), undefined);
  t.deepEqual(mergePatch({ list: [{ a: 1 }] }, { list: [{ a: 1 }, { a: 2 }] }), { list: [{ a: 1 }, { a: 2 }] });
});

// Cache.

type Thing = { metadata: { namespace: string; name: string; uid: string; resourceVersion: string }; colour: string; heavy?: string };
const thing = (name: string, version: number, colour = 'red', uid = `uid of ${name}`): Thing => ({
  metadata: { namespace: 'ns', name, uid, resourceVersion: String(version) },
  colour,
  heavy: 'x'.repeat(10),
});
const colours = () => {
  const cache = createCache<Thing>({ keep: ({ heavy: _heavy, ...rest }) => rest, indexOf: ({ colour }) => [colour] });
  const changes: string[] = [];
  cache.onChange(({ type, object }: Change<Thing>) => changes.push(`${type} ${object.metadata.name} ${object.metadata.resourceVersion}`));
  const names = (colour: string): string[] =>
    cache
      .find(colour)
      .map(({ metadata }) => metadata.name)
      .toSorted();
  return { cache, changes, names };
};

test('cache: an older version changes nothing, a newer one moves the object in its indexes', (t) => {
  const { cache, changes, names } = colours();
  cache.put(thing('a', 9));
  cache.put(thing('a', 8, 'blue'));
  cache.put(thing('a', 9, 'blue'));
  t.deepEqual([names('red'), names('blue'), changes], [['a'], [], ['added a 9']]);
  cache.put(thing('a', 10, 'blue'));
  t.deepEqual([names('red'), names('blue'), changes], [[], ['a'], ['added a 9', 'updated a 10']]);
  t.is(cache.get({ namespace: 'ns', name: 'a' })?.heavy, undefined, 'what nobody needs is not kept');
  cache.remove(thing('a', 11, 'blue'));
  t.deepEqual([names('blue'), cache.all()], [[], []]);
});

test('cache: made again under the same name, an object is another one', (t) => {
  const { cache, changes } = colours();
  cache.put(thing('a', 1));
  cache.put(thing('a', 5, 'red', 'another'));
  t.deepEqual(changes, ['added a 1', 'deleted a 1', 'added a 5']);
  cache.remove(thing('a', 3));
  t.is(cache.all().length, 1, 'the end of the old one does not touch the new one');
});

test('cache: a list says what the watch had missed', (t) => {
  const { cache, changes } = colours();
  t.is(cache.replace([thing('a', 1), thing('b', 2), thing('c', 3)], '5'), 0, 'the first list can miss nothing');
  cache.reach('20');
  // b changed and c went without a word; d came after what the watch had told.
  t.is(cache.replace([thing('a', 1), thing('b', 12), thing('d', 25)], '30'), 2);
  t.deepEqual(changes.slice(3), ['updated b 12', 'added d 25', 'deleted c 3']);
  t.is(cache.replace([thing('a', 1), thing('b', 12), thing('d', 25)], '31'), 0);
});

test('cache: our own write is seen at once; it never brings back what is gone by now', (t) => {
  const { cache, names } = colours();
  cache.replace([thing('a', 1)], '5');
  cache.remember(thing('a', 6, 'blue'));
  t.deepEqual(names('blue'), ['a']);
  t.is(cache.get({ namespace: 'ns', name: 'a' })?.heavy, undefined);
  cache.put(thing('a', 6, 'blue'));
  cache.remove(thing('a', 8));
  cache.remember(thing('a', 7, 'blue'));
  t.deepEqual(cache.all(), [], 'the answer to a write came later than the news that the object is gone');
  cache.remember(thing('b', 9));
  cache.replace([], '8');
  t.deepEqual(names('red'), ['b'], 'a list from before our write does not take it away');
  cache.replace([], '9');
  t.deepEqual(cache.all(), []);
});

const cacheStep = fc.record({
  type: fc.constantFrom('put', 'remove', 'remember'),
  name: fc.constantFrom('a', 'b', 'c'),
  colour: fc.constantFrom('red', 'blue'),
  uid: fc.constantFrom('1', '2'),
});

test('cache: indexes say the same as the objects, whatever happens', (t) => {
  fc.assert(
    fc.property(fc.array(cacheStep, { maxLength: 40 }), (steps) => {
      const { cache, names } = colours();
      steps.forEach(({ type, name, colour, uid }, at) => {
        const object = thing(name, at + 1, colour, uid);
        cache[type](object);
        for (const each of ['red', 'blue']) {
          const wanted = cache.all().filter((one) => one.colour === each);
          t.deepEqual(names(each), wanted.map(({ metadata }) => metadata.name).toSorted());
        }
      });
    }),
    { numRuns: 200 },
  );
});

test('resource versions are compared as numbers of any length', (t) => {
  t.true(isNewer('10', '9'));
  t.false(isNewer('9', '10'));
  t.false(isNewer('10', '10'));
  t.true(isNewer('100000000000000000001', '99999999999999999999'));
  t.true(isNewer('1', undefined));
});

// Lines.

async function* inPieces(bytes: Uint8Array, sizes: number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}
const linesOf = async (text: string, sizes: number[], most = 1000): Promise<string[]> => {
  const lines: string[] = [];
  for await (const line of splitLines(inPieces(Buffer.from(text), sizes), most)) {
    lines.push(line);
  }
  return lines;
};

test('lines: however the bytes arrive, they are the lines of the text', async (t) => {
  const line = fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => text.replaceAll('\n', ' ').toWellFormed());
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { maxLength: 12 }),
      fc.boolean(),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
      async (lines, ends, sizes) => {
        const text = lines.join('\n') + (ends ? '\n' : '');
        const wanted = text.split('\n');
        if (wanted.at(-1) === '') {
          wanted.pop();
        }
        t.deepEqual(await linesOf(text, sizes), wanted);
      },
    ),
    { numRuns: 300 },
  );
});

test('lines: one that is too long is left out, and takes no other with it', async (t) => {
  const text = `a\n${'x'.repeat(100)}\nb\n${'y'.repeat(11)}\n${'z'.repeat(10)}\n${'w'.repeat(50)}`;
  for (const sizes of [[1], [7], [1000]]) {
    t.deepEqual(await linesOf(text, sizes, 10), ['a', 'b', 'z'.repeat(10)]);
  }
});

// Errors and paths.

const status = (facts: object): string => JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', ...facts });

for (const [title, httpStatus, body, header, expected] of [
  [
    'a name that is taken',
    409,
    status({ reason: 'AlreadyExists', message: 'x exists', code: 409 }),
    undefined,
    { reason: 'AlreadyExists', status: 409 },
  ],
  [
    'a version that is old',
    409,
    status({ reason: 'Conflict', message: 'modified', code: 409 }),
    undefined,
    { reason: 'Conflict', status: 409 },
  ],
  ['a version that is gone', 410, status({ reason: 'Gone', message: 'too old', code: 410 }), undefined, { reason: 'Expired', status: 410 }],
  [
    'the same within a watch',
    500,
    status({ reason: 'Expired', message: 'too old', code: 410 }),
    undefined,
    { reason: 'Expired', status: 410 },
  ],
  ['an object that is not there', 404, status({ reason: 'NotFound', message: 'not found', code: 404 }), undefined, { reason: 'NotFound' }],
  [
    'a namespace that goes away',
    403,
    status({ reason: 'Forbidden', message: 'is being terminated', code: 403, details: { causes: [{ reason: 'NamespaceTerminating' }] } }),
    undefined,
    { reason: 'NamespaceTerminating', status: 403 },
  ],
  [
    'a plain refusal',
    403,
    status({ reason: 'Forbidden', message: 'no', code: 403, details: { causes: null } }),
    undefined,
    { reason: 'Forbidden' },
  ],
  ['a path that is not there says nothing of an object', 404, '404 page not found', undefined, { reason: 'UnknownPath' }],
  ['a page of a proxy', 503, '<html>', '7', { reason: 'ServiceUnavailable', retryAfterSeconds: 7 }],
  ['a wait in the header', 429, '', '3', { reason: 'TooManyRequests', retryAfterSeconds: 3 }],
  [
    'a wait in the body',
    429,
    status({ reason: 'TooManyRequests', code: 429, details: { retryAfterSeconds: 9 } }),
    '3',
    { retryAfterSeconds: 9 },
  ],
  ['a wait that is a date', 503, '', 'Wed, 21 Oct 2026 07:28:00 GMT', { retryAfterSeconds: undefined }],
  ['nothing at all', 401, '', undefined, { reason: 'Unauthorized' }],
  ['something odd', 418, '[1', undefined, { reason: 'Unknown', message: 'Could not do it: HTTP 418' }],
] as const) {
  test(`error: ${title}`, (t) => {
    const error = errorOf('do it', httpStatus, body, header);
    t.like(error, expected);
    t.regex(error.message, /^Could not do it: /);
  });
}

test('error: a long message is cut, and reasons are only those of KubeErrors', (t) => {
  t.true(errorOf('do it', 500, status({ message: 'x'.repeat(10_000) })).message.length < 2100);
  t.false(hasReason(Object.assign(new Error('x'), { reason: 'NotFound' }), 'NotFound'));
});

test('error: only an answer that asking again does not change is a refusal', (t) => {
  const refusals = [0, 400, 401, 403, 404, 408, 409, 410, 422, 429, 500, 503].filter((httpStatus) =>
    isRefusal(errorOf('do it', httpStatus, '')),
  );
  t.deepEqual(refusals, [400, 401, 403, 404, 409, 422]);
  t.false(isRefusal(new Error('x')));
});

// Liveness.

const minute = 60_000;
const life = (resource: string, minutes: number, refused = false) => ({ resource, silentMilliseconds: minutes * minute, refused });
for (const [title, reflectors, minutesOfWork, expected] of [
  ['all is well', [life('jobs', 1), life('pods', 0)], [0.1], undefined],
  ['one watch has been dead for long', [life('jobs', 16), life('pods', 1)], [], /heard of jobs for 16 minutes/],
  ['it has not been dead for long enough', [life('jobs', 14), life('pods', 1)], [], undefined],
  ['the API server is away: a restart brings nothing', [life('jobs', 60), life('pods', 60)], [], undefined],
  ['the API server refuses: a restart brings nothing', [life('jobs', 60, true), life('pods', 1)], [], undefined],
  ['a key is worked on for ever', [life('jobs', 1)], [1, 17], /controller backup has been busy with shop\/1 for 17 minutes/],
  ['a key takes its time', [life('jobs', 1)], [14], undefined],
] as const) {
  test(`liveness: ${title}`, (t) => {
    const busy = minutesOfWork.map((minutes, at) => ({ controller: 'backup', key: `shop/${at}`, milliseconds: minutes * minute }));
    const found = stuckPart([...reflectors], busy);
    t.true(expected === undefined ? found === undefined : expected.test(found ?? ''), found);
  });
}

test('paths and names of resources', (t) => {
  t.is(pathOf(jobs, { namespace: 'a', name: 'b' }, 'status'), '/apis/batch/v1/namespaces/a/jobs/b/status');
  t.is(pathOf(pods), '/api/v1/pods');
  t.is(pathOf(namespaces, { namespace: 'ignored', name: 'kube-system' }), '/api/v1/namespaces/kube-system');
  t.is(pathOf(pods, { namespace: 'a', name: '../secrets' }), '/api/v1/namespaces/a/pods/..%2Fsecrets');
  t.is(describe(jobs, { namespace: 'a', name: 'b' }), 'Job a/b');
  t.is(describe(jobs), 'jobs');
});

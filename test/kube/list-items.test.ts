// Lists that are taken apart as they come, and how a pod finds its API server.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import * as fc from 'fast-check';
import { connect } from '../../src/kube/connection.ts';
import { readList } from '../../src/kube/list-items.ts';
import { podConfig } from '../../src/kube/pod-config.ts';

// Cuts bytes at these places, as a network may.
const inPieces = async function* (text: string, cuts: number[]): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  const places = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].toSorted((a, b) => a - b);
  for (const [at, place] of places.slice(1).entries()) {
    yield bytes.subarray(places[at], place);
  }
};

const read = async (text: string, cuts: number[]): Promise<{ items: unknown[]; around: unknown }> => {
  const items: unknown[] = [];
  const around = await readList(inPieces(text, cuts), (item) => items.push(item));
  return { items, around };
};

const value = fc.jsonValue({ maxDepth: 3 });
const item = fc.record({ metadata: fc.record({ name: fc.string(), labels: value }), spec: value, status: value });

test('a list has the same objects, however it is cut and whatever they hold', async (t) => {
  await t.notThrowsAsync(
    fc.assert(
      fc.asyncProperty(fc.array(item, { maxLength: 4 }), fc.array(fc.nat(5000), { maxLength: 8 }), async (items, cuts) => {
        const around = { apiVersion: 'v1', metadata: { resourceVersion: '7', continue: 'x"]}' } };
        const found = await read(JSON.stringify({ ...around, items, kind: 'List' }), cuts);
        const wanted = { items, around: { ...around, items: [], kind: 'List' } };
        if (JSON.stringify(found) !== JSON.stringify(wanted)) {
          throw new Error(JSON.stringify(found));
        }
      }),
    ),
  );
});

test('the notes of who manages which field are left out, and nothing that only looks like them', async (t) => {
  const notes = [{ manager: 'a', fieldsV1: { 'k:{"name":"]"}': { '.': {}, list: [[]] } } }, { manager: 'b' }];
  const managed = (name: string): object => ({
    metadata: { annotations: { note: '"managedFields":[1]' }, managedFields: notes, name },
    spec: { managedFields: { metadata: { managedFields: notes } } },
  });
  const kept = (name: string): object => ({
    ...managed(name),
    metadata: { ...(managed(name) as { metadata: object }).metadata, managedFields: [] },
  });
  const text = JSON.stringify({ items: [managed('one'), managed('two')] });
  for (const cuts of [[], ...Array.from({ length: 40 }, (_, at) => [at * 20 + 50])]) {
    t.deepEqual((await read(text, cuts)).items, [kept('one'), kept('two')], `cut at ${cuts.join()}`);
  }
});

test('a list without items has none; one that is cut off is an error', async (t) => {
  for (const items of [null, []]) {
    t.deepEqual(await read(JSON.stringify({ metadata: {}, items }), []), { items: [], around: { metadata: {}, items } });
  }
  await t.throwsAsync(read('{"items":[{"a":1},{"a"', []), { instanceOf: SyntaxError });
});

test('a pod finds its API server, proves who it is, and reads a token that was rotated', async (t) => {
  const files = mkdtempSync(join(tmpdir(), 'holdfast-pod-'));
  const write = (name: string, text: string): void => writeFileSync(join(files, name), text);
  write('token', 'first\n');
  write('ca.crt', 'not used here');
  write('namespace', 'holdfast-system\n');
  const connection = connect(podConfig('fd00::1', '443', files));
  t.is(connection.server, 'https://[fd00::1]:443');
  t.is(connection.namespace, 'holdfast-system');
  t.is((await connection.headers())['Authorization'], 'Bearer first');
  write('token', 'second\n');
  t.is((await connection.headers(true))['Authorization'], 'Bearer second');
  t.is(connect(podConfig('10.96.0.1', '443', join(files, 'nowhere'))).namespace, undefined);
  rmSync(files, { recursive: true });
});

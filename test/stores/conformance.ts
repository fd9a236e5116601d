// What every store must do. One suite; each kind of store is held to it.
import { createHash, randomBytes } from 'node:crypto';
import type { ExecutionContext, TestFn } from 'ava';
import { StoreError } from '../../src/stores/errors.ts';
import type { StoreErrorCode } from '../../src/stores/errors.ts';
import type { ObjectInfo, Store } from '../../src/stores/store.ts';

export type Opened = {
  store: Store;
  // Names of what is left of unfinished uploads: temporary files, open multipart uploads.
  leftovers: () => Promise<string[]>;
};

export type Subject = {
  name: string;
  // An empty store of its own.
  open: () => Promise<Opened>;
};

const mebibyte = 1024 ** 2;

export const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');

export const gather = async (source: AsyncIterable<Buffer>): Promise<Buffer> => {
  const parts: Buffer[] = [];
  for await (const part of source) {
    parts.push(part);
  }
  return Buffer.concat(parts);
};

export const keysOf = async (list: AsyncIterable<ObjectInfo>): Promise<string[]> => {
  const keys: string[] = [];
  for await (const { key } of list) {
    keys.push(key);
  }
  return keys;
};

// Fails with this code, whatever the message.
export const refuses = async (t: ExecutionContext, code: StoreErrorCode, work: Promise<unknown>): Promise<StoreError> => {
  const error = await t.throwsAsync(work);
  t.true(error instanceof StoreError, `${error.name}: ${error.message}`);
  t.is((error as StoreError).code, code, error.message);
  return error as StoreError;
};

// Writes an object in uneven pieces through `upload`, reusing one buffer as the archive does.
export const uploadAll = async (store: Store, key: string, content: Buffer, onDurable?: (bytes: number) => void) => {
  const upload = await store.upload(key, onDurable === undefined ? {} : { onDurable });
  const piece = Buffer.alloc(1_000_003);
  for (let offset = 0; offset < content.length; offset += piece.length) {
    const copied = content.copy(piece, 0, offset, offset + piece.length);
    await upload.write(piece.subarray(0, copied));
    piece.subarray(0, copied).fill(0xee);
  }
  return upload;
};

// The store, and the keys that it was asked to upload.
export const recordUploads = (store: Store): { store: Store; uploaded: Set<string> } => {
  const uploaded = new Set<string>();
  const upload: Store['upload'] = (key, options) => {
    uploaded.add(key);
    return store.upload(key, options);
  };
  return { store: { ...store, upload }, uploaded };
};

export const conformance = (test: TestFn, { name, open }: Subject): void => {
  const check = (title: string, run: (t: ExecutionContext, opened: Opened) => Promise<void>): void => {
    test(`${name}: ${title}`, async (t) => {
      const opened = await open();
      try {
        await run(t, opened);
      } finally {
        await opened.store.close();
      }
    });
  };

  check('what is put is got back, and never replaced', async (t, { store, leftovers }) => {
    const content = randomBytes(70_000);
    t.deepEqual(await store.put('data/a/object', content), { created: true });
    t.deepEqual(await store.put('data/a/object', content), { created: false });
    t.deepEqual(await store.put('data/a/object', randomBytes(70_000)), { created: false });
    t.deepEqual(await store.put('data/a/object', Buffer.alloc(0)), { created: false });
    t.true((await store.get('data/a/object', 70_000)).equals(content));
    t.deepEqual(await store.head('data/a/object'), { key: 'data/a/object', sizeBytes: 70_000 });
    t.deepEqual(await leftovers(), []);
  });

  check('an empty object is an object', async (t, { store }) => {
    t.deepEqual(await store.put('empty', Buffer.alloc(0)), { created: true });
    t.deepEqual(await store.head('empty'), { key: 'empty', sizeBytes: 0 });
    t.is((await store.get('empty', 10)).length, 0);
    t.is((await gather(store.read('empty', { range: { start: 0, end: 5 } }))).length, 0);
    const upload = await store.upload('empty-too');
    t.deepEqual(await upload.finish(), { created: true });
    t.deepEqual(await keysOf(store.list('')), ['empty', 'empty-too']);
  });

  check('of 20 writers of one key exactly one wins, and its bytes stay', async (t, { store, leftovers }) => {
    const contents = Array.from({ length: 20 }, () => randomBytes(2000));
    const results = await Promise.all(contents.map((content) => store.put('race', content)));
    const winners = contents.filter((_, index) => results[index]?.created);
    t.is(winners.length, 1);
    t.true((await store.get('race', 2000)).equals(winners[0] as Buffer));

    // The same bytes from everybody: still one, since no answer was lost.
    const same = await Promise.all(contents.map(() => store.put('same', contents[0] as Buffer)));
    t.is(same.filter(({ created }) => created).length, 1);
    t.deepEqual(await leftovers(), []);
  });

  check('of writers of one large key exactly one wins, also where all are of one size', async (t, { store, leftovers }) => {
    const contents = Array.from({ length: 4 }, () => randomBytes(9 * mebibyte));
    const results = await Promise.all(contents.map(async (content) => (await uploadAll(store, 'large-race', content)).finish()));
    const winners = contents.filter((_, index) => results[index]?.created);
    t.is(winners.length, 1);
    t.is(sha256(await gather(store.read('large-race'))), sha256(winners[0] as Buffer));
    t.deepEqual(await leftovers(), []);
  });

  check('a large object comes back byte for byte, and is seen only when it is finished', async (t, { store, leftovers }) => {
    const content = randomBytes(42 * mebibyte + 12_345);
    const durable: number[] = [];
    const upload = await uploadAll(store, 'data/large', content, (bytes) => durable.push(bytes));
    t.is(await store.head('data/large'), undefined);
    t.deepEqual(await keysOf(store.list('')), []);
    t.deepEqual(await upload.finish(), { created: true });
    t.is(durable.at(-1), content.length);
    t.deepEqual(
      durable,
      durable.toSorted((a, b) => a - b),
    );
    t.is(sha256(await gather(store.read('data/large'))), sha256(content));
    t.deepEqual(await store.head('data/large'), { key: 'data/large', sizeBytes: content.length });
    t.deepEqual(await leftovers(), []);

    for (const [start, end] of [
      [0, 1],
      [0, 100],
      [8 * mebibyte - 3, 8 * mebibyte + 3],
      [content.length - 5, content.length],
      [content.length - 5, content.length + 500],
      [content.length, content.length + 5],
      [content.length + 100, content.length + 200],
      [7, 7],
    ] as const) {
      const got = await gather(store.read('data/large', { range: { start, end } }));
      t.true(got.equals(content.subarray(start, end)), `${start}..${end}`);
    }
  });

  check('exactly one part, and one byte more', async (t, { store, leftovers }) => {
    for (const bytes of [8 * mebibyte, 8 * mebibyte + 1, 16 * mebibyte]) {
      const content = randomBytes(bytes);
      t.deepEqual(await (await uploadAll(store, `parts/${bytes}`, content)).finish(), { created: true });
      t.is(sha256(await gather(store.read(`parts/${bytes}`))), sha256(content));
    }
    t.deepEqual(await leftovers(), []);
  });

  check('an upload of a taken key says so, and leaves nothing behind', async (t, { store, leftovers }) => {
    await store.put('taken', Buffer.from('first'));
    for (const bytes of [10, 9 * mebibyte]) {
      t.deepEqual(await (await uploadAll(store, 'taken', randomBytes(bytes))).finish(), { created: false });
    }
    t.is(String(await store.get('taken', 100)), 'first');
    t.deepEqual(await leftovers(), []);
  });

  check('what a writer that was killed left is swept, and nothing else', async (t, { store, leftovers }) => {
    const content = randomBytes(20 * mebibyte);
    await store.sweep('swept/1/');
    const killed = await uploadAll(store, 'swept/1/object', content);
    const alive = await uploadAll(store, 'swept/2/object', content);
    await store.put('swept/1/stored', content);
    const before = await leftovers();
    if (name !== 'minio') {
      const later = new Date(Date.now() + 3600_000);
      t.deepEqual([await store.unfinished('', later), await store.unfinished('swept/1/', later)], [2, 1]);
      t.is(await store.unfinished('', new Date(Date.now() - 3600_000)), 0, 'who has just begun is not given up');
    }
    await store.sweep('swept/1/');
    t.deepEqual(await alive.finish(), { created: true });
    // MinIO lists unfinished uploads by their whole key only, and drops them itself after a day.
    if (name !== 'minio') {
      t.true(before.length > 0);
      t.deepEqual(await leftovers(), []);
    }
    t.true((await store.get('swept/1/stored', content.length)).equals(content));
    t.is(await store.head('swept/1/object'), undefined);
    await killed.abort();
  });

  check('an aborted upload leaves nothing behind, at whatever point', async (t, { store, leftovers }) => {
    for (const bytes of [0, 100, 9 * mebibyte, 30 * mebibyte]) {
      const upload = await uploadAll(store, `aborted/${bytes}`, randomBytes(bytes));
      await upload.abort();
      t.deepEqual(await leftovers(), []);
      await upload.abort();
      await t.throwsAsync(upload.write(Buffer.from('more')));
      t.is(await store.head(`aborted/${bytes}`), undefined);
    }
    const finished = await uploadAll(store, 'finished', randomBytes(9 * mebibyte));
    await finished.finish();
    await finished.abort();
    t.is((await store.head('finished'))?.sizeBytes, 9 * mebibyte);
    t.deepEqual(await leftovers(), []);
    t.deepEqual(await keysOf(store.list('')), ['finished']);
  });

  check('a signal stops an upload and a read', async (t, { store, leftovers }) => {
    const stop = new AbortController();
    const upload = await store.upload('stopped', { signal: stop.signal });
    await upload.write(randomBytes(20 * mebibyte));
    stop.abort(new Error('told to stop'));
    // A folder has no requests to cut: there the archive stops between two pieces.
    await Promise.allSettled([upload.write(randomBytes(20 * mebibyte))]);
    await upload.abort();
    t.is(await store.head('stopped'), undefined);
    t.deepEqual(await leftovers(), []);

    await (await uploadAll(store, 'read', randomBytes(20 * mebibyte))).finish();
    const stopRead = new AbortController();
    await t.throwsAsync(
      (async () => {
        for await (const _ of store.read('read', { signal: stopRead.signal })) {
          stopRead.abort(new Error('told to stop'));
        }
      })(),
      { message: 'told to stop' },
    );
  });

  check('what is missing is missing, and not an error of the store', async (t, { store }) => {
    t.is(await store.head('nothing/here'), undefined);
    await refuses(t, 'ObjectMissing', store.get('nothing/here', 10));
    await refuses(t, 'ObjectMissing', gather(store.read('nothing/here')));
    await refuses(t, 'ObjectMissing', gather(store.read('nothing/here', { range: { start: 5, end: 10 } })));
    t.deepEqual(await keysOf(store.list('nothing/')), []);
    t.deepEqual(await keysOf(store.list('')), []);
  });

  check('what is removed is gone, its neighbours stay, and what is not there need not be removed', async (t, { store }) => {
    for (const key of ['safety/a/1', 'safety/a/11', 'safety/b']) {
      await store.put(key, Buffer.from(key));
    }
    await store.remove('safety/a/1');
    await store.remove('safety/a/1');
    await store.remove('safety/never/was');
    t.is(await store.head('safety/a/1'), undefined);
    t.deepEqual(await keysOf(store.list('')), ['safety/a/11', 'safety/b']);
    t.deepEqual(await store.put('safety/a/1', Buffer.from('new')), { created: true });
    await refuses(t, 'InvalidKey', store.remove('../safety'));
  });

  check('a small object that is too large is refused', async (t, { store }) => {
    await store.put('big', randomBytes(100_001));
    await refuses(t, 'ObjectTooLarge', store.get('big', 100_000));
    t.is((await store.get('big', 100_001)).length, 100_001);
    // The connection of the refused one is not stuck.
    t.is((await store.get('big', 200_000)).length, 100_001);
  });

  check('lists come in the order of keys, with a prefix and from a point on', async (t, { store }) => {
    const keys = ['a.b', 'a/c', 'a/c-d', 'a/c.d/e', 'a/d', 'ab', 'b/1', 'b/10', 'b/2', 'c+d&e=f%20;~', 'manifests/x.json'];
    for (const key of keys.toReversed()) {
      await store.put(key, Buffer.from(key));
    }
    t.deepEqual(await keysOf(store.list('')), keys);
    t.deepEqual(await keysOf(store.list('a/')), ['a/c', 'a/c-d', 'a/c.d/e', 'a/d']);
    t.deepEqual(await keysOf(store.list('a/c')), ['a/c', 'a/c-d', 'a/c.d/e']);
    t.deepEqual(await keysOf(store.list('a')), ['a.b', 'a/c', 'a/c-d', 'a/c.d/e', 'a/d', 'ab']);
    t.deepEqual(await keysOf(store.list('b/1')), ['b/1', 'b/10']);
    t.deepEqual(await keysOf(store.list('c+')), ['c+d&e=f%20;~']);
    for (const after of [...keys, 'a/c.', 'a/c.d/', 'a', 'zzz', 'A']) {
      t.deepEqual(
        await keysOf(store.list('', { after })),
        keys.filter((key) => key > after),
        after,
      );
      t.deepEqual(
        await keysOf(store.list('a/', { after })),
        keys.filter((key) => key.startsWith('a/') && key > after),
        after,
      );
    }
    for (const key of keys) {
      t.is(String(await store.get(key, 100)), key);
    }
  });

  check('lists longer than a page are whole', async (t, { store }) => {
    const keys = Array.from({ length: 1234 }, (_, index) => `many/${String(index).padStart(5, '0')}`);
    for (let at = 0; at < keys.length; at += 50) {
      await Promise.all(keys.slice(at, at + 50).map((key) => store.put(key, Buffer.from(key))));
    }
    t.deepEqual(await keysOf(store.list('many/')), keys);
    t.deepEqual(await keysOf(store.list('many/', { after: 'many/01100' })), keys.slice(1101));
    t.deepEqual(await keysOf(store.list('many/', { after: 'many/00100' })), keys.slice(101));
  });

  check('keys that some store could not hold are refused everywhere', async (t, { store }) => {
    const unsafe = ['', '/a', 'a/', 'a//b', '.', '..', 'a/../b', 'a/./b', '../a', 'a b', 'a\\b', 'ä', 'a\nb', 'a\u0000b'];
    const wrong = [...unsafe, '.tmp-1', 'a/.tmp-x', 'a'.repeat(256), `${'a/'.repeat(400)}a`];
    for (const key of wrong) {
      await refuses(t, 'InvalidKey', store.put(key, Buffer.from('x')));
      await refuses(t, 'InvalidKey', (async () => store.upload(key))());
      await refuses(t, 'InvalidKey', (async () => store.head(key))());
      await refuses(t, 'InvalidKey', (async () => gather(store.read(key)))());
      await refuses(t, 'InvalidKey', store.get(key, 10));
    }
    t.deepEqual(await keysOf(store.list('')), []);
    const longest = `${'a'.repeat(255)}/${'b'.repeat(255)}/${'c'.repeat(200)}`;
    t.deepEqual(await store.put(longest, Buffer.from('x')), { created: true });
    t.deepEqual(await keysOf(store.list('')), [longest]);
  });
};

// Writing to S3 through bad weather: the store comes through or says why, and nothing wrong or half is ever seen.
import { randomBytes, randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { CopyObjectCommand } from '@aws-sdk/client-s3';
import test from 'ava';
import { keysOf, refuses, uploadAll } from './conformance.ts';
import type { Fault } from './fault-proxy.ts';
import { bucket } from './servers.ts';
import { both, holds, mebibyte, operations, patience, slowDown, stopServers, unavailable, weather } from './weather.ts';

test.after.always(stopServers);

weather('every request is answered 503, reset or slowed down at first, then works', async (t, w) => {
  const faults: Fault[] = [unavailable, slowDown, { kind: 'reset-request', afterBytes: 0 }];
  for (const operation of operations) {
    faults.forEach((fault) => w.proxy.fault(operation, fault));
  }
  const small = randomBytes(100);
  const large = randomBytes(20 * mebibyte + 1);
  t.deepEqual(await w.store.put('small', small), { created: true });
  t.deepEqual(await (await uploadAll(w.store, 'large', large)).finish(), { created: true });
  t.is((await w.store.head('large'))?.sizeBytes, large.length);
  t.deepEqual(await keysOf(w.store.list('')), ['large', 'small']);
  await holds(t, w, 'small', small);
  await holds(t, w, 'large', large);
  await (await uploadAll(w.store, 'aborted', randomBytes(9 * mebibyte))).abort();
  t.deepEqual(await w.leftovers(), []);
  for (const operation of operations) {
    t.true(w.proxy.seen.filter((each) => each === operation).length > 3, operation);
  }
});

weather('a service that stays away is named, and may be tried again later', async (t, w) => {
  for (const operation of operations) {
    w.proxy.fault(operation, unavailable, 1000);
  }
  const errors = [
    await refuses(t, 'StoreUnavailable', w.store.put('a', Buffer.from('x'))),
    await refuses(t, 'StoreUnavailable', w.store.head('a')),
    await refuses(t, 'StoreUnavailable', w.store.get('a', 10)),
    await refuses(t, 'StoreUnavailable', keysOf(w.store.list(''))),
    await refuses(t, 'StoreUnavailable', (async () => (await uploadAll(w.store, 'a', randomBytes(9 * mebibyte))).finish())()),
  ];
  t.true(errors.every(({ retryable }) => retryable));
  t.is(w.proxy.seen.filter((each) => each === 'HeadObject').length, patience.attempts);
  t.deepEqual(await keysOf(w.direct.list('')), []);
});

weather(
  'credentials that are refused at once are wrong; those that worked before were changed, and another attempt may have the new ones',
  async (t, w) => {
    const refused: Fault = { kind: 'answer', status: 403, code: 'SignatureDoesNotMatch' };
    w.proxy.fault('PutObject', refused);
    const first = await refuses(t, 'AccessDenied', w.store.put('a', Buffer.from('x')));
    t.false(first.retryable);
    t.deepEqual(await w.store.put('a', Buffer.from('x')), { created: true });
    w.proxy.fault('UploadPart', refused, 1000);
    const later = await refuses(t, 'AccessDenied', (async () => (await uploadAll(w.store, 'b', randomBytes(9 * mebibyte))).finish())());
    t.true(later.retryable);
    t.regex(later.message, /while they were in use/);
    // A right that is missing stays missing.
    w.proxy.fault('PutObject', { kind: 'answer', status: 403, code: 'AccessDenied' });
    t.false((await refuses(t, 'AccessDenied', w.store.put('c', Buffer.from('x')))).retryable);
  },
);

weather('a part that never arrives fails the upload, and the parts that did are taken back', async (t, w) => {
  const upload = await w.store.upload('large');
  await upload.write(randomBytes(20 * mebibyte));
  w.proxy.fault('UploadPart', { kind: 'reset-request', afterBytes: 100_000 }, 1000);
  await refuses(
    t,
    'StoreUnavailable',
    (async () => {
      await upload.write(randomBytes(40 * mebibyte));
      await upload.finish();
    })(),
  );
  // A failed upload does not end well after all.
  await refuses(t, 'StoreUnavailable', upload.finish());
  await upload.abort();
  t.deepEqual(await w.leftovers(), []);
  t.deepEqual(await keysOf(w.direct.list('')), []);
});

weather(
  'connections that break in the middle of a part, before and after the server saw it',
  async (t, w) => {
    const content = randomBytes(41 * mebibyte);
    w.proxy.fault('UploadPart', { kind: 'reset-request', afterBytes: 1_000_000 });
    w.proxy.fault('UploadPart', { kind: 'cut-request', afterBytes: 3_000_000 }, 2);
    w.proxy.fault('UploadPart', { kind: 'lose-answer' }, 2);
    w.proxy.fault('PutObject', { kind: 'cut-request', afterBytes: 40_000 });
    t.deepEqual(await (await uploadAll(w.store, 'large', content)).finish(), { created: true });
    t.deepEqual(await w.store.put('small', content.subarray(0, 90_000)), { created: true });
    await holds(t, w, 'large', content);
    await holds(t, w, 'small', content.subarray(0, 90_000));
    t.deepEqual(await w.leftovers(), []);
  },
  { on: both },
);

weather('an object that is cut on its way to the server is never there', async (t, w) => {
  w.proxy.fault('PutObject', { kind: 'cut-request', afterBytes: 40_000 }, 1000);
  await refuses(t, 'StoreUnavailable', w.store.put('cut', randomBytes(90_000)));
  t.is(await w.direct.head('cut'), undefined);
  t.deepEqual(await keysOf(w.direct.list('')), []);
});

weather(
  'a byte that changes on its way to the server is noticed, and nothing is stored',
  async (t, w) => {
    w.proxy.fault('PutObject', { kind: 'flip-request' });
    const error = await refuses(t, 'ChecksumMismatch', w.store.put('flipped', randomBytes(90_000)));
    t.true(error.retryable);
    w.proxy.fault('UploadPart', { kind: 'flip-request' });
    const upload = await uploadAll(w.store, 'flipped', randomBytes(20 * mebibyte)).catch((failure: unknown) => failure as Error);
    if (upload instanceof Error) {
      await refuses(t, 'ChecksumMismatch', Promise.reject(upload));
    } else {
      await refuses(t, 'ChecksumMismatch', upload.finish());
      await upload.abort();
      t.deepEqual(await w.leftovers(), []);
    }
    t.deepEqual(await keysOf(w.direct.list('')), []);
  },
  { on: both },
);

weather(
  'slow answers are waited for, silent services are not',
  async (t, w) => {
    w.proxy.fault('PutObject', { kind: 'delay', milliseconds: 1500 });
    t.deepEqual(await w.store.put('slow', Buffer.from('x')), { created: true });
    w.proxy.fault('HeadObject', { kind: 'silent' });
    t.is((await w.store.head('slow'))?.sizeBytes, 1);
    w.proxy.fault('UploadPart', { kind: 'silent' });
    const content = randomBytes(9 * mebibyte);
    t.deepEqual(await (await uploadAll(w.store, 'large', content)).finish(), { created: true });
    await holds(t, w, 'large', content);
    w.proxy.fault('ListObjects', { kind: 'silent' }, 1000);
    await refuses(t, 'StoreUnavailable', keysOf(w.store.list('')));
  },
  { patient: { ...patience, silentMilliseconds: 3000, attempts: 2 } },
);

weather('a signal ends waiting for a silent service at once', async (t, w) => {
  const stop = new AbortController();
  const upload = await w.store.upload('silent', { signal: stop.signal });
  w.proxy.fault('UploadPart', { kind: 'silent' }, 1000);
  let start = Number.POSITIVE_INFINITY;
  setTimeout(() => {
    start = performance.now();
    stop.abort(new Error('told to stop'));
  }, 300);
  await t.throwsAsync(
    (async () => {
      await upload.write(randomBytes(20 * mebibyte));
      await upload.finish();
    })(),
  );
  await upload.abort();
  t.true(performance.now() - start < 8000);
  t.deepEqual(await w.leftovers(), []);
});

weather('a signal while an upload begins leaves no upload behind', async (t, w) => {
  const stop = new AbortController();
  w.proxy.fault('CreateMultipartUpload', { kind: 'delay-answer', milliseconds: 500 });
  const upload = await w.store.upload('begun', { signal: stop.signal });
  const writing = t.throwsAsync(upload.write(randomBytes(20 * mebibyte)));
  while (!w.proxy.seen.includes('CreateMultipartUpload')) {
    await pause(10);
  }
  await pause(200);
  stop.abort(new Error('told to stop'));
  await writing;
  await upload.abort();
  t.deepEqual(await w.leftovers(), []);
});

weather(
  'a lost answer does not turn our own object into somebody else’s',
  async (t, w) => {
    const small = randomBytes(5000);
    const large = randomBytes(25 * mebibyte);
    w.proxy.fault('PutObject', { kind: 'lose-answer' }, 2);
    t.deepEqual(await w.store.put('small', small), { created: true });
    w.proxy.fault('CompleteMultipartUpload', { kind: 'lose-answer' }, 2);
    t.deepEqual(await (await uploadAll(w.store, 'large', large)).finish(), { created: true });
    await holds(t, w, 'small', small);
    await holds(t, w, 'large', large);
    t.deepEqual(await w.leftovers(), []);

    // Nor does the answer to an abort.
    const upload = await uploadAll(w.store, 'aborted', large);
    w.proxy.fault('AbortMultipartUpload', { kind: 'lose-answer' });
    await upload.abort();
    t.deepEqual(await w.leftovers(), []);
  },
  { on: both },
);

weather(
  'a lost request does not turn somebody else’s object into ours, also where size and parts are the same',
  async (t, w) => {
    const theirs = randomBytes(17 * mebibyte);
    const ours = randomBytes(17 * mebibyte);
    w.proxy.fault('CompleteMultipartUpload', {
      kind: 'meanwhile',
      run: async () => (await uploadAll(w.direct, 'contested', theirs)).finish(),
    });
    t.deepEqual(await (await uploadAll(w.store, 'contested', ours)).finish(), { created: false });
    await holds(t, w, 'contested', theirs);

    w.proxy.fault('PutObject', { kind: 'meanwhile', run: () => w.direct.put('small', theirs.subarray(0, 100)) });
    t.deepEqual(await w.store.put('small', ours.subarray(0, 100)), { created: false });
    await holds(t, w, 'small', theirs.subarray(0, 100));
    t.deepEqual(await w.leftovers(), []);
  },
  { on: both },
);

weather(
  'an error inside the answer 200 to the end of an upload is an error',
  async (t, w) => {
    const content = randomBytes(17 * mebibyte);
    w.proxy.fault('CompleteMultipartUpload', { kind: 'answer', status: 200, code: 'InternalError' }, 2);
    t.deepEqual(await (await uploadAll(w.store, 'large', content)).finish(), { created: true });
    await holds(t, w, 'large', content);

    w.proxy.fault('CompleteMultipartUpload', { kind: 'answer', status: 200, code: 'InternalError' }, 1000);
    const upload = await uploadAll(w.store, 'never', content);
    await refuses(t, 'StoreUnavailable', upload.finish());
    await upload.abort();
    t.deepEqual(await w.leftovers(), []);
    t.deepEqual(await keysOf(w.direct.list('')), ['large']);
  },
  { on: both },
);

weather('a conflict with nobody is tried again; with somebody it is lost', async (t, w) => {
  const conflict: Fault = { kind: 'answer', status: 409, code: 'ConditionalRequestConflict' };
  w.proxy.fault('PutObject', conflict, 2);
  t.deepEqual(await w.store.put('a', Buffer.from('ours')), { created: true });
  w.proxy.fault('PutObject', conflict);
  t.deepEqual(await w.store.put('a', Buffer.from('ours')), { created: false });
  w.proxy.fault('PutObject', conflict, 1000);
  t.true((await refuses(t, 'StoreUnavailable', w.store.put('b', Buffer.from('ours')))).retryable);

  const upload = await uploadAll(w.store, 'large', randomBytes(9 * mebibyte));
  w.proxy.fault('CompleteMultipartUpload', conflict);
  t.true((await refuses(t, 'StoreUnavailable', upload.finish())).retryable);
  await upload.abort();
  t.deepEqual(await w.leftovers(), []);
  t.is(await w.direct.head('large'), undefined);
});

weather('an upload that somebody else aborts is an error that may be tried again', async (t, w) => {
  const upload = await uploadAll(w.store, 'large', randomBytes(17 * mebibyte));
  w.proxy.fault('CompleteMultipartUpload', { kind: 'answer', status: 404, code: 'NoSuchUpload' });
  t.true((await refuses(t, 'StoreUnavailable', upload.finish())).retryable);
  await upload.abort();
  t.deepEqual(await w.leftovers(), []);
});

weather('copies made behind our back do not count as a lost answer', async (t, w) => {
  const content = randomBytes(17 * mebibyte);
  await (await uploadAll(w.direct, 'original', content)).finish();
  const upload = await uploadAll(w.store, 'copied', randomBytes(17 * mebibyte));
  w.proxy.fault('CompleteMultipartUpload', {
    kind: 'meanwhile',
    run: () =>
      w.server.root.send(
        new CopyObjectCommand({ Bucket: bucket, Key: `${w.prefix}/copied`, CopySource: `${bucket}/${w.prefix}/original` }),
      ),
  });
  t.deepEqual(await upload.finish(), { created: false });
  await holds(t, w, 'copied', content);
});

// Rounds of random faults on everything; ROUNDS makes it longer.
weather(
  'random weather',
  async (t, w) => {
    const faults: (() => Fault)[] = [
      () => unavailable,
      () => slowDown,
      () => ({ kind: 'reset-request', afterBytes: randomInt(9 * mebibyte) }),
      () => ({ kind: 'cut-request', afterBytes: randomInt(9 * mebibyte) }),
      () => ({ kind: 'lose-answer' }),
      () => ({ kind: 'cut-answer', afterBytes: randomInt(12 * mebibyte), politely: randomInt(2) === 0 }),
      () => ({ kind: 'delay', milliseconds: randomInt(50) }),
    ];
    const rounds = Number(process.env['ROUNDS'] ?? 6);
    for (let round = 0; round < rounds; round += 1) {
      // What a round has not met is gone: else faults pile up until no patience is enough.
      w.proxy.calm();
      for (const operation of operations) {
        for (let faulty = randomInt(4); faulty > 0; faulty -= 1) {
          w.proxy.fault(operation, (faults[randomInt(faults.length)] as () => Fault)());
        }
      }
      const content = randomBytes(randomInt(2) === 0 ? randomInt(100_000) : randomInt(30 * mebibyte));
      const key = `round-${round}`;
      t.deepEqual(await (await uploadAll(w.store, key, content)).finish(), { created: true }, key);
      t.is((await w.store.head(key))?.sizeBytes, content.length, key);
      await holds(t, w, key, content);
    }
    t.is((await keysOf(w.store.list(''))).length, rounds);
  },
  { on: both, patient: { ...patience, attempts: 10 } },
);

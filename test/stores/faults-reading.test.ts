// Reading from S3 through bad weather: what comes is right, or an error; what could not be asked is never "missing" or "empty".
import { randomBytes } from 'node:crypto';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import test from 'ava';
import { gather, keysOf, refuses, sha256, uploadAll } from './conformance.ts';
import type { Fault } from './fault-proxy.ts';
import { bucket } from './servers.ts';
import { mebibyte, operations, stopServers, weather } from './weather.ts';

const withoutEnd = (body: string): string => body.replace(/<IsTruncated>\w+<\/IsTruncated>/, '<IsTruncated>true</IsTruncated>');

test.after.always(stopServers);

weather('a body that breaks off is taken up where it stopped', async (t, w) => {
  const content = randomBytes(12 * mebibyte);
  await (await uploadAll(w.direct, 'large', content)).finish();
  for (const [afterBytes, politely] of [
    [0, false],
    [1, true],
    [5_000_000, false],
    [70_000, true],
  ] as const) {
    w.proxy.fault('GetObject', { kind: 'cut-answer', afterBytes, politely });
  }
  t.is(sha256(await gather(w.store.read('large'))), sha256(content));
  t.is(w.proxy.seen.length, 5);

  w.proxy.fault('GetObject', { kind: 'cut-answer', afterBytes: 10, politely: true }, 2);
  const range = { start: 1_000_000, end: 1_000_100 };
  t.true((await gather(w.store.read('large', { range }))).equals(content.subarray(range.start, range.end)));

  w.proxy.fault('GetObject', { kind: 'cut-answer', afterBytes: 1000 }, 2);
  t.is(sha256(await w.store.get('large', content.length)), sha256(content));
});

weather('a body that breaks off far apart may do so as often as it likes; one that gets nowhere is given up', async (t, w) => {
  const content = randomBytes(72 * mebibyte);
  await (await uploadAll(w.direct, 'large', content)).finish();
  w.proxy.fault('GetObject', { kind: 'cut-answer', afterBytes: 9 * mebibyte }, 1000);
  t.is(sha256(await gather(w.store.read('large'))), sha256(content));
  t.true(w.proxy.seen.length >= 8, 'more cuts than the tries of one place');

  for (const politely of [true, false]) {
    w.proxy.calm();
    w.proxy.fault('GetObject', { kind: 'cut-answer', afterBytes: 100, politely }, 1000);
    const before = w.proxy.seen.length;
    const error = await refuses(t, 'StoreUnavailable', gather(w.store.read('large', { range: { start: 0, end: 8 * mebibyte } })));
    t.true(error.retryable);
    t.true(w.proxy.seen.length - before <= 8);
  }
});

weather('an object that is replaced while it is read is not spliced together', async (t, w) => {
  const content = randomBytes(mebibyte);
  await w.direct.put('replaced', content);
  w.proxy.fault('GetObject', { kind: 'cut-answer', afterBytes: 300_000 });
  w.proxy.fault('GetObject', {
    kind: 'meanwhile',
    run: () => w.server.root.send(new PutObjectCommand({ Bucket: bucket, Key: `${w.prefix}/replaced`, Body: randomBytes(mebibyte) })),
  });
  await refuses(t, 'ChecksumMismatch', gather(w.store.read('replaced')));
});

weather('a service that ignores ranges is refused, not spliced together', async (t, w) => {
  const content = 'abcdefgh'.repeat(100_000);
  await w.direct.put('whole', Buffer.from(content));
  w.proxy.fault('GetObject', { kind: 'cut-answer', afterBytes: 300_000 });
  w.proxy.fault('GetObject', { kind: 'answer', status: 200, body: content }, 2);
  await refuses(t, 'StoreMisconfigured', gather(w.store.read('whole')));
  await refuses(t, 'StoreMisconfigured', gather(w.store.read('whole', { range: { start: 0, end: 10 } })));
});

weather('what is no S3 service does not look like an empty one', async (t, w) => {
  const page: Fault = { kind: 'answer', status: 404, body: '<html><body>Not here</body></html>' };
  for (const operation of operations) {
    w.proxy.fault(operation, page, 1000);
  }
  await refuses(t, 'StoreMisconfigured', w.store.head('holdfast.json'));
  await refuses(t, 'StoreMisconfigured', w.store.get('holdfast.json', 100));
  await refuses(t, 'StoreMisconfigured', keysOf(w.store.list('')));
  await refuses(t, 'StoreMisconfigured', w.store.put('holdfast.json', Buffer.from('x')));
});

weather('a HEAD that says only "forbidden" is explained, and is not "missing"', async (t, w) => {
  await w.direct.put('there', Buffer.from('xyz'));
  w.proxy.fault('HeadObject', { kind: 'answer', status: 403 }, 1000);
  w.proxy.fault('GetObject', { kind: 'answer', status: 403, code: 'SignatureDoesNotMatch' });
  t.regex((await refuses(t, 'AccessDenied', w.store.head('there'))).message, /SignatureDoesNotMatch/);
  w.proxy.fault('GetObject', { kind: 'answer', status: 403, code: 'AccessDenied' });
  await refuses(t, 'AccessDenied', w.store.head('there'));
  // GET is allowed and HEAD is not: still no answer to the question.
  await refuses(t, 'AccessDenied', w.store.head('there'));
  t.is(await w.store.head('not-there'), undefined);
});

weather('a list that ends in the middle is no list', async (t, w) => {
  await Promise.all(['a', 'b', 'c'].map((key) => w.direct.put(key, Buffer.from(key))));
  w.proxy.fault('ListObjects', { kind: 'rewrite-answer', rewrite: withoutEnd });
  await refuses(t, 'StoreUnavailable', keysOf(w.store.list('')));
  w.proxy.fault('ListObjects', { kind: 'rewrite-answer', rewrite: (body) => body.slice(0, body.length - 40) });
  await t.throwsAsync(keysOf(w.store.list('')));
  t.deepEqual(await keysOf(w.store.list('')), ['a', 'b', 'c']);
});

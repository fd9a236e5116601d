// The stores: one suite over a folder, versitygw and MinIO, and what is special about each S3 service.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { openDirectory } from '../../src/stores/directory.ts';
import { StoreError } from '../../src/stores/errors.ts';
import type { StoreErrorCode } from '../../src/stores/errors.ts';
import type { S3Location } from '../../src/stores/s3-client.ts';
import { openS3 } from '../../src/stores/s3.ts';
import type { Store } from '../../src/stores/store.ts';
import { redact } from '../../src/telemetry/redact.ts';
import { actAs, killInUpload } from './child.ts';
import { conformance, gather, keysOf, recordUploads, refuses, uploadAll } from './conformance.ts';
import type { Subject } from './conformance.ts';
import { bucket, clientFor, freePort, rootKeys, startMinio, startVersitygw } from './servers.ts';
import type { S3Server } from './servers.ts';

const starts = { versitygw: startVersitygw, minio: startMinio };
type Name = keyof typeof starts;
const started = new Map<Name, Promise<S3Server>>();
let scratch: string;

// Started by the first test that needs it.
const server = (name: Name): Promise<S3Server> => {
  const running = started.get(name) ?? starts[name]();
  started.set(name, running);
  return running;
};

test.before(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'holdfast-stores-'));
});

test.after.always(async () => {
  const ends = [...started.values()].map(async (running) => (await running).stop());
  await Promise.allSettled(ends);
  await rm(scratch, { recursive: true, force: true });
});

const run = promisify(execFile);
let opened = 0;
const freshPrefix = (): string => {
  opened += 1;
  return `tests/store-${opened}`;
};

// One connection is refused without another try: these services answer.
const patience = { attempts: 2, firstPauseMilliseconds: 10, silentMilliseconds: 20_000 };

const s3Subject = (name: Name): Subject => ({
  name,
  open: async () => {
    const prefix = freshPrefix();
    const running = await server(name);
    const { store, uploaded } = recordUploads(openS3(running.location(prefix), patience));
    return { store, leftovers: () => running.openUploads(prefix, uploaded) };
  },
});

conformance(test, {
  name: 'directory',
  open: async () => {
    const directory = join(scratch, freshPrefix());
    return {
      store: openDirectory({ kind: 'directory', directory }),
      leftovers: async () => {
        const names = await readdir(directory, { recursive: true }).catch(() => []);
        return names.filter((each) => each.includes('.tmp-'));
      },
    };
  },
});
conformance(test, s3Subject('versitygw'));
conformance(test, s3Subject('minio'));

// Every way of using a store, each with a promise that must be refused.
const everyUse = (store: Store): Promise<unknown>[] => [
  store.put('a', Buffer.from('x')),
  store.head('a'),
  store.get('a', 10),
  gather(store.read('a', { range: { start: 1, end: 2 } })),
  keysOf(store.list('')),
  (async () => (await uploadAll(store, 'a', randomBytes(9 * 1024 ** 2))).finish())(),
];

const refusesAll = async (t: ExecutionContext, code: StoreErrorCode, location: S3Location): Promise<StoreError[]> => {
  const store = openS3(location, patience);
  const errors = await Promise.all(everyUse(store).map((use) => refuses(t, code, use)));
  await store.close();
  return errors;
};

for (const name of ['versitygw', 'minio'] as const) {
  test(`${name}: wrong keys and missing rights are told apart from everything else, and no secret is told`, async (t) => {
    const { location, credentials, writer, stranger } = await server(name);
    const wrongSecret = await credentials({ ...writer, secretAccessKey: 'not-the-secret-of-the-writer' });
    const wrongKey = await credentials({ ...writer, accessKeyId: 'nobody-of-this-name' });
    const noRights = await credentials(stranger);
    const errors = [
      ...(await refusesAll(t, 'AccessDenied', location('rights', { credentialsDirectory: wrongSecret }))),
      ...(await refusesAll(t, 'AccessDenied', location('rights', { credentialsDirectory: wrongKey }))),
    ];
    t.true(errors.every(({ message }) => message.includes('Mend the Secret of the tier')));
    const denied = await refusesAll(t, 'AccessDenied', location('rights', { credentialsDirectory: noRights }));
    t.true(denied.every(({ message }) => message.includes('Grant it to the user of the tier')));
    for (const { message, stack, retryable } of [...errors, ...denied]) {
      t.false(retryable);
      t.notRegex(`${message} ${stack}`, /secret-of|not-the-secret/);
      t.false(`${message} ${stack}`.includes(writer['secretAccessKey'] as string));
    }
  });

  test(`${name}: a missing bucket is named, and nothing in it is merely "missing"`, async (t) => {
    const { location, credentials } = await server(name);
    const root = await credentials(rootKeys);
    const errors = await refusesAll(t, 'BucketMissing', location('x', { bucket: 'no-such-bucket', credentialsDirectory: root }));
    t.true(errors.every(({ message }) => message.includes('s3://no-such-bucket/')));
  });

  test(`${name}: the account may write and read, and remove safety copies of restores, and nothing else`, async (t) => {
    const { location, writer, endpoint, certificates } = await server(name);
    const prefix = freshPrefix();
    const store = openS3(location(prefix));
    t.deepEqual(await store.put('kept', Buffer.from('x')), { created: true });
    const client = clientFor(endpoint, certificates.caFile, writer as typeof rootKeys);
    const Key = `${prefix}/kept`;
    await t.throwsAsync(client.send(new DeleteObjectCommand({ Bucket: bucket, Key })), { name: 'AccessDenied' });
    await refuses(t, 'AccessDenied', store.remove('kept'));
    t.is(String(await store.get('kept', 10)), 'x');
    client.destroy();
    await store.close();
  });
}

test('versitygw: a certificate that is not trusted, and services that are not there', async (t) => {
  const { location, endpoint, certificates } = await server('versitygw');
  const { caFile: _, ...withoutCa } = location('x');
  for (const error of await refusesAll(t, 'StoreMisconfigured', withoutCa)) {
    t.regex(error.message, /not trusted.*caSecretRef/);
    t.false(error.retryable);
  }
  const port = await freePort();
  for (const error of await refusesAll(t, 'StoreUnavailable', location('x', { endpoint: `https://127.0.0.1:${port}` }))) {
    t.true(error.retryable);
    t.true(error.message.includes(`127.0.0.1:${port}`));
  }
  // The certificate is for 127.0.0.1 and localhost.
  const keys = { cert: readFileSync(certificates.certFile), key: readFileSync(certificates.keyFile) };
  const elsewhere = createTlsServer(keys, (_request, response) => response.writeHead(200).end('hello')).listen(0, '127.0.0.2');
  await once(elsewhere, 'listening');
  const other = `https://127.0.0.2:${(elsewhere.address() as AddressInfo).port}`;
  for (const error of await refusesAll(t, 'StoreMisconfigured', location('x', { endpoint: other }))) {
    t.regex(error.message, /ERR_TLS_CERT_ALTNAME_INVALID/);
  }
  elsewhere.close();
  const localhost = openS3(location('x', { endpoint: endpoint.replace('127.0.0.1', 'localhost') }), patience);
  t.is(await localhost.head('a'), undefined);
  await localhost.close();
  // A server of TLS that hears plain HTTP says 400 or hangs up.
  const unencrypted = openS3(location('x', { endpoint: endpoint.replace('https:', 'http:') }), patience);
  for (const failed of everyUse(unencrypted).map((use) => t.throwsAsync(use, { instanceOf: StoreError }))) {
    const error = await failed;
    t.true(['StoreMisconfigured', 'StoreUnavailable'].includes(error.code), error.message);
  }
  await unencrypted.close();

  const plain = createServer((_request, response) => response.writeHead(200).end('hello')).listen(0, '127.0.0.1');
  await once(plain, 'listening');
  const address = `127.0.0.1:${(plain.address() as AddressInfo).port}`;
  for (const error of await refusesAll(t, 'StoreMisconfigured', location('x', { endpoint: `https://${address}` }))) {
    t.regex(error.message, /does not speak TLS/);
  }
  plain.close();
});

test('versitygw: credentials are read from files, each time', async (t) => {
  const { location, credentials, writer } = await server('versitygw');
  const directory = await credentials({ ...writer, secretAccessKey: 'an-old-secret-of-the-writer' });
  const store = openS3(location('rotated', { credentialsDirectory: directory }), patience);
  await refuses(t, 'AccessDenied', store.put('a', Buffer.from('x')));
  await writeFile(join(directory, 'secretAccessKey'), writer['secretAccessKey'] as string);
  t.deepEqual(await store.put('a', Buffer.from('x')), { created: true });
  t.notRegex(redact('the secret is an-old-secret-of-the-writer'), /an-old/);
  await store.close();

  const incomplete = await credentials({ accessKeyId: 'writer' });
  const error = (await refusesAll(t, 'StoreMisconfigured', location('x', { credentialsDirectory: incomplete })))[0];
  t.regex(String(error?.message), /has no key "secretAccessKey"/);
  const missingCa = location('x', { caFile: '/does/not/exist' });
  t.throws(() => openS3(missingCa), { code: 'StoreMisconfigured', message: /caSecretRef/ });
});

test('versitygw: a writer that is killed leaves nothing to be seen, and the next one succeeds', async (t) => {
  const { location } = await server('versitygw');
  const at = location(freshPrefix());
  await killInUpload({ location: at, steps: [{ do: 'hang', key: 'killed', mebibytes: 40 }] });
  const store = openS3(at);
  t.is(await store.head('killed'), undefined);
  t.deepEqual(await keysOf(store.list('')), []);
  t.deepEqual(await (await uploadAll(store, 'killed', randomBytes(9 * 1024 ** 2))).finish(), { created: true });
  await store.close();
});

test('versitygw: folders that other tools made are not objects', async (t) => {
  const { location, root } = await server('versitygw');
  const prefix = freshPrefix();
  const store = openS3(location(prefix));
  await root.send(new PutObjectCommand({ Bucket: bucket, Key: `${prefix}/writers/` }));
  await store.put('writers/1', Buffer.from('x'));
  t.deepEqual(await keysOf(store.list('writers/')), ['writers/1']);
  await store.close();
});

test('versitygw: a full disk behind the service is said to be full', async (t) => {
  const full = await startVersitygw();
  await run('mount', ['-t', 'tmpfs', '-o', 'size=20m', 'tmpfs', full.dataDirectory]);
  try {
    const store = openS3(full.location('full', { credentialsDirectory: await full.credentials(rootKeys) }), patience);
    t.deepEqual(await store.put('kept', Buffer.from('x')), { created: true });
    await refuses(t, 'StoreFull', store.put('large', randomBytes(30 * 1024 ** 2)));
    const upload = await store.upload('larger');
    const writing = async (): Promise<void> => {
      await upload.write(randomBytes(40 * 1024 ** 2));
      await upload.finish();
    };
    await refuses(t, 'StoreFull', writing());
    await upload.abort();
    t.deepEqual(await full.openUploads('full', ['larger']), []);
    t.deepEqual(await keysOf(store.list('')), ['kept']);
    t.deepEqual(await store.put('fits', randomBytes(5 * 1024 ** 2)), { created: true });
    await store.close();
  } finally {
    await run('umount', ['--lazy', full.dataDirectory]);
    await full.stop();
  }
});

test('versitygw: memory stays bounded, however large the object', async (t) => {
  const { location } = await server('versitygw');
  const results = await actAs({
    location: location(freshPrefix()),
    steps: [
      { do: 'upload', key: 'large', mebibytes: 300 },
      { do: 'pipe', from: 'large', to: 'copy' },
      { do: 'head', key: 'copy' },
    ],
  });
  t.deepEqual(results[2], { key: 'copy', sizeBytes: 300 * 1024 ** 2 });
  const { peakMebibytes } = results[3] as { peakMebibytes: number };
  t.log(`peak ${Math.round(peakMebibytes)} MiB`);
  t.true(peakMebibytes < 256, `${peakMebibytes} MiB`);
});

// Forged, moved and replayed documents, and other writers: refused everywhere, and said so. The forger has the store's credentials and every public
// recipient; he lacks the signing key.
import { generateKeyPairSync } from 'node:crypto';
import { mkdir, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { payloadTypes } from '../../src/api/stored/envelope.ts';
import type { Envelope } from '../../src/api/stored/envelope.ts';
import { copy } from '../../src/archive/copy.ts';
import { dump } from '../../src/archive/dump.ts';
import { ArchiveError } from '../../src/archive/errors.ts';
import type { ArchiveErrorCode } from '../../src/archive/errors.ts';
import { inspect } from '../../src/archive/inspect.ts';
import { seal } from '../../src/archive/seal.ts';
import { sealDocument } from '../../src/archive/signing/envelope.ts';
import { makeSigningPair, readSigner, readVerifiers, signingKeyId } from '../../src/archive/signing/keys.ts';
import type { Signer } from '../../src/archive/signing/keys.ts';
import { fakeEngine } from './fake-engine.ts';
import { backUp, backupId, copied, filesOf, inFolder, makePolicy, verdicts, watched } from './repository.ts';
import type { Policy } from './repository.ts';

const id = backupId(1);
const forgedId = backupId(2);
let keys: Policy;
let forger: Signer;
let folders = 0;

test.before(async () => {
  keys = await makePolicy();
  forger = readSigner(makeSigningPair().privateKeyPem);
});
test.after.always(() => rm(keys.directory, { recursive: true, force: true }));

const policyFor = (): Promise<Policy> => {
  folders += 1;
  return inFolder(keys, `policy-${folders}`);
};
const ownSigner = async (): Promise<Signer> => readSigner(await readFile(keys.signingKeyFile, 'utf8'));

const at = (policy: Policy, key: string): string => join(policy.directory, 'local', key);
const read = (policy: Policy, key: string): Promise<Buffer> => readFile(at(policy, key));
const place = async (policy: Policy, key: string, content: Buffer | string): Promise<void> => {
  await mkdir(dirname(at(policy, key)), { recursive: true });
  await writeFile(at(policy, key), content);
};
const manifestKey = (of: string): string => `manifests/${of}.json`;
const recordKey = (of: string, attempt = 1): string => `data/${of}/db/${attempt}/component.json`;

const envelopeOf = (content: Buffer): Envelope => JSON.parse(content.toString()) as Envelope;
const payloadOf = (content: Buffer): Record<string, unknown> =>
  JSON.parse(Buffer.from(envelopeOf(content).payload, 'base64').toString()) as Record<string, unknown>;

const isRefused = async (t: ExecutionContext, work: Promise<unknown>, code: ArchiveErrorCode, message: string): Promise<void> => {
  const error = await t.throwsAsync(work, undefined, message);
  t.true(error instanceof ArchiveError, `${message}: ${String(error)}`);
  t.is((error as ArchiveError).code, code, message);
};

// A manifest that inspect names and copy does not take, while the good one beside it stays good.
const refusedEverywhere = async (t: ExecutionContext, policy: Policy, of: string, code: ArchiveErrorCode, what: string): Promise<void> => {
  const seen = await verdicts(policy);
  t.deepEqual(
    seen.find(({ backupId: each }) => each === of),
    { backupId: of, verdict: 'Failed', code },
    what,
  );
  await isRefused(t, copied(policy, of), code, what);
  t.false(filesOf(policy, 'cloud').has(manifestKey(of)), what);
  t.deepEqual(
    seen.filter(({ backupId: each }) => each !== of && each === id).map(({ verdict }) => verdict),
    of === id ? [] : ['Passed'],
    what,
  );
};

test('manifests that are forged, unsigned, moved, replayed, or of another kind', async (t) => {
  const policy = await policyFor();
  await backUp(policy, id);
  const manifest = await read(policy, manifestKey(id));
  const record = await read(policy, recordKey(id));
  const payload = payloadOf(manifest);
  const envelope = envelopeOf(manifest);
  const forged = { ...payload, backupId: forgedId, key: manifestKey(forgedId) };
  const own = await ownSigner();

  // Another repository of the same policy keys.
  const elsewhere = await policyFor();
  await backUp(elsewhere, forgedId);
  const foreign = await read(elsewhere, manifestKey(forgedId));

  const ofForger = sealDocument(payloadTypes.manifest, forged, forger);
  const cases: [string, Buffer | string, ArchiveErrorCode][] = [
    ['signed by somebody else', ofForger, 'SignerUnknown'],
    [
      'signed by somebody else under our name',
      JSON.stringify({ ...envelopeOf(ofForger), signatures: [{ ...envelopeOf(ofForger).signatures[0], keyid: own.keyId }] }),
      'SignatureInvalid',
    ],
    ['our signature on another payload', JSON.stringify({ ...envelopeOf(ofForger), signatures: envelope.signatures }), 'SignatureInvalid'],
    ['not signed at all', JSON.stringify(forged), 'SignatureInvalid'],
    ['an envelope without signatures', JSON.stringify({ ...envelope, signatures: [] }), 'SignatureInvalid'],
    ['an empty signature', JSON.stringify({ ...envelope, signatures: [{ keyid: own.keyId, sig: '' }] }), 'SignatureInvalid'],
    ['another payload type', JSON.stringify({ ...envelope, payloadType: payloadTypes.component }), 'SignatureInvalid'],
    ['moved from another backup', manifest, 'DocumentInvalid'],
    ['moved from another repository', foreign, 'DocumentInvalid'],
    ['a component record', record, 'DocumentInvalid'],
    ['no JSON', Buffer.concat([manifest, Buffer.from('x')]), 'DocumentInvalid'],
    ['cut', manifest.subarray(0, 500), 'DocumentInvalid'],
    ['empty', '', 'DocumentInvalid'],
    [
      'of a later format',
      sealDocument(payloadTypes.manifest, { ...forged, minReader: 2, schema: 'holdfast.dev/manifest/v2' }, own),
      'FormatTooNew',
    ],
    [
      'of an unknown schema',
      sealDocument(payloadTypes.manifest, { ...forged, schema: 'holdfast.dev/manifest/v9' }, own),
      'DocumentInvalid',
    ],
    ['another backup inside', sealDocument(payloadTypes.manifest, { ...forged, backupId: id }, own), 'DocumentInvalid'],
    ['signed as a record', sealDocument(payloadTypes.component, forged, own), 'DocumentInvalid'],
  ];
  for (const [what, content, code] of cases) {
    await place(policy, manifestKey(forgedId), content);
    await refusedEverywhere(t, policy, forgedId, code, what);
    // A seal that finds it there does not believe it either.
    await dump(policy.dumpPlan(forgedId), fakeEngine(), watched());
    await isRefused(t, seal(policy.sealPlan(forgedId), watched()), code, what);
    await rm(at(policy, `data/${forgedId}`), { recursive: true });
    await rm(at(policy, `keys/${forgedId}.db.1`), { recursive: true });
  }
  // A payload with one letter changed, under its own signature.
  for (const [from, to] of [
    ['Full', 'Fake'],
    ['shop', 'shoq'],
  ] as const) {
    const changed = Buffer.from(Buffer.from(envelope.payload, 'base64').toString().replace(from, to)).toString('base64');
    await place(policy, manifestKey(id), JSON.stringify({ ...envelope, payload: changed }));
    await refusedEverywhere(t, policy, id, 'SignatureInvalid', `${from} ${to}`);
  }
});

test('a whole backup by somebody with the bucket and the recipient, but another key', async (t) => {
  const policy = await policyFor();
  await backUp(policy, id);
  // He runs the same programs over a place of his own, and moves everything in.
  const pair = makeSigningPair();
  const his = await inFolder(policy, 'his');
  const keyFile = join(his.directory, 'his.key');
  await writeFile(keyFile, pair.privateKeyPem);
  await mkdir(join(his.directory, 'local'));
  await writeFile(join(his.directory, 'local/holdfast.json'), await read(policy, 'holdfast.json'));
  const mine = { signingKeyFile: keyFile, verificationKeys: [pair.verificationKey] };
  await dump(his.dumpPlan(forgedId, mine), fakeEngine(), watched());
  await seal(his.sealPlan(forgedId, mine), watched());
  for (const [key, content] of filesOf(his)) {
    if (!key.startsWith('writers/')) {
      await place(policy, key, content);
    }
  }
  await refusedEverywhere(t, policy, forgedId, 'SignerUnknown', 'whole backup');

  // Only his record: a seal that was told to take it does not.
  await unlink(at(policy, manifestKey(forgedId)));
  await isRefused(t, seal(policy.sealPlan(forgedId), watched()), 'SignerUnknown', 'record');
  t.deepEqual(await verdicts(policy), [{ backupId: id, verdict: 'Passed' }]);
});

test('records that are replayed or moved are not sealed', async (t) => {
  const policy = await policyFor();
  await backUp(policy, id);
  const record = await read(policy, recordKey(id));
  const elsewhere = await policyFor();
  await dump(elsewhere.dumpPlan(forgedId), fakeEngine(), watched());
  const own = await ownSigner();
  const cases: [string, Buffer, ArchiveErrorCode][] = [
    ['of an older backup', record, 'DocumentInvalid'],
    ['of another repository', await read(elsewhere, recordKey(forgedId)), 'DocumentInvalid'],
    ['of the forger', sealDocument(payloadTypes.component, payloadOf(record), forger), 'SignerUnknown'],
    [
      'of another backup under a right key',
      sealDocument(payloadTypes.component, { ...payloadOf(record), key: recordKey(forgedId) }, own),
      'DocumentInvalid',
    ],
    ['unsigned', Buffer.from(JSON.stringify(payloadOf(record))), 'SignatureInvalid'],
  ];
  for (const [what, content, code] of cases) {
    await place(policy, recordKey(forgedId), content);
    await isRefused(t, seal(policy.sealPlan(forgedId), watched()), code, what);
    t.deepEqual(await verdicts(policy), [{ backupId: id, verdict: 'Passed' }], what);
  }
  // The first attempt's record in the place of the second.
  await place(policy, recordKey(id, 2), record);
  await isRefused(
    t,
    seal(policy.sealPlan(backupId(3), { components: [{ name: 'db', attempt: 2 }] }), watched()),
    'RecordMissing',
    'other id',
  );
  await place(policy, recordKey(backupId(3), 2), record);
  await isRefused(
    t,
    seal(policy.sealPlan(backupId(3), { components: [{ name: 'db', attempt: 2 }] }), watched()),
    'DocumentInvalid',
    'moved',
  );
});

test('a second cluster or policy on one prefix is refused, and told whose it is', async (t) => {
  const policy = await policyFor();
  await backUp(policy, id);
  await copied(policy, id);
  const before = [filesOf(policy), filesOf(policy, 'cloud')];
  const anybody = watched();
  const others = [
    { clusterId: 'cluster-b' },
    { policy: { namespace: 'shop', name: 'other' } },
    { policy: { namespace: 'elsewhere', name: 'shop' } },
  ];
  for (const other of others) {
    const runs = [
      dump(policy.dumpPlan(forgedId, other), fakeEngine(), watched()),
      seal(policy.sealPlan(id, other), watched()),
      copy(policy.copyPlan(id, other), watched()),
      copy(policy.copyPlan(id, { ...other, to: policy.tier('fresh') }), watched()),
    ];
    for (const run of runs) {
      const error = await t.throwsAsync(run, { instanceOf: ArchiveError, code: 'WriterReplaced' });
      t.regex(error.message, /policy shop\/shop of the cluster cluster-a \(epoch 1\).*use another prefix/);
      t.false(error.retryable);
    }
    // Everybody may look; but the backups of one policy are not those of another, though their keys be the same.
    const context = watched();
    await inspect(policy.inspectPlan(other), context);
    t.like(context.lines[0], 'clusterId' in other ? { verdict: 'Passed' } : { verdict: 'Failed', code: 'RepositoryMismatch' });
  }
  await inspect(policy.inspectPlan({ policy: { namespace: '', name: '' } }), anybody);
  t.like(anybody.lines[0], { verdict: 'Passed' });
  t.deepEqual([filesOf(policy), filesOf(policy, 'cloud')], before);
  t.is(filesOf(policy, 'fresh').size, 0);
});

test('of two clusters that begin at once exactly one becomes the writer', async (t) => {
  for (let round = 0; round < 5; round += 1) {
    const policy = await policyFor();
    const clusters = ['a', 'b', 'c', 'd'];
    const ended = await Promise.allSettled(
      clusters.map((clusterId, index) => dump(policy.dumpPlan(backupId(index), { clusterId }), fakeEngine(), watched())),
    );
    t.is(ended.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const each of ended) {
      t.true(each.status === 'fulfilled' || (each.reason instanceof ArchiveError && each.reason.code === 'WriterReplaced'));
    }
    t.is([...filesOf(policy).keys()].filter((key) => key.startsWith('writers/')).length, 1);
  }
});

test('a tier that another cluster has taken over is not written any more', async (t) => {
  const policy = await policyFor();
  await backUp(policy, id);
  await copied(policy, id);
  const key = 'writers/00000002.json';
  const startTime = new Date().toISOString();
  const writer = { ...payloadOf(await read(policy, 'writers/00000001.json')), key, epoch: 2, clusterId: 'cluster-b', startTime };
  for (const tier of ['cloud', 'local']) {
    await writeFile(join(policy.directory, tier, key), sealDocument(payloadTypes.writer, writer, await ownSigner()));
    await isRefused(t, copied(policy, id), 'WriterReplaced', tier);
  }
  await isRefused(t, dump(policy.dumpPlan(forgedId), fakeEngine(), watched()), 'WriterReplaced', 'dump');
  await isRefused(t, seal(policy.sealPlan(id), watched()), 'WriterReplaced', 'seal');
  t.deepEqual(await verdicts(policy), [{ backupId: id, verdict: 'Passed' }]);
});

test('a writer that nobody we know has signed stops every write, and no look', async (t) => {
  const policy = await policyFor();
  await backUp(policy, id);
  await copied(policy, id);
  const writer = payloadOf(await read(policy, 'writers/00000001.json'));
  const key = 'writers/00000002.json';
  const contents = [
    sealDocument(payloadTypes.writer, { ...writer, key, epoch: 2 }, forger),
    await read(policy, 'writers/00000001.json'),
    Buffer.from('{}'),
  ];
  for (const content of contents) {
    for (const tier of ['local', 'cloud']) {
      const path = join(policy.directory, tier, key);
      await writeFile(path, content);
      if (tier === 'local') {
        await isRefused(t, dump(policy.dumpPlan(forgedId), fakeEngine(), watched()), 'WriterUnknown', 'dump');
        await isRefused(t, seal(policy.sealPlan(id), watched()), 'WriterUnknown', 'seal');
      }
      await isRefused(t, copied(policy, id), 'WriterUnknown', `copy ${tier}`);
      t.deepEqual(await verdicts(policy, tier), [{ backupId: id, verdict: 'Passed' }]);
      await unlink(path);
    }
  }
});

test('a tier that is another repository, or none of ours, is refused', async (t) => {
  const policy = await policyFor();
  const elsewhere = await policyFor();
  await backUp(policy, id);
  await backUp(elsewhere, id);
  await isRefused(t, copy(policy.copyPlan(id, { to: elsewhere.tier('local') }), watched()), 'RepositoryMismatch', 'other repository');
  const documents: [string, ArchiveErrorCode][] = [
    ['not JSON', 'NotARepository'],
    ['{}', 'NotARepository'],
    ['', 'NotARepository'],
    [JSON.stringify({ ...JSON.parse(String(await read(policy, 'holdfast.json'))), minReader: 2 }), 'FormatTooNew'],
    [JSON.stringify({ ...JSON.parse(String(await read(policy, 'holdfast.json'))), formatVersion: 2 }), 'FormatTooNew'],
    [JSON.stringify({ ...JSON.parse(String(await read(policy, 'holdfast.json'))), schema: 'x' }), 'NotARepository'],
  ];
  for (const [content, code] of documents) {
    await writeFile(at(policy, 'holdfast.json'), content);
    await isRefused(t, inspect(policy.inspectPlan(), watched()), code, content);
    await isRefused(t, dump(policy.dumpPlan(forgedId), fakeEngine(), watched()), code, content);
    await isRefused(t, copied(policy, id), code, content);
  }
  await unlink(at(policy, 'holdfast.json'));
  await isRefused(t, copied(policy, id), 'NotARepository', 'nothing there');
});

test('keys that are none are refused before anything is written', async (t) => {
  const policy = await policyFor();
  const wrong = join(policy.directory, 'wrong.key');
  await writeFile(wrong, 'not a key');
  await isRefused(t, dump(policy.dumpPlan(id, { signingKeyFile: wrong }), fakeEngine(), watched()), 'KeyInvalid', 'text');
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await writeFile(wrong, rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  await isRefused(t, dump(policy.dumpPlan(id, { signingKeyFile: wrong }), fakeEngine(), watched()), 'KeyInvalid', 'RSA');
  const pair = makeSigningPair();
  const rsaPublic = rsa.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  for (const verificationKeys of [
    [{ id: signingKeyId(rsa.publicKey), key: rsaPublic }],
    [{ id: 'x', key: 'AAAA' }],
    [{ id: pair.verificationKey.id, key: keys.verificationKey.key }],
    [{ id: '0123456789abcdef', key: rsaPublic }],
  ]) {
    await isRefused(t, inspect(policy.inspectPlan({ verificationKeys }), watched()), 'KeyInvalid', JSON.stringify(verificationKeys));
  }
  // Two keys are believed while one replaces the other.
  t.is(readVerifiers([keys.verificationKey, pair.verificationKey]).size, 2);
  // A signing key that the policy does not list would write what nobody believes: found at the first document.
  await writeFile(wrong, pair.privateKeyPem);
  await isRefused(t, dump(policy.dumpPlan(id, { signingKeyFile: wrong }), fakeEngine(), watched()), 'KeyInvalid', 'not listed');
  t.deepEqual(filesOf(policy).size, 0);
});

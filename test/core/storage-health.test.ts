// Decisions on a BackupPolicy: what is said of the store's health, and the figures of its tiers.
import test from 'ava';
import type { PolicyStatus } from '../../src/api/policy.ts';
import type { PolicyObserved } from '../../src/core/policy/observed.ts';
import type { JobFacts, JobState } from '../../src/core/jobs/facts.ts';
import { makeJob, makePolicy, start } from './fixtures.ts';
import { condition, decide, ended, entry, holding, message, minute } from './policy-cases.ts';

const broken = { outcome: 'Failed', category: 'Repository', message: 'no route', retryable: true };
const inspectJob = (tier: string, state: JobState, createdTime: number, attempt = 1): JobFacts =>
  makeJob({ name: `inspect-${tier}-${createdTime}-${attempt}`, verb: 'inspect', tier, state, createdTime, attempt });
const inspected = { verb: 'inspect', tier: 'local', backups: 0, refused: 0 };

for (const [title, catalogue, jobs, expected, text] of [
  ['nothing was read', {}, [], 'Unknown NotMeasured', /local has not been read yet/],
  ['one tier was not read', { local: holding(entry(21)) }, [], 'Unknown NotMeasured', /cloud has not been read/],
  ['all verified', { local: holding(entry(21)), cloud: holding() }, [], 'True AllVerified', /Every manifest/],
  [
    'a manifest is refused',
    { local: holding(entry(21), entry(20, { verdict: 'Failed', message: 'unknown signer' })), cloud: holding() },
    [],
    'False ManifestRefused',
    /local: 1 manifests.*20261120T020000Z-full-x: unknown signer/,
  ],
  [
    'a manifest could not be checked',
    { local: holding(entry(20, { verdict: 'Inconclusive', message: 'timeout' })), cloud: holding() },
    [],
    'Unknown StoreUnreadable',
    /timeout/,
  ],
  [
    'a backup lacks an object',
    { local: holding(entry(20, { verdict: 'Failed', code: 'ObjectMissing', message: 'data/x is not in /backups' })), cloud: holding() },
    [],
    'False BackupDamaged',
    /local: 1 backups are damaged.*data\/x is not in/,
  ],
  [
    'an object that belongs to no backup was changed',
    {
      local: {
        ...holding(entry(20)),
        facts: { damaged: { objects: 4, first: [{ key: 'marks/x', code: 'SignatureInvalid', message: 'It was changed.' }] } },
      },
      cloud: holding(),
    },
    [],
    'False ObjectDamaged',
    /local: 4 objects are damaged. marks\/x: It was changed/,
  ],
  [
    'another cluster has taken over',
    {
      local: holding(entry(20)),
      cloud: {
        ...holding(entry(20, { verdict: 'Failed' })),
        facts: {
          writer: { epoch: 2, clusterId: 'b', namespace: 'shop', name: 'other', startTime: '2026-11-22T02:00:00Z', ours: false },
        },
      },
    },
    [],
    'False WriterSuperseded',
    /cloud: its writer is the policy shop\/other of the cluster b \(epoch 2.*adopt shop -n shop --take-over/,
  ],
  [
    'a tier could not be read',
    { local: holding(), cloud: holding() },
    [inspectJob('cloud', ended({ ...inspected, tier: 'cloud', ...broken }), start)],
    'False StoreUnreadable',
    /cloud: no route/,
  ],
  [
    'a reading left no result',
    { local: holding(), cloud: holding() },
    [inspectJob('cloud', ended(), start)],
    'False StoreUnreadable',
    /cloud: /,
  ],
] as const) {
  test(`storage health: ${title}`, (t) => {
    const decision = decide({ catalogue: catalogue as PolicyObserved['catalogue'], jobs: [...jobs], now: start + minute / 10 });
    t.is(condition(decision, 'StorageHealthy'), expected);
    t.regex(message(decision, 'StorageHealthy'), text);
  });
}

test('storage health: what was found stays when an operator starts anew and has not read the tier again', (t) => {
  const damaged = holding(entry(20, { verdict: 'Failed', code: 'DigestMismatch', message: 'other bytes' }));
  const first = decide({ catalogue: { local: damaged, cloud: holding() } });
  const again = decide({ policy: makePolicy({}, first.status), catalogue: {} });
  t.is(condition(again, 'StorageHealthy'), 'False BackupDamaged');
  t.is(message(again, 'StorageHealthy'), message(first, 'StorageHealthy'));
  const mended = decide({ policy: makePolicy({}, again.status), catalogue: { local: holding(entry(20)), cloud: holding() } });
  t.is(condition(mended, 'StorageHealthy'), 'True AllVerified');
});

// A policy that was made to read what another one wrote.
const adopted = (reads: string, status?: PolicyStatus) => {
  const policy = makePolicy({ suspend: true, tiers: [{ name: 'cloud', s3: { bucket: 'holdfast' } }] }, status);
  return { ...policy, metadata: { ...policy.metadata, name: 'back', namespace: 'new', annotations: { 'holdfast.dev/reads': reads } } };
};

test('storage health: who was made to read says who writes, and how to take over; what is damaged comes first; another writer is no reading', (t) => {
  const writer = { epoch: 1, clusterId: 'burned', namespace: 'shop', name: 'shop', startTime: '2026-11-20T02:00:00Z', ours: false };
  const cloud = { ...holding(entry(21, { tier: 'cloud' })), facts: { writer } };
  const first = decide({ policy: adopted('shop/shop'), catalogue: { cloud } });
  t.is(condition(first, 'StorageHealthy'), 'True OnlyReads');
  t.is(
    message(first, 'StorageHealthy'),
    'cloud: this policy only reads, and every manifest verified: its writer is the policy shop/shop of the cluster burned (epoch 1, since 2026-11-20T02:00:00Z); to write from here: kubectl holdfast adopt back -n new --take-over --confirm new/back',
  );
  t.deepEqual(first.actions, []);
  const anew = decide({ policy: adopted('shop/shop', first.status), catalogue: {} });
  t.deepEqual([condition(anew, 'StorageHealthy'), message(anew, 'StorageHealthy')], ['True OnlyReads', message(first, 'StorageHealthy')]);
  const damaged = { ...holding(entry(21, { verdict: 'Failed', code: 'ObjectMissing', message: 'gone' })), facts: { writer } };
  t.is(condition(decide({ policy: adopted('shop/shop'), catalogue: { cloud: damaged } }), 'StorageHealthy'), 'False BackupDamaged');
  for (const reads of ['shop/other', 'shop', 'shop/shop/shop', '../shop', '']) {
    t.is(condition(decide({ policy: adopted(reads), catalogue: { cloud } }), 'StorageHealthy'), 'False WriterSuperseded', reads);
  }
  const taken = { ...cloud, facts: { writer: { ...writer, namespace: 'new', name: 'back', epoch: 2, ours: true } } };
  t.is(
    condition(decide({ policy: adopted('shop/shop', first.status), catalogue: { cloud: taken } }), 'StorageHealthy'),
    'True AllVerified',
  );
});

test('summary: figures of a tier are those of its newest reading, absent where they were not measured', (t) => {
  const facts = {
    writer: { epoch: 3, clusterId: 'a', namespace: 'shop', name: 'shop', startTime: '2026-11-22T02:00:00Z', ours: true },
    stored: { dataBytes: 100, manifestBytes: 20, otherBytes: 3 },
    volume: { capacityBytes: 1000, freeBytes: 400 },
    abandoned: { attempts: 1, bytes: 7 },
    verified: { backups: 1, unverified: 0, readBytes: 5, newestTime: '2026-11-22T02:30:00.123Z' },
  };
  const decision = decide({ catalogue: { local: { ...holding(entry(20)), facts }, cloud: holding() } });
  t.like(decision.status.tiers?.[0], {
    usedBytes: 123,
    abandonedBytes: 7,
    capacityBytes: 1000,
    freeBytes: 400,
    lastVerifiedTime: '2026-11-22T02:30:00Z',
    unverified: 0,
    epoch: 3,
  });
  t.deepEqual(Object.keys(decision.status.tiers?.[1] ?? {}).toSorted(), ['backups', 'measuredTime', 'name', 'refused']);
});

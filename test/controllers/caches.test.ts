// What the operator keeps in memory of each object, and how it says that it lives.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import test from 'ava';
import type { BackupStatus } from '../../src/api/backup.ts';
import { annotation, apiVersion, finalizer, label } from '../../src/api/group.ts';
import type { Backup, BackupPolicy } from '../../src/api/objects.ts';
import { isBrief, isSettled } from '../../src/controllers/brief.ts';
import { byLabel, byOwner, byPolicy, createCaches } from '../../src/controllers/caches.ts';
import type { Job } from '../../src/controllers/caches.ts';
import { backupLabel } from '../../src/controllers/hash.ts';
import { serveHealth } from '../../src/server/health.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { dumped } from '../core/backup-cases.ts';
import { makeBackup, makePolicy } from '../core/fixtures.ts';
import { build } from './job-cases.ts';
import { nowhere } from './nowhere.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const caches = () =>
  createCaches(
    nowhere,
    createLog(() => undefined),
  );

// As the API server hands objects out: notes of tools are often the larger part.
const noted = <T extends { metadata?: object }>(object: T): T => ({
  ...object,
  metadata: {
    ...object.metadata,
    managedFields: [{ manager: 'kubectl', fieldsV1: { text: 'm'.repeat(5000) } }],
    annotations: { 'kubectl.kubernetes.io/last-applied-configuration': 'l'.repeat(5000), 'holdfast.dev/slot': '2026-11-22T02:00:00Z' },
  },
});
const madeJob = (): Job => {
  const job = build('dump');
  Object.assign(job.metadata ?? {}, { uid: 'u', resourceVersion: '5' });
  return job;
};
const named = (found: { metadata?: { name?: string } }[]): (string | undefined)[] => found.map(({ metadata }) => metadata?.name);
const bytes = (object: unknown): number => JSON.stringify(object).length;

const wide = (status: Partial<BackupStatus>): BackupStatus =>
  dumped({
    verification: Array.from({ length: 33 }, () => ({
      level: 'L2',
      tier: 'local',
      component: 'db',
      verdict: 'Passed',
      time: '2026-11-22T02:01:00Z',
    })),
    phases: Array.from({ length: 34 }, (_, at) => ({ name: `phase ${at}`, seconds: 1 })),
    components: Array.from({ length: 32 }, (_, at) => ({ name: `c${at}`, outcome: 'Failed', message: 'x'.repeat(500) })),
    ...status,
  });

test('of a Backup that has ended little is kept, and all that decisions look at', (t) => {
  const { cache } = caches().backups;
  cache.put(noted(makeBackup(wide({ endTime: '2026-11-22T02:05:00Z', phase: 'Complete', sealAttempt: 1 }))));
  const kept = cache.get({ namespace: 'shop', name: 'shop-full-202611220200' });
  t.true(bytes(kept) < 1000, `${bytes(kept)} bytes`);
  t.like(kept?.status, {
    endTime: '2026-11-22T02:05:00Z',
    phase: 'Complete',
    tiers: [{ name: 'local' }, { name: 'cloud' }],
  });
  t.deepEqual(kept?.metadata.annotations, { 'holdfast.dev/slot': '2026-11-22T02:00:00Z' });
});

const settled = (change: Partial<BackupStatus> = {}): BackupStatus =>
  wide({
    endTime: '2026-11-22T02:05:00Z',
    phase: 'Complete',
    backupId: '20261122T020000Z-full-3f9a1c04',
    tiers: [
      { name: 'local', state: 'Sealed' },
      { name: 'cloud', state: 'Sealed' },
    ],
    conditions: [
      {
        type: 'Replicated',
        status: 'True',
        reason: 'AllSealed',
        message: 'Every tier holds the backup.',
        lastTransitionTime: '2026-11-22T02:05:00Z',
        observedGeneration: 1,
      },
    ],
    ...change,
  });

test('of a settled Backup a few words are kept, and it says that they are not all', (t) => {
  const { cache } = caches().backups;
  cache.put(noted(makeBackup(settled())));
  const [kept] = cache.all();
  t.true(kept !== undefined && isSettled(kept) && isBrief(kept));
  t.true(bytes(kept) < 650, `${bytes(kept)} bytes`);
  t.is(kept?.status?.conditions, undefined);
  t.like(kept?.status, {
    phase: 'Complete',
    backupId: '20261122T020000Z-full-3f9a1c04',
    tiers: [{ state: 'Sealed' }, { state: 'Sealed' }],
  });
});

test('a Backup is not settled while anything may still have to be done about it', (t) => {
  const conditions = settled().conditions?.map((condition) => ({ ...condition, status: 'Unknown' as const })) ?? [];
  const open = [
    makeBackup(settled({ phase: 'PartiallyFailed' })),
    makeBackup(
      settled({
        tiers: [
          { name: 'local', state: 'Sealed' },
          { name: 'cloud', state: 'Lagging' },
        ],
      }),
    ),
    makeBackup(settled({ conditions })),
    makeBackup(settled({ conditions: [] })),
    makeBackup(settled(), { finalizers: [finalizer] }),
    makeBackup(settled(), { deletionTimestamp: '2026-11-22T03:00:00Z' }),
    makeBackup(settled(), { annotations: { [annotation.logsRequested]: '2026-11-22T03:00:00Z' } }),
  ];
  t.deepEqual(
    open.map((backup) => isSettled(backup) || isBrief(backup)),
    open.map(() => false),
  );
});

test('of a Backup that runs the whole status is kept', (t) => {
  const { cache } = caches().backups;
  const status = wide({ phase: 'Running' });
  cache.put(noted(makeBackup(status)));
  t.deepEqual(cache.all()[0]?.status, status);
});

test('what is kept of our own write is no more than of what a watch brings', (t) => {
  const { cache } = caches().jobs;
  const made = noted(madeJob());
  cache.remember(made);
  const kept = cache.find(byOwner('backup-uid'))[0];
  t.true(bytes(kept) < 1500, `${bytes(kept)} bytes of ${bytes(made)}`);
  t.is(kept?.spec, undefined, 'no plan, no volumes');
});

test('objects are found by policy, by owner, and by what stands in a label, however long their names', (t) => {
  const all = caches();
  const long = `shop-${'x'.repeat(200)}`;
  all.backups.cache.put(makeBackup(undefined, { name: long }));
  t.deepEqual(named(all.backups.cache.find(byPolicy('shop', 'shop'))), [long]);
  t.deepEqual(named(all.backups.cache.find(byLabel('shop', backupLabel(long)))), [long]);
  t.deepEqual(named(all.backups.cache.find(byLabel('other', backupLabel(long)))), []);
  const job = build('dump', { backup: { name: long, id: 'id', slot: '2026-11-22T02:00:00Z', type: 'Full' } });
  t.is(job.metadata?.labels?.[label.backup], backupLabel(long));
  const pod = {
    metadata: {
      name: 'p',
      namespace: 'shop',
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'j', uid: 'j1', controller: true }],
    },
  };
  all.pods.cache.put(pod);
  t.deepEqual(named(all.pods.cache.find(byOwner('j1'))), ['p']);
});

test('ten thousand Backups that have ended take a few kilobytes each', (t) => {
  const { cache } = caches().backups;
  const text = JSON.stringify(noted(makeBackup(wide({ endTime: '2026-11-22T02:05:00Z', phase: 'Complete' }))));
  const count = 10_000;
  const before = process.memoryUsage().heapUsed;
  for (let at = 0; at < count; at += 1) {
    const backup = JSON.parse(text) as Backup;
    cache.put({ ...backup, metadata: { ...backup.metadata, name: `b${at}`, uid: `u${at}` } });
  }
  const each = (process.memoryUsage().heapUsed - before) / count;
  t.is(cache.all().length, count);
  t.log(`${Math.round(each)} bytes each`);
  t.true(each < 8000, `${each} bytes each, of ${text.length}`);
});

test('policies keep all but the notes', (t) => {
  const { cache } = caches().policies;
  cache.put(noted(makePolicy()));
  t.deepEqual(cache.all()[0]?.spec, makePolicy().spec);
  t.is(cache.all()[0]?.apiVersion, apiVersion);
  t.true(bytes(cache.all()[0]) < 3000);
});

test('what policies say alike is kept once, and says the same', (t) => {
  const { cache } = caches().policies;
  const components = Array.from({ length: 20 }, (_, at) => ({ name: `c${at}`, message: `${at}`.padEnd(900, 'x') }));
  const text = JSON.stringify({ ...makePolicy(), status: { components } });
  const count = 300;
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  for (let at = 0; at < count; at += 1) {
    const policy = JSON.parse(text) as BackupPolicy;
    cache.put({ ...policy, metadata: { ...policy.metadata, name: `p${at}`, uid: `u${at}` } });
  }
  collectGarbage();
  const each = (process.memoryUsage().heapUsed - before) / count;
  t.true(each < 9000, `${each} bytes each, of ${text.length}`);
  t.deepEqual(cache.get({ namespace: 'shop', name: 'p7' })?.status, JSON.parse(text).status);
});

test('health: alive and ready are two questions, each with its reason', async (t) => {
  let broken: string | undefined;
  let notReady: string | undefined = 'Not yet.';
  const server = await serveHealth(0, { broken: () => broken, notReady: () => notReady });
  const ask = async (path: string): Promise<string> => {
    const answer = await fetch(`http://127.0.0.1:${server.port}${path}`);
    return `${answer.status} ${(await answer.text()).trim()}`;
  };
  t.is(await ask('/healthz'), '200 ok');
  t.is(await ask('/readyz'), '503 Not yet.');
  notReady = undefined;
  broken = 'Stuck.';
  t.deepEqual([await ask('/readyz?verbose'), await ask('/healthz')], ['200 ok', '503 Stuck.']);
  t.regex(await ask('/metrics'), /^503 The figures/);
  t.regex(await ask('/elsewhere'), /^404 /);
  await server.close();
  await t.throwsAsync(ask('/healthz'));
  const taken = await serveHealth(0, { broken: () => undefined, notReady: () => undefined });
  await t.throwsAsync(serveHealth(taken.port, { broken: () => undefined, notReady: () => undefined }), { code: 'EADDRINUSE' });
  await taken.close();
});

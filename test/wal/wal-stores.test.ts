// The WAL receiver and its stores: away for a while, two that acknowledge, one that only follows; and a server that must not suffer from it.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import test from 'ava';
import { watchProgress } from '../../src/archive/wal/watch.ts';
import { mayBeSynchronous } from '../../src/engines/wal/synchronous.ts';
import { startFaultProxy } from '../stores/fault-proxy.ts';
import type { FaultProxy } from '../stores/fault-proxy.ts';
import { startVersitygw } from '../stores/servers.ts';
import type { S3Server } from '../stores/servers.ts';
import { makeFixture } from '../engines/server-fixture.ts';
import type { Fixture } from '../engines/server-fixture.ts';
import type { PostgresServer } from '../engines/postgres-server.ts';
import { acknowledgedLsn, checkAgainst, flushedLsn, lineage, newestLineage, storedTo } from './archive-check.ts';
import { keepingWal, killReceivers, slot, startReceiver, until, walPolicy } from './receiver-run.ts';
import type { RunningReceiver, WalPolicy } from './receiver-run.ts';
import { startSilentProxy } from './silent-proxy.ts';
import type { TierPlan } from '../../src/api/agent.ts';

let fixture: Fixture;
let s3: S3Server;
let proxy: FaultProxy;
let prefixes = 0;

test.before(async () => {
  [fixture, s3] = await Promise.all([makeFixture(), startVersitygw()]);
  proxy = await startFaultProxy(s3);
});
test.after.always(async () => {
  killReceivers();
  await proxy?.stop();
  await s3?.stop();
  await fixture.stop();
});

// The receiver reaches the bucket through the proxy, the test directly.
const bucketTier = (): { plan: TierPlan; direct: TierPlan } => {
  prefixes += 1;
  const prefix = `wal-${prefixes}`;
  return {
    plan: { name: 'cloud', location: s3.location(prefix, { endpoint: proxy.endpoint }) },
    direct: { name: 'cloud', location: s3.location(prefix) },
  };
};

// A policy whose tier `cloud` is the bucket.
const withBucket = async (): Promise<{ policy: WalPolicy; cloud: TierPlan }> => {
  // Whatever a test before it left behind.
  proxy.calm();
  const { plan, direct } = bucketTier();
  const made = await walPolicy(fixture);
  const { openStore } = await import('../../src/stores/open.ts');
  return { policy: { ...made, store: (name) => (name === 'cloud' ? openStore(direct.location) : made.store(name)) }, cloud: plan };
};

const away = (): void => {
  for (const operation of ['PutObject', 'GetObject', 'HeadObject', 'ListObjects'] as const) {
    proxy.fault(operation, { kind: 'answer', status: 503, code: 'SlowDown' }, 1_000_000);
  }
};

const bulk = (rows: number): string =>
  `CREATE TABLE IF NOT EXISTS bulk (body text); INSERT INTO bulk SELECT repeat(md5(n::text || random()), 8) FROM generate_series(1, ${rows}) n`;

const receives = (receiver: RunningReceiver): Promise<void> => until('it receives', () => receiver.newest() !== undefined, 40, receiver);
const caughtUp = async (policy: WalPolicy, server: PostgresServer, receiver: RunningReceiver, tier: string): Promise<void> => {
  const end = await flushedLsn(server);
  await until('all is stored', async () => storedTo(await newestLineage(policy, tier)) >= end, 60, receiver);
};

test.serial('a bucket that goes away: the server keeps what is not stored, nothing is acknowledged, and then all is there', async (t) => {
  const server = await fixture.start('away', keepingWal);
  const { policy, cloud } = await withBucket();
  const receiver = startReceiver(await policy.plan(server, { tiers: [{ ...cloud, acknowledge: true }] }));
  await receives(receiver);
  await server.query(bulk(1000));
  await caughtUp(policy, server, receiver, 'cloud');
  const before = storedTo(await newestLineage(policy, 'cloud'));
  away();
  // More than the receiver holds in memory.
  await server.query(bulk(300_000));
  await pause(1500);
  t.true((await acknowledgedLsn(server)) <= storedTo(await newestLineage(policy, 'cloud')));
  t.true((await flushedLsn(server)) - before > 64n * 1024n ** 2n);
  // The client of the store tries for up to 20 s by itself.
  await until('it says what stands in the way', () => receiver.newest()?.trouble?.code === 'StoreUnavailable', 60, receiver);
  const silent = receiver.newest();
  await until('it goes on saying so', () => receiver.newest() !== silent, 40, receiver);
  t.like(receiver.newest(), { trouble: { since: silent?.trouble?.since }, storedLsn: silent?.storedLsn });
  proxy.calm();
  await until('nothing stands in the way any more', () => receiver.newest()?.trouble === undefined, 60, receiver);
  await caughtUp(policy, server, receiver, 'cloud');
  t.is(receiver.child.exitCode, null);
  t.true((await checkAgainst(policy, server, { tier: 'cloud' })).segments > 4);
  await receiver.stop();
});

test.serial('two tiers acknowledge: what only one has is not acknowledged; a third one follows, however late', async (t) => {
  const server = await fixture.start('tiers', keepingWal);
  const { policy, cloud } = await withBucket();
  const tiers = [
    { ...policy.tier('late'), acknowledge: false },
    { ...policy.tier('local'), acknowledge: true },
    { ...cloud, acknowledge: true },
  ];
  // Nothing can be written there.
  await writeFile(join(policy.directory, 'late'), '');
  const receiver = startReceiver(await policy.plan(server, { tiers }));
  await receives(receiver);
  await server.query(bulk(30_000));
  await caughtUp(policy, server, receiver, 'local');
  await caughtUp(policy, server, receiver, 'cloud');
  const both = storedTo(await newestLineage(policy, 'cloud'));
  await until('both have it', async () => (await acknowledgedLsn(server)) >= both, 20, receiver);
  away();
  await server.query(bulk(30_000));
  await caughtUp(policy, server, receiver, 'local');
  await pause(700);
  t.true((await acknowledgedLsn(server)) <= storedTo(await newestLineage(policy, 'cloud')));
  t.true((await acknowledgedLsn(server)) < storedTo(await newestLineage(policy, 'local')));
  t.is(receiver.newest()?.followers.find(({ tier }) => tier === 'late')?.storedLsn, undefined);
  proxy.calm();
  await caughtUp(policy, server, receiver, 'cloud');
  await receiver.stop();
  await import('node:fs/promises').then(({ rm }) => rm(join(policy.directory, 'late')));
  const again = startReceiver(await policy.plan(server, { tiers }));
  await caughtUp(policy, server, again, 'late');
  await again.stop();
  for (const tier of ['local', 'cloud', 'late']) {
    t.true((await checkAgainst(policy, server, { tier })).bytes > 10 * 1024 ** 2, tier);
  }
});

test.serial('a server that must keep too much WAL: the slot goes, and then there is a gap with this reason', async (t) => {
  const server = await fixture.start('kept', {
    max_slot_wal_keep_size: '-1',
    min_wal_size: '32MB',
    max_wal_size: '32MB',
    wal_keep_size: '0',
  });
  const { policy, cloud } = await withBucket();
  const receiver = startReceiver(
    await policy.plan(server, { tiers: [{ ...cloud, acknowledge: true }], maxRetainedBytes: 100 * 1024 ** 2 }),
  );
  await receives(receiver);
  await server.query(bulk(100));
  await caughtUp(policy, server, receiver, 'cloud');
  const before = storedTo(await newestLineage(policy, 'cloud'));
  away();
  await server.query(bulk(450_000));
  await until('the slot is gone', async () => (await server.query('SELECT 1 FROM pg_replication_slots')).length === 0, 40, receiver);
  await server.query('SELECT pg_switch_wal()');
  await server.query('CHECKPOINT');
  await server.query(bulk(100));
  await server.query('CHECKPOINT');
  t.deepEqual(await server.query('SELECT slot_name FROM pg_replication_slots'), [], 'while the store is away there is no slot');
  proxy.calm();
  await caughtUp(policy, server, receiver, 'cloud');
  await receiver.stop();
  const { gaps } = await lineage(policy, 'cloud');
  t.deepEqual(
    gaps.map(({ reason }) => reason),
    ['RetainedTooMuch'],
  );
  t.true(storedTo(await newestLineage(policy, 'cloud')) > before);
});

test('a standby is synchronous where its name is listed, in any form of the setting', (t) => {
  for (const names of ['*', 'holdfast', 'a, holdfast', 'FIRST 1 (a, *)', 'ANY 2 (a, b, "holdfast")', '2 (HoldFast, b)', 'first 1 ( * )']) {
    t.true(mayBeSynchronous(names, 'holdfast'), names);
  }
  for (const names of ['', 'a', 'ANY 1 (a, holdfast2)', 'FIRST 1 ("*x")', '"hold""fast"']) {
    t.false(mayBeSynchronous(names, 'holdfast'), names);
  }
});

test.serial('a server that waits for the receiver at each commit: it goes, unless that is wanted', async (t) => {
  const server = await fixture.start('synchronous', { ...keepingWal, synchronous_standby_names: '*' });
  const policy = await walPolicy(fixture);
  const result = await startReceiver(await policy.plan(server)).ended;
  t.is(result?.code, 'SynchronousStandby');
  t.is(result?.category, 'Configuration');

  const wanted = startReceiver(await policy.plan(server, { synchronous: true }));
  await receives(wanted);
  await server.query(bulk(10));
  const end = await flushedLsn(server);
  t.true(storedTo(await newestLineage(policy)) >= end - 8192n, 'a commit is answered when it is stored');
  await wanted.stop();
});

test.serial('a network that swallows everything: the receiver gives its connections up and makes others', async (t) => {
  const server = await fixture.start('silent', { ...keepingWal, wal_sender_timeout: '2s' });
  const policy = await walPolicy(fixture);
  const between = await startSilentProxy(server.port);
  const plan = await policy.plan(server, { stallSeconds: 1.5 });
  const receiver = startReceiver({ ...plan, postgresql: { ...plan.postgresql, port: between.port } });
  await receives(receiver);
  between.silence();
  await server.query(bulk(1000));
  await until('it gives up', () => receiver.said.some((line) => line.includes('SourceUnreachable')), 20, receiver);
  between.speak();
  await caughtUp(policy, server, receiver, 'local');
  t.true((await checkAgainst(policy, server)).segments > 0);
  await receiver.stop();
  await between.stop();
});

test('WAL that does not come is noticed, and what we hold up ourselves is not blamed on the server', (t) => {
  const watch = watchProgress(30);
  watch(5n, 9n, false, 0);
  watch(5n, 9n, false, 30_000);
  t.throws(() => watch(5n, 9n, false, 30_001), { code: 'SourceUnreachable' });
  watch(6n, 9n, false, 40_000);
  watch(6n, 9n, true, 90_000);
  watch(6n, 9n, false, 100_000);
  watch(9n, 9n, false, 200_000);
  t.notThrows(() => watch(9n, 10n, false, 220_000));
});

test.serial('a stalled receiver and a new password: the receiver comes back by itself', async (t) => {
  const server = await fixture.start('stalled', { ...keepingWal, wal_sender_timeout: '2s' });
  const policy = await walPolicy(fixture);
  const plan = await policy.plan(server);
  const receiver = startReceiver(plan);
  await receives(receiver);
  await server.query(bulk(100));
  receiver.child.kill('SIGSTOP');
  await server.query(bulk(10_000));
  await pause(3500);
  t.deepEqual(await server.query('SELECT active FROM pg_replication_slots'), [{ active: false }]);
  receiver.child.kill('SIGCONT');
  await caughtUp(policy, server, receiver, 'local');

  await server.query(`ALTER ROLE holdfast_physical PASSWORD 'another'`);
  await server.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'holdfast_physical'`);
  await until('the password is refused', () => receiver.said.some((line) => line.includes('AuthenticationFailed')), 20, receiver);
  await writeFile(join(plan.postgresql.credentialsDirectory, 'password'), 'another');
  await server.query(bulk(100));
  await caughtUp(policy, server, receiver, 'local');
  t.true((await checkAgainst(policy, server)).segments > 0);
  t.is((await receiver.stop())?.outcome, 'Succeeded');
  t.deepEqual(await server.query(`SELECT slot_name FROM pg_replication_slots`), [{ slot_name: slot }]);
});

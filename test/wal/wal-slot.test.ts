// The slot never takes production down: it is dropped when no receiver shall go on, and when too much is kept for it, whatever else is wrong.
import test from 'ava';
import type { DropSlotPlan, ReceivePlan, ReceiveResult } from '../../src/api/agent.ts';
import type { PostgresServer } from '../engines/postgres-server.ts';
import { makeFixture } from '../engines/server-fixture.ts';
import type { Fixture } from '../engines/server-fixture.ts';
import { freePort } from '../stores/servers.ts';
import { flushedLsn, lineage, newestLineage, storedTo } from './archive-check.ts';
import { startHastyProxy } from './hasty-proxy.ts';
import { killReceivers, slot, startReceiver, until, walPolicy } from './receiver-run.ts';
import type { RunningReceiver } from './receiver-run.ts';
import { gapsOf, intervalsOf } from '../../src/core/wal/coverage.ts';

let fixture: Fixture;

test.before(async () => {
  fixture = await makeFixture();
});
test.after.always(async () => {
  killReceivers();
  await fixture.stop();
});

// A server with little room for WAL.
const small = { max_slot_wal_keep_size: '1GB', min_wal_size: '32MB', max_wal_size: '32MB', wal_keep_size: '0' };

const dropPlan = ({ policy, clusterId, verificationKeys, component, postgresql }: ReceivePlan): DropSlotPlan => ({
  verb: 'receive',
  mode: 'Drop',
  policy,
  clusterId,
  verificationKeys,
  component,
  postgresql,
  slot,
  patienceSeconds: 1,
  deadlineSeconds: 60,
});
const drop = async (plan: ReceivePlan, changes: Partial<DropSlotPlan> = {}): Promise<ReceiveResult | undefined> =>
  startReceiver({ ...dropPlan(plan), ...changes }).ended;

const receives = (receiver: RunningReceiver): Promise<void> => until('it receives', () => receiver.newest() !== undefined, 30, receiver);
const slots = async (server: PostgresServer): Promise<string[]> =>
  (await server.query<{ name: string }>('SELECT slot_name AS name FROM pg_replication_slots ORDER BY 1')).map(({ name }) => name);
// So that the server has removed what a slot would have kept.
const turnOver = async (server: PostgresServer): Promise<void> => {
  for (let round = 0; round < 5; round += 1) {
    await server.query('CREATE TABLE IF NOT EXISTS bulk (body text)');
    await server.query(`INSERT INTO bulk SELECT md5(n::text) FROM generate_series(1, 100) n`);
    await server.query('SELECT pg_switch_wal()');
    await server.query('CHECKPOINT');
  }
};

test.serial(
  'dropping: a slot that is absent, in use, of a dead receiver, of somebody else, behind another address, out of reach',
  async (t) => {
    const server = await fixture.start('drops', { ...small, wal_level: 'logical', wal_sender_timeout: '3s' });
    const policy = await walPolicy(fixture);
    const plan = await policy.plan(server);
    t.is((await drop(plan))?.slot, 'Absent');

    const live = startReceiver(plan);
    await receives(live);
    const refused = await drop(plan);
    t.deepEqual([refused?.outcome, refused?.code, refused?.retryable], ['Failed', 'SlotInUse', true]);
    t.regex(refused?.message ?? '', /pg_drop_replication_slot\('holdfast_shop_shop_db'\)/);
    // It notices neither that it shall end nor what the server says.
    live.child.kill('SIGSTOP');
    t.is((await drop(plan, { patienceSeconds: 20 }))?.slot, 'Dropped');
    t.deepEqual(await slots(server), []);
    live.child.kill('SIGCONT');
    await live.kill();

    await server.query(`SELECT pg_create_logical_replication_slot('${slot}', 'test_decoding')`);
    const foreign = await drop(plan);
    t.deepEqual([foreign?.code, foreign?.category, foreign?.retryable], ['SlotForeign', 'Configuration', false]);
    t.deepEqual(await slots(server), [slot]);
    await server.query(`SELECT pg_drop_replication_slot('${slot}')`);

    await server.query(`SELECT pg_create_physical_replication_slot('${slot}', true)`);
    const elsewhere = { ...plan.postgresql, host: '127.0.0.2', sslMode: 'require' as const };
    t.is((await drop(plan, { unlessServer: elsewhere }))?.slot, 'Kept');
    t.deepEqual(await slots(server), [slot]);
    const other = await fixture.start('drops-other', small);
    const { postgresql: current } = await policy.plan(other);
    t.is((await drop(plan, { unlessServer: current }))?.slot, 'Dropped');
    t.deepEqual(await slots(server), []);

    const away = await drop({ ...plan, postgresql: { ...plan.postgresql, port: await freePort() } });
    t.deepEqual([away?.code, away?.category, away?.retryable], ['SourceUnreachable', 'Source', true]);
  },
);

test.serial('what is missing after a slot was dropped on purpose is a gap with that reason', async (t) => {
  const server = await fixture.start('suspended', small);
  const policy = await walPolicy(fixture);
  const plan = await policy.plan(server);
  const first = startReceiver(plan);
  await receives(first);
  await turnOver(server);
  await first.stop();
  const before = storedTo(await newestLineage(policy));
  const dropped = await drop(plan);
  t.is(dropped?.slot, 'Dropped');
  await turnOver(server);

  const second = startReceiver({ ...plan, slotDropped: { time: dropped?.time ?? '', reason: 'Suspended' } });
  const end = await flushedLsn(server);
  await until('it goes on behind the gap', async () => storedTo(await newestLineage(policy)) >= end, 30, second);
  const found = await lineage(policy);
  const [contents] = found.timelines;
  const gaps = contents === undefined ? [] : gapsOf(intervalsOf(contents), found.gaps);
  t.deepEqual(
    gaps.map(({ from, reason }) => ({ from, reason })),
    [{ from: before, reason: 'Suspended' }],
  );
  // The same word again, of a slot that was lost later: it does not speak of that.
  await second.stop();
  await server.query(`SELECT pg_drop_replication_slot('${slot}')`);
  await turnOver(server);
  const third = startReceiver({ ...plan, slotDropped: { time: dropped?.time ?? '', reason: 'Suspended' } });
  const last = await flushedLsn(server);
  await until('it goes on once more', async () => storedTo(await newestLineage(policy)) >= last, 30, third);
  await third.stop();
  t.deepEqual(
    (await lineage(policy)).gaps.map(({ reason }) => reason),
    ['Suspended', 'SlotLost'],
  );
});

// Without TLS, so that a proxy understands what is said.
const startPlain = (name: string): Promise<PostgresServer> =>
  fixture.start(name, small, { hba: ['host all,replication all 127.0.0.0/8 scram-sha-256'] });
const plain = ({ postgresql, ...plan }: ReceivePlan, { port }: { port: number }): ReceivePlan => ({
  ...plan,
  postgresql: { ...postgresql, port, sslMode: 'disable' },
});

test.serial('a slot that is new is not set back to WAL that is gone, however fast the receiver answers', async (t) => {
  const server = await startPlain('hasty');
  const between = await startHastyProxy(server.port);
  t.teardown(() => between.stop());
  const policy = await walPolicy(fixture);
  const plan = await policy.plan(server);
  const first = startReceiver(plain(plan, server));
  await receives(first);
  await turnOver(server);
  await first.stop();
  await server.query(`SELECT pg_drop_replication_slot('${slot}')`);
  await turnOver(server);

  const second = startReceiver(plain(plan, between));
  const end = await flushedLsn(server);
  await until('it goes on behind the gap', async () => storedTo(await newestLineage(policy)) >= end, 30, second);
  t.is(second.said.filter((line) => line.includes('WAL is missing that the server has removed')).length, 1);
  t.deepEqual(
    (await lineage(policy)).gaps.map(({ reason }) => reason),
    ['SlotLost'],
  );
  await second.stop();
});

test.serial('a server that answers and sends nothing: the trouble is one, however often the receiver connects', async (t) => {
  const server = await startPlain('mute');
  const between = await startHastyProxy(server.port, { cuts: true });
  t.teardown(() => between.stop());
  const policy = await walPolicy(fixture);
  const receiver = startReceiver(plain(await policy.plan(server), between));
  const failures = () => receiver.said.filter((line) => line.includes('The connection that receives WAL has ended')).length;
  await until('it has tried three times', () => failures() >= 3, 30, receiver);
  const troubles = receiver.lines.flatMap((line) => (line.kind === 'wal' && line.trouble !== undefined ? [line.trouble] : []));
  t.is(new Set(troubles.map(({ since }) => since)).size, 1);
  t.is(receiver.newest()?.trouble?.code, 'SourceUnreachable');
  await receiver.stop();
});

test.serial('a receiver that cannot begin still lets go of the slot when the server keeps too much for it', async (t) => {
  const server = await fixture.start('unlimited', { ...small, max_slot_wal_keep_size: '-1' });
  const policy = await walPolicy(fixture);
  const plan = { ...(await policy.plan(server)), maxRetainedBytes: 48 * 1024 ** 2 };
  const first = startReceiver(plan);
  await receives(first);
  await first.stop();
  await turnOver(server);
  t.deepEqual(await slots(server), [slot]);
  const port = await freePort();
  const location = {
    kind: 's3' as const,
    bucket: 'b',
    prefix: 'p',
    region: 'r',
    endpoint: `http://127.0.0.1:${port}`,
    forcePathStyle: true,
    credentialsDirectory: await fixture.login('a', 'b'),
  };
  const second = startReceiver({ ...plan, tiers: [{ name: 'cloud', location, acknowledge: true }] });
  await until('the slot is gone', async () => (await slots(server)).length === 0, 30, second);
  t.true(second.said.some((line) => line.includes('walArchive.maxRetained')));
  await second.kill();
});

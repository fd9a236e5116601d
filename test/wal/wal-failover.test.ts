// The WAL archive over what happens to servers: a failover, a lost slot, other sizes of segments, a server that was set back.
import { execFile } from 'node:child_process';
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { lsnBytes, lsnText } from '../../src/api/lsn.ts';
import { gapsOf, intervalsOf } from '../../src/core/wal/coverage.ts';
import { makeCluster } from '../engines/postgres-server.ts';
import type { PostgresServer } from '../engines/postgres-server.ts';
import { hba, makeFixture, makeRoles } from '../engines/server-fixture.ts';
import type { Fixture } from '../engines/server-fixture.ts';
import { giveToServer } from '../engines/toolbox.ts';
import { checkAgainst, flushedLsn, lineage, newestLineage, storedTo } from './archive-check.ts';
import { missingEntries, startLedger } from './ledger.ts';
import { keepingWal, killReceivers, slot, startReceiver, until, walPolicy } from './receiver-run.ts';
import type { RunningReceiver, WalPolicy } from './receiver-run.ts';
import { recoverFrom } from './recovered.ts';

let fixture: Fixture;

test.before(async () => {
  fixture = await makeFixture();
});
test.after.always(async () => {
  killReceivers();
  await fixture.stop();
});

const copyOf = async (from: PostgresServer, name: string): Promise<string> => {
  const directory = join(fixture.directory, name);
  await promisify(execFile)('cp', ['--archive', from.dataDirectory, directory]);
  return directory;
};

const receives = (receiver: RunningReceiver): Promise<void> => until('it receives', () => receiver.newest() !== undefined, 40, receiver);

const caughtUp = async (policy: WalPolicy, server: PostgresServer, receiver: RunningReceiver, timeline = 1): Promise<void> => {
  const end = await flushedLsn(server);
  await until('all is stored', async () => storedTo(await newestLineage(policy), timeline) >= end, 40, receiver);
};

const bulk = (rows: number): string =>
  `CREATE TABLE IF NOT EXISTS bulk (body text); INSERT INTO bulk SELECT repeat(md5(n::text || random()), 8) FROM generate_series(1, ${rows}) n`;

const promote = async (server: PostgresServer): Promise<void> => {
  await server.query('SELECT pg_promote()');
  await until('it is promoted', async () => (await server.query<{ r: boolean }>('SELECT pg_is_in_recovery() AS r'))[0]?.r === false);
};

test.serial(
  'a failover: the old timeline is stored up to the switch, the new one follows with a slot of its own, and recovery goes over it',
  async (t) => {
    const withReplica = { ...keepingWal, hot_standby: 'on' };
    const primary = await fixture.start('primary', withReplica, { hba: ['local replication postgres trust', ...hba] });
    const policy = await walPolicy(fixture);
    const first = startReceiver(await policy.plan(primary));
    await receives(first);
    const replica = await fixture.start('replica', withReplica, {
      async prepare(directory) {
        await writeFile(join(directory, 'standby.signal'), '');
        const conninfo = `host=${primary.socketDirectory} port=${primary.port} user=postgres`;
        await appendFile(join(directory, 'postgresql.auto.conf'), `primary_conninfo = '${conninfo}'\n`);
        await giveToServer(join(directory, 'standby.signal'));
      },
    });
    const ledger = await startLedger(primary);
    t.teardown(() => ledger.stop());
    await primary.query(bulk(10_000));
    await caughtUp(policy, primary, first);
    await first.stop();
    await primary.query(bulk(10_000));
    const sent = await flushedLsn(primary);
    await until('the replica has it', async () => {
      const [row] = await replica.query<{ lsn: string }>('SELECT pg_last_wal_replay_lsn()::text AS lsn');
      return lsnBytes(row?.lsn ?? '0/0') >= sent;
    });
    await ledger.stop();
    // The address leads to the replica now. The receiver is at work on it when it becomes the primary.
    const second = startReceiver(await policy.plan(replica));
    await receives(second);
    await primary.stop('fast');
    await promote(replica);
    const later = await startLedger({ ...replica });
    t.teardown(() => later.stop());
    await replica.query(bulk(10_000));
    await until('later commits are there', () => later.entries.length > 20);
    await later.stop();
    await caughtUp(policy, replica, second, 2);
    await second.stop();

    const found = await lineage(policy);
    t.deepEqual(
      found.timelines.map(({ timeline }) => timeline),
      [1, 2],
    );
    const switched = found.ancestors.get(2)?.[0]?.end ?? 0n;
    t.deepEqual(found.pages.find(({ end }) => end !== undefined)?.end, { lsn: lsnText(switched), nextTimeline: 2 });
    t.is(storedTo(found, 1), switched);
    t.is(found.gaps.length, 0);
    t.is(found.timelines.flatMap((one) => intervalsOf(one)).length, 2);
    t.true((await checkAgainst(policy, replica, { timeline: 2 })).segments >= 1);
    t.true((await checkAgainst(policy, primary, { timeline: 1 })).segments >= 1);
    const recovered = await recoverFrom(fixture, policy, fixture.template);
    t.deepEqual(await missingEntries(recovered, ledger.entries, switched), []);
    t.deepEqual(await missingEntries(recovered, later.entries, storedTo(found, 2)), []);
    t.true(later.entries.length > 20 && ledger.entries.length > 20);
    await recovered.stop('immediate');
  },
);

test.serial(
  'a slot that somebody dropped: WAL that the server still has is fetched, and what it has removed is a gap with its reason',
  async (t) => {
    const server = await fixture.start('slotless', {
      max_slot_wal_keep_size: '1GB',
      min_wal_size: '32MB',
      max_wal_size: '32MB',
      wal_keep_size: '0',
    });
    const policy = await walPolicy(fixture);
    const plan = await policy.plan(server);
    let receiver = startReceiver(plan);
    await receives(receiver);
    await server.query(bulk(100));
    await caughtUp(policy, server, receiver);
    await receiver.stop();

    await server.query(`SELECT pg_drop_replication_slot('${slot}')`);
    await server.query(bulk(100));
    receiver = startReceiver(plan);
    await caughtUp(policy, server, receiver);
    t.deepEqual((await lineage(policy)).gaps, []);
    const kept = await lineage(policy);
    t.is(intervalsOf(kept.timelines[0] as (typeof kept.timelines)[0]).length, 1);
    await receiver.stop();
    const before = storedTo(await newestLineage(policy));

    await server.query(`SELECT pg_drop_replication_slot('${slot}')`);
    for (let round = 0; round < 5; round += 1) {
      await server.query('SELECT pg_switch_wal()');
      await server.query(bulk(100));
      await server.query('CHECKPOINT');
    }
    receiver = startReceiver(plan);
    await caughtUp(policy, server, receiver);
    await server.query(bulk(100));
    await caughtUp(policy, server, receiver);
    await receiver.stop();
    const found = await lineage(policy);
    const [contents] = found.timelines;
    const gaps = contents === undefined ? [] : gapsOf(intervalsOf(contents), found.gaps);
    t.is(gaps.length, 1);
    t.is(gaps[0]?.from, before);
    t.is(gaps[0]?.reason, 'SlotLost');
    t.true((gaps[0]?.to ?? 0n) > before);
    t.deepEqual(found.damaged, []);

    // The next receiver goes on behind the gap, and not before it.
    receiver = startReceiver(plan);
    await server.query(bulk(100));
    await caughtUp(policy, server, receiver);
    await receiver.stop();
    const last = await lineage(policy);
    t.is(intervalsOf(last.timelines[0] as (typeof last.timelines)[0]).length, 2);
    t.is(last.gaps.length, 1);
  },
);

for (const megabytes of [1, 64]) {
  test.serial(`segments of ${megabytes} MB`, async (t) => {
    const base = join(fixture.directory, `template-${megabytes}`);
    await makeCluster(base, [`--wal-segsize=${megabytes}`]);
    await makeRoles(fixture.directory, base);
    const settings = { ...keepingWal, max_wal_size: '8GB', min_wal_size: `${2 * megabytes}MB` };
    const server = await fixture.start(`segments-${megabytes}`, settings, { base });
    const policy = await walPolicy(fixture);
    const plan = await policy.plan(server);
    let receiver = startReceiver(plan);
    await receives(receiver);
    const ledger = await startLedger(server);
    t.teardown(() => ledger.stop());
    await server.query(bulk(60_000));
    await caughtUp(policy, server, receiver);
    await receiver.kill();
    receiver = startReceiver(plan);
    await server.query(bulk(200_000));
    await ledger.stop();
    await caughtUp(policy, server, receiver);
    await receiver.stop();
    const found = await lineage(policy);
    t.is(found.document.segmentBytes, megabytes * 1024 ** 2);
    const checked = await checkAgainst(policy, server, { of: found });
    t.true(checked.bytes > 20 * 1024 ** 2, `${checked.bytes} bytes`);
    const objects = found.timelines[0]?.objects ?? [];
    t.true(objects.every(({ from, to }) => to - from <= 16n * 1024n ** 2n));
    if (megabytes === 1) {
      t.true(found.pages.length > 0 && found.pages.every((page) => page.objects.length >= 64), 'pages are closed every 64 segments');
    }
    const recovered = await recoverFrom(fixture, policy, base);
    t.deepEqual(await missingEntries(recovered, ledger.entries, storedTo(found)), []);
    await recovered.stop('immediate');
  });
}

test.serial('a server that was set back, and one with another history: a new lineage, and the old one stays as it is', async (t) => {
  const server = await fixture.start('original', keepingWal);
  await server.stop('fast');
  const earlier = await copyOf(server, 'earlier');
  const again = await fixture.restart(server);
  const policy = await walPolicy(fixture);
  let receiver = startReceiver(await policy.plan(again));
  await receives(receiver);
  await again.query(bulk(5000));
  await caughtUp(policy, again, receiver);
  await receiver.stop();
  await again.stop('fast');
  const old = await lineage(policy);

  const setBack = await fixture.start('set-back', keepingWal, { base: earlier });
  receiver = startReceiver(await policy.plan(setBack));
  await receives(receiver);
  await setBack.query(bulk(100));
  const behind = await lineage(policy);
  t.not(behind.document.lineageId, old.document.lineageId);
  t.is(behind.document.reason, 'ServerBehindArchive');
  t.is(behind.document.parent?.lineageId, old.document.lineageId);
  await caughtUp(policy, setBack, receiver);
  await receiver.stop();
  await setBack.stop('fast');

  // Two servers, both of timeline 2, that went on from the same past.
  const recovering = async (name: string): Promise<PostgresServer> => {
    const base = join(fixture.directory, `${name}-base`);
    await promisify(execFile)('cp', ['--archive', setBack.dataDirectory, base]);
    await writeFile(join(base, 'recovery.signal'), '');
    await giveToServer(join(base, 'recovery.signal'));
    const started = await fixture.start(name, { ...keepingWal, restore_command: '/bin/false' }, { base });
    await until('it is promoted', async () => (await started.query<{ r: boolean }>('SELECT pg_is_in_recovery() AS r'))[0]?.r === false);
    return started;
  };
  const one = await recovering('one');
  receiver = startReceiver(await policy.plan(one));
  await receives(receiver);
  await one.query(bulk(100));
  await caughtUp(policy, one, receiver, 2);
  await receiver.stop();
  t.is((await lineage(policy)).document.lineageId, behind.document.lineageId, 'a promotion goes on in its lineage');
  await setBack.query('SELECT 1').catch(() => undefined);
  const other = await fixture.restart(setBack);
  await other.query(bulk(100));
  await other.stop('fast');
  const two = await recovering('two');
  receiver = startReceiver(await policy.plan(two));
  await receives(receiver);
  const third = await lineage(policy);
  t.is(third.document.reason, 'OtherHistory');
  await receiver.stop();
});

test.serial(
  'a server that was set back and has outgrown the archive on the same timeline: its WAL is not taken for a continuation',
  async (t) => {
    const server = await fixture.start('snapshot', keepingWal);
    await server.query(bulk(100));
    await server.stop('immediate');
    const earlier = await copyOf(server, 'snapshot-of-the-disk');
    const again = await fixture.restart(server);
    const policy = await walPolicy(fixture);
    let receiver = startReceiver(await policy.plan(again));
    await receives(receiver);
    await again.query(bulk(1000));
    await caughtUp(policy, again, receiver);
    await receiver.stop();
    const end = await flushedLsn(again);
    await again.stop('immediate');
    const old = await lineage(policy);

    const outgrown = await fixture.start('outgrown', keepingWal, { base: earlier });
    await outgrown.query(bulk(3000));
    t.true((await flushedLsn(outgrown)) > end);
    receiver = startReceiver(await policy.plan(outgrown));
    await receives(receiver);
    await caughtUp(policy, outgrown, receiver);
    const found = await lineage(policy);
    t.is(found.document.reason, 'OtherHistory');
    t.deepEqual(found.document.parent, { lineageId: old.document.lineageId, timeline: 1, lsn: lsnText(storedTo(old)) });
    t.true((await checkAgainst(policy, outgrown, { of: found })).segments >= 1);
    await receiver.stop();

    // The next one goes on in the new lineage, and says nothing.
    const next = startReceiver(await policy.plan(outgrown));
    await receives(next);
    await outgrown.query(bulk(100));
    await caughtUp(policy, outgrown, next);
    t.is((await lineage(policy)).document.lineageId, found.document.lineageId);
    t.false(
      next.said.some((line) => line.includes('was not checked')),
      next.said.join('\n'),
    );
    await next.stop();
  },
);

test.serial(
  'two servers that were promoted at one place of one past: the second one has a lineage of its own, though it has written more',
  async (t) => {
    const server = await fixture.start('past', keepingWal);
    await server.query(bulk(100));
    await server.stop('fast');
    const promoted = async (name: string): Promise<PostgresServer> => {
      const base = await copyOf(server, `${name}-of-past`);
      await writeFile(join(base, 'recovery.signal'), '');
      await giveToServer(join(base, 'recovery.signal'));
      const started = await fixture.start(name, { ...keepingWal, restore_command: '/bin/false' }, { base });
      await until('it is promoted', async () => (await started.query<{ r: boolean }>('SELECT pg_is_in_recovery() AS r'))[0]?.r === false);
      return started;
    };
    const policy = await walPolicy(fixture);
    const one = await promoted('twin-one');
    let receiver = startReceiver(await policy.plan(one));
    await receives(receiver);
    await one.query(bulk(200));
    await caughtUp(policy, one, receiver, 2);
    await receiver.stop();
    const old = await lineage(policy);

    const two = await promoted('twin-two');
    await two.query(bulk(2000));
    t.true((await flushedLsn(two)) > storedTo(old, 2));
    receiver = startReceiver(await policy.plan(two));
    await receives(receiver);
    await caughtUp(policy, two, receiver, 2);
    const found = await lineage(policy);
    t.is(found.document.reason, 'OtherHistory');
    t.is(found.document.parent?.lineageId, old.document.lineageId);
    t.deepEqual(found.ancestors.get(2), old.ancestors.get(2));
    await receiver.stop();
  },
);

// The WAL receiver against a real server: under load, killed at any moment, with the server going away, and what it refuses.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import test from 'ava';
import { lsnBytes } from '../../src/api/lsn.ts';
import { makeFixture } from '../engines/server-fixture.ts';
import type { Fixture } from '../engines/server-fixture.ts';
import { acknowledgedLsn, checkAgainst, flushedLsn, lineage, newestLineage, storedTo } from './archive-check.ts';
import { missingEntries, startLedger } from './ledger.ts';
import { keepingWal, killReceivers, startReceiver, until, walPolicy } from './receiver-run.ts';
import type { RunningReceiver } from './receiver-run.ts';
import { recoverFrom } from './recovered.ts';

const rounds = Number(process.env['ROUNDS'] ?? 4);
let fixture: Fixture;

test.before(async () => {
  fixture = await makeFixture();
});
test.after.always(async () => {
  killReceivers();
  await fixture.stop();
});

const bulk = (rows: number): string => `INSERT INTO bulk SELECT n, repeat(md5(n::text || random()), 8) FROM generate_series(1, ${rows}) n`;
const makeBulk = 'CREATE TABLE IF NOT EXISTS bulk (id int, body text)';

test.serial(
  'under load and idle: the archive equals the server, marks vouch for commits, and an idle database loses nothing',
  async (t) => {
    const server = await fixture.start('load', keepingWal);
    const policy = await walPolicy(fixture);
    const receiver = startReceiver(await policy.plan(server));
    await until('it receives', () => receiver.newest() !== undefined, 30, receiver);
    await server.query(makeBulk);
    const ledger = await startLedger(server);
    t.teardown(() => ledger.stop());
    for (let round = 0; round < 6; round += 1) {
      await server.query(bulk(20_000));
      const acknowledged = await acknowledgedLsn(server);
      t.true(storedTo(await newestLineage(policy)) >= acknowledged, 'nothing is acknowledged that no stored document names');
    }
    await ledger.stop();
    const end = await flushedLsn(server);
    await until('all is stored', async () => storedTo(await newestLineage(policy)) >= end, 30, receiver);
    const answered = Date.now();
    await until(
      'a mark vouches for the last commit',
      async () => ((await lineage(policy)).timelines[0]?.marks.at(-1)?.timeMilliseconds ?? 0) > answered - 1500,
      10,
      receiver,
    );
    const found = await lineage(policy);
    const marks = found.timelines[0]?.marks ?? [];
    t.true(marks.length >= 2);
    for (const { timeMilliseconds, lsn } of marks) {
      const late = ledger.entries.filter((entry) => entry.answeredMilliseconds < timeMilliseconds - 5 && entry.lsn > lsn + 8192n * 8n);
      t.deepEqual(late, [], 'a commit that was answered before the time of a mark lies before its place');
    }
    const checked = await checkAgainst(policy, server, { of: found });
    t.true(checked.segments >= 3, `${checked.segments} segments`);
    t.true(found.document.systemIdentifier.length > 10 && found.document.reason === 'FirstArchive');

    const result = await receiver.stop();
    t.is(result?.outcome, 'Succeeded');
    t.is(storedTo(await newestLineage(policy)), lsnBytes(result?.storedLsn ?? '0/0'));
    const [slot] = await server.query('SELECT active FROM pg_replication_slots');
    t.deepEqual(slot, { active: false }, 'the slot is let go at once');
  },
);

test.serial('killed at any moment: nothing acknowledged is missing, nothing overlaps, and recovery finds every commit', async (t) => {
  const server = await fixture.start('killed', keepingWal);
  const policy = await walPolicy(fixture);
  const plan = await policy.plan(server, { flushSeconds: 0.1 });
  let receiver: RunningReceiver = startReceiver(plan);
  await until('it receives', () => receiver.newest() !== undefined, 30, receiver);
  await server.query(makeBulk);
  const ledger = await startLedger(server, { pauseMilliseconds: 1 });
  t.teardown(() => ledger.stop());
  for (let round = 0; round < rounds; round += 1) {
    const writing = server.query(bulk(10_000 + Math.floor(Math.random() * 20_000)));
    await pause(Math.random() * 1200);
    await receiver.kill();
    const acknowledged = await acknowledgedLsn(server);
    const stored = storedTo(await newestLineage(policy));
    t.true(stored >= acknowledged, `round ${round}: ${stored} is stored and ${acknowledged} acknowledged`);
    await writing;
    receiver = startReceiver(plan);
    if (round % 2 === 0) {
      // The next one is killed before it has begun; this one gets on, also on a machine that is slow.
      await until('it gets on', async () => storedTo(await newestLineage(policy)) > stored, 120, receiver);
    }
  }
  const receiving = receiver;
  const middle = await flushedLsn(server);
  // Those that were killed left it as much to fetch as they had time to.
  const patience = 40 + rounds;
  await until('the last one has caught up', async () => storedTo(await newestLineage(policy)) >= middle, patience, receiving);
  await pause(Math.random() * 300);
  await ledger.stop();
  // The server is lost at once, and only what is acknowledged counts.
  const acknowledged = await acknowledgedLsn(server);
  await receiver.kill();
  const checked = await checkAgainst(policy, server);
  t.true(checked.segments >= 2);
  const recovered = await recoverFrom(fixture, policy, fixture.template);
  t.true(ledger.entries.length > 50);
  t.deepEqual(await missingEntries(recovered, ledger.entries, acknowledged), []);
  await recovered.stop('immediate');
});

test.serial(
  'the connection breaks again and again with much under way: the same receiver goes on, and what it had stored counts',
  async (t) => {
    const server = await fixture.start('broken', keepingWal);
    const policy = await walPolicy(fixture);
    const receiver = startReceiver(await policy.plan(server, { flushSeconds: 0.1 }));
    await until('it receives', () => receiver.newest() !== undefined, 30, receiver);
    await server.query(makeBulk);
    for (let round = 0; round < 15; round += 1) {
      const writing = server.query(bulk(60_000));
      await pause(100 + Math.random() * 500);
      await server.query('SELECT pg_terminate_backend(pid) FROM pg_stat_replication');
      await writing;
    }
    const end = await flushedLsn(server);
    await until('all is stored', async () => storedTo(await newestLineage(policy)) >= end, 60, receiver);
    await checkAgainst(policy, server);
    t.deepEqual((await lineage(policy)).gaps, []);
    t.is((await receiver.stop())?.outcome, 'Succeeded', receiver.said.slice(-5).join('\n'));
  },
);

test.serial('the server crashes and comes back: the receiver goes on by itself', async (t) => {
  const server = await fixture.start('crash', keepingWal);
  const policy = await walPolicy(fixture);
  const receiver = startReceiver(await policy.plan(server));
  await until('it receives', () => receiver.newest() !== undefined, 30, receiver);
  await server.query(makeBulk);
  await server.query(bulk(2000));
  await server.stop('immediate');
  await pause(300);
  const again = await fixture.restart(server);
  await again.query(bulk(20_000));
  const end = await flushedLsn(again);
  await until('all is stored', async () => storedTo(await newestLineage(policy)) >= end, 40, receiver);
  t.true((await checkAgainst(policy, again)).segments >= 1);
  t.is((await lineage(policy)).gaps.length, 0);
  await receiver.stop();
});

test.serial(
  'a second receiver, a foreign database, and settings that harm: each is refused with its name, and nothing of it is stored',
  async (t) => {
    const server = await fixture.start('refusals', keepingWal);
    const policy = await walPolicy(fixture);
    const plan = await policy.plan(server);
    const first = startReceiver(plan);
    await until('it receives', () => first.newest() !== undefined, 30, first);
    const second = startReceiver({ ...plan, mode: 'Once' });
    await until('it is refused', () => second.said.some((line) => line.includes('SlotInUse')), 30, second);
    const refused = await second.stop();
    t.is(refused?.outcome, 'Failed');
    t.is(refused?.code, 'Interrupted');
    await first.stop();

    const before = await newestLineage(policy);
    const foreign = await fixture.startForeign('foreign', keepingWal);
    const foreignResult = await startReceiver(await policy.plan(foreign)).ended;
    t.is(foreignResult?.code, 'ForeignDatabase');
    t.is(foreignResult?.category, 'Configuration');
    t.deepEqual(await newestLineage(policy), before);
    t.deepEqual(await foreign.query('SELECT slot_name FROM pg_replication_slots'), []);

    const careless = await fixture.start('careless', { ...keepingWal, max_slot_wal_keep_size: '-1' });
    const unsafe = await startReceiver(await (await walPolicy(fixture)).plan(careless)).ended;
    t.is(unsafe?.code, 'SlotUnsafe');
    t.deepEqual(await careless.query('SELECT slot_name FROM pg_replication_slots'), []);

    const poor = await fixture.start('poor', { ...keepingWal, wal_level: 'minimal', max_wal_senders: '0' });
    const minimal = await startReceiver(await (await walPolicy(fixture)).plan(poor)).ended;
    t.is(minimal?.code, 'SourceMisconfigured');
    t.regex(minimal?.message ?? '', /wal_level/);
    await rm(join(policy.directory, 'local'), { recursive: true });
  },
);

const itWaits = ({ said }: RunningReceiver): Promise<void> =>
  until('it waits', () => said.some((line) => line.includes('Waiting for what the server has')));

test.serial('a barrier waits until all that is committed is stored; a scheduled receiver stores it and ends', async (t) => {
  const server = await fixture.start('barrier', keepingWal);
  const policy = await walPolicy(fixture);
  const plan = await policy.plan(server, { flushSeconds: 1, deadlineSeconds: 20 });
  await server.query(makeBulk);
  const once = startReceiver({ ...plan, mode: 'Once' });
  const stored = await once.ended;
  t.is(stored?.outcome, 'Succeeded', once.said.join('\n'));
  t.true(lsnBytes(stored?.storedLsn ?? '0/0') >= (await flushedLsn(server)) - 8192n);
  t.true(Date.now() - Date.parse(stored?.restorableTo ?? '') < 20_000);

  await server.query(bulk(2000));
  const end = await flushedLsn(server);
  t.true(storedTo(await newestLineage(policy)) < end, 'nobody receives');
  const lonely = await startReceiver({ ...plan, mode: 'Barrier', deadlineSeconds: 2 }).ended;
  t.is(lonely?.code, 'DeadlineExceeded');
  t.regex(lonely?.message ?? '', /raise spec\.jobs\.deadlines\.log/);
  const idle = await startReceiver({ ...plan, mode: 'Barrier', stallSeconds: 1 }).ended;
  t.deepEqual([idle?.code, idle?.category, idle?.retryable], ['ReceiverNotAtWork', 'Source', true]);
  t.regex(idle?.message ?? '', /for 2 s nobody holds the replication slot "holdfast_shop_shop_db"/);

  const receiver = startReceiver(plan);
  const waited = await startReceiver({ ...plan, mode: 'Barrier' }).ended;
  t.is(waited?.outcome, 'Succeeded');
  t.true(lsnBytes(waited?.storedLsn ?? '0/0') >= end);
  t.true(storedTo(await newestLineage(policy)) >= lsnBytes(waited?.storedLsn ?? '0/0'));
  await receiver.stop();

  // A server that is away for a moment ends no Log.
  await server.query(bulk(2000));
  const waiting = startReceiver({ ...plan, mode: 'Barrier' });
  await itWaits(waiting);
  await server.stop('immediate');
  await pause(3000);
  const restarted = await fixture.restart(server);
  const again = startReceiver(await policy.plan(restarted, { flushSeconds: 1 }));
  t.is((await waiting.ended)?.outcome, 'Succeeded', waiting.said.join('\n'));
  await again.stop();

  // One that goes away for good while nobody receives: what was seen before is not forgotten.
  const begins = async (): Promise<RunningReceiver> => {
    const log = startReceiver({ ...plan, mode: 'Barrier', stallSeconds: 1 });
    await itWaits(log);
    await pause(300);
    return log;
  };
  await restarted.query(bulk(2000));
  const blind = await begins();
  await restarted.stop('immediate');
  const told = await blind.ended;
  t.is(told?.code, 'ReceiverNotAtWork');
  t.regex(
    told?.message ?? '',
    /for 2 s nobody holds the replication slot "[^"]+"\. The last time it was asked: PostgreSQL at \S+ does not answer/,
  );

  // And while somebody does: then only the server is to blame.
  const last = await fixture.restart(restarted);
  const held = startReceiver(await policy.plan(last, { flushSeconds: 1 }));
  await until('it receives', () => held.newest() !== undefined, 30, held);
  held.child.kill('SIGSTOP');
  await last.query(bulk(2000));
  const served = await begins();
  await last.stop('immediate');
  t.is((await served.ended)?.code, 'SourceUnreachable');
  await held.kill();
});

// The same from a bucket over TLS: a copy with incompressible rows, WAL behind it, and the plan's measure of the store.
import { join } from 'node:path';
import test from 'ava';
import { runHere } from '../commands/capture.ts';
import { startVersitygw } from '../stores/servers.ts';
import { until } from '../wal/receiver-run.ts';
import { commitFor, makeLedger, readCommits, whenStored } from './commits.ts';
import { asServer, makeWorld } from './world.ts';

test('a bucket: one backup, and the newest point by its WAL; the plan tells how fast the store is', async (t) => {
  const store = await startVersitygw();
  t.teardown(() => store.stop());
  const location = store.location('shop/shop');
  const world = await makeWorld(location);
  t.teardown(() => world.stop());
  const server = await world.fixture.start('main', { track_commit_timestamp: 'on', max_slot_wal_keep_size: '1GB' });
  await makeLedger(server);
  await server.query(
    `CREATE TABLE noise AS SELECT string_agg(md5(n::text || random()), '') AS body FROM generate_series(1, 200000) AS n GROUP BY n % 2000`,
  );
  const receiver = await world.receive(server);
  t.teardown(() => receiver.kill());
  await until('it receives', () => receiver.newest() !== undefined, 60, receiver);
  const id = await world.backUp(server, new Date().toISOString().replace(/\.\d+/, ''), {
    logical: { enabled: false, databases: [], globals: false, credentialsDirectory: '' },
  });
  await commitFor(server, 500);
  await whenStored(server, receiver);
  const commits = await readCommits(server);
  await receiver.stop();

  const from = ['--from', 's3://holdfast/shop/shop', '--endpoint', store.endpoint, '--ca-file', store.certificates.caFile];
  const options = [
    ...from,
    '--credentials-dir',
    location.kind === 's3' ? (location.credentialsDirectory ?? '') : '',
    '--identity',
    world.identityFile,
  ];
  const plan = await runHere(['plan', 'restore', ...options, '--latest', '--to', join(world.fixture.directory, 'x'), '-o', 'json'], {
    now: Date.now,
  });
  t.is(plan.code, 0, plan.stderr);
  const { reading, fetchBytes, reaches } = JSON.parse(plan.stdout);
  t.is(reaches.target, 'to its end');
  t.is(reading.seconds, Math.ceil(fetchBytes / reading.bytesPerSecond));
  t.true(fetchBytes > 4 * 1024 ** 2 && reading.bytesPerSecond > 100_000, JSON.stringify(reading));

  const named = join(world.fixture.directory, 'named');
  const restored = await runHere(['restore', ...options, '--backup', id, '--to', named, ...asServer], { now: Date.now });
  t.is(restored.code, 0, restored.stderr);
  const before = await world.startOn(named);
  t.deepEqual(await before.query('SELECT count(*)::int AS n FROM ledger'), [{ n: 0 }]);
  t.deepEqual(
    await before.query('SELECT md5(string_agg(body, body ORDER BY body)) AS d FROM noise'),
    await server.query('SELECT md5(string_agg(body, body ORDER BY body)) AS d FROM noise'),
  );

  const newest = join(world.fixture.directory, 'newest');
  await world.recover({ point: { kind: 'latest' } }, newest);
  const after = await world.startOn(newest);
  t.deepEqual(
    (await after.query<{ id: number }>('SELECT id FROM ledger ORDER BY id')).map((row) => row.id),
    commits.map((commit) => commit.id),
  );
  t.true(commits.length > 10);
});

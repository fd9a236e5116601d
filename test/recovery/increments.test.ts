// A chain of a real PostgreSQL 17 through the whole way: increments into the store, back by `restore`, and the whole copies that are forced.
import { execFile } from 'node:child_process';
import { appendFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import test from 'ava';
import type { ComponentEntry } from '../../src/api/stored/backup.ts';
import { readManifest } from '../../src/archive/documents.ts';
import { fetchChain } from '../../src/archive/recovery/fetch-chain.ts';
import { identitiesIn, openAttemptKey } from '../../src/archive/recovery/keys.ts';
import { openRepository } from '../../src/archive/repository.ts';
import { readVerifiers } from '../../src/archive/signing/keys.ts';
import { openDirectory } from '../../src/stores/directory.ts';
import { silent } from '../engines/agent-run.ts';
import { combine, differences, extract } from '../engines/increment-chain.ts';
import type { PostgresServer } from '../engines/postgres-server.ts';
import { hba } from '../engines/server-fixture.ts';
import { giveToServer } from '../engines/toolbox.ts';
import { keepingWal } from '../wal/receiver-run.ts';
import { asServer, makeWorld } from './world.ts';
import type { World } from './world.ts';

let world: World;
let server: PostgresServer;

// By the configuration, so that it can be switched off.
const summarize = async (): Promise<void> => {
  await server.query('ALTER SYSTEM SET summarize_wal = on');
  await server.query('SELECT pg_reload_conf()');
};

test.before(async () => {
  world = await makeWorld();
  server = await world.fixture.start('source');
  await summarize();
  await server.query(
    'CREATE TABLE orders AS SELECT i AS id, 0 AS changed, repeat(md5(i::text), 4) AS filler FROM generate_series(1, 60000) AS i',
  );
});

test.after.always(() => world?.stop());

const question = 'SELECT count(*)::int AS rows, sum(changed)::int AS changed, max(id)::int AS last FROM orders';

// What somebody does who has age, zstd, tar and PostgreSQL's own tools.
const byHand = async (id: string): Promise<string> => {
  const archive = join(world.fixture.directory, `${id}.tar`);
  const script = String.raw`
    key=$(age -d -i "$1" "$2/keys/$3.db.1/"*.age)
    cat "$2/data/$3/db/1/base.tar.zst.age."* | age -d -i <(printf '%s\n' "$key") | zstd -dcq >"$4"`;
  await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script, 'open', world.identityFile, world.directory, id, archive]);
  const directory = join(world.fixture.directory, id);
  await extract(archive, directory);
  return directory;
};

// As the plan of a restore opens them.
const linksOf = async (...ids: string[]) => {
  const store = openDirectory({ kind: 'directory', directory: world.directory });
  const { repositoryId } = await openRepository(store);
  const identities = identitiesIn(await readFile(world.identityFile, 'utf8'));
  const chain = await Promise.all(
    ids.map(async (id) => {
      const { manifest } = await readManifest(store, id, repositoryId, readVerifiers([world.verificationKey]));
      const component = manifest.components[0] as ComponentEntry;
      return { manifest, component, identity: await openAttemptKey(store, component, identities) };
    }),
  );
  return { store, chain };
};

test.serial('a Full and two increments come back in place, and equal what pg_combinebackup makes of them', async (t) => {
  const full = await world.backUp(server, '2026-11-22T02:00:00Z');
  await server.query(
    `UPDATE orders SET changed = 1 WHERE id % 500 = 0; CREATE TABLE gone AS SELECT 1 AS a; DELETE FROM orders WHERE id > 59000`,
  );
  await server.query('VACUUM orders');
  const first = await world.backUpOn(server, '2026-11-22T08:00:00Z', { parentId: full });
  await server.query(
    `UPDATE orders SET changed = changed + 1 WHERE id % 1000 = 0; INSERT INTO orders VALUES (70000, 5, 'last'); DROP TABLE gone`,
  );
  await server.query('VACUUM FULL orders');
  const second = await world.backUpOn(server, '2026-11-22T14:00:00Z', { parentId: first.id });
  t.is(first.result.outcome, 'Succeeded', first.result.message);
  t.like(first.result, { parent: full, whole: undefined });
  t.like(second.result, { outcome: 'Succeeded', parent: first.id });

  const now = await server.query(question);
  const to = join(world.fixture.directory, 'joined');
  const restored = await world.run('restore', '--backup', second.id, '--to', to, ...asServer);
  t.is(restored.code, 0, restored.stderr);
  const directories = [await byHand(full), await byHand(first.id), await byHand(second.id)];
  const combined = join(world.fixture.directory, 'combined');
  await combine(directories, combined);
  const apart = (await differences(to, combined)).filter((each) => !/^(?:holdfast|postgresql\.|pg_hba)/.test(each));
  t.deepEqual(apart, []);

  // The way out for a form that is not known.
  const fallBack = join(world.fixture.directory, 'fall-back');
  const beside = join(world.fixture.directory, 'beside');
  await Promise.all([fallBack, beside].map((folder) => mkdir(folder, { mode: 0o700 })));
  const context = { signal: AbortSignal.timeout(60_000), progress: () => undefined, log: silent };
  const { store, chain } = await linksOf(full, first.id, second.id);
  await fetchChain({ store, chain, major: 17, directory: fallBack, beside, fetchBytes: 0, inPlace: [] }, context);
  t.deepEqual(await differences(fallBack, combined), []);
  t.deepEqual(await readdir(beside), [], 'nothing is left behind');

  const joined = await world.startOn(to);
  t.deepEqual(await joined.query(question), now);
  t.deepEqual(await joined.query(`SELECT to_regclass('gone')::text AS gone`), [{ gone: null }]);
  await promisify(execFile)('chown', ['--recursive', '65532:65532', combined]);
  const stock = await world.startOn(combined);
  t.deepEqual(await stock.query(question), now);
});

test.serial('an increment stores little', async (t) => {
  const full = await world.backUp(server, '2026-11-23T02:00:00Z', { logical: noDumps });
  await server.query('UPDATE orders SET changed = changed + 1 WHERE id < 200');
  const { result } = await world.backUpOn(server, '2026-11-23T08:00:00Z', { parentId: full, changes: { logical: noDumps } });
  t.is(result.outcome, 'Succeeded', result.message);
  const { stdout } = await promisify(execFile)('du', ['-sb', join(world.directory, 'data', full, 'db/1')]);
  t.true((result.bytes ?? Infinity) < Number.parseInt(stdout, 10) / 2, `${result.bytes} of ${stdout}`);
});

test.serial('an idle standby has no checkpoint that an increment could begin at: the copy is whole, and Required fails', async (t) => {
  const settings = { ...keepingWal, summarize_wal: 'on' };
  const primary = await world.fixture.start('busy', settings, { hba: ['local replication postgres trust', ...hba] });
  const standby = await world.fixture.start('idle', settings, {
    async prepare(directory) {
      await writeFile(join(directory, 'standby.signal'), '');
      const conninfo = `host=${primary.socketDirectory} port=${primary.port} user=postgres`;
      await appendFile(join(directory, 'postgresql.auto.conf'), `primary_conninfo = '${conninfo}'\n`);
      await giveToServer(join(directory, 'standby.signal'));
    },
  });
  await primary.query('CREATE TABLE quiet AS SELECT generate_series(1, 1000) AS i; CHECKPOINT');
  await pause(1000);
  const full = await world.backUp(standby, '2026-11-25T02:00:00Z', { logical: noDumps });
  const on = async (hour: string, required = false) =>
    (await world.backUpOn(standby, `2026-11-25T${hour}:00:00Z`, { parentId: full, required, changes: { logical: noDumps } })).result;
  const whole = await on('03');
  t.like(whole, { outcome: 'Succeeded', parent: undefined, whole: { reason: 'ServerRefused' } });
  t.regex(whole.whole?.message ?? '', /but this backup starts at/);
  t.like(await on('04', true), { outcome: 'Failed', code: 'SourceFailed', retryable: true });
  await primary.query('INSERT INTO quiet SELECT generate_series(1, 1000); CHECKPOINT');
  await pause(1000);
  t.like(await on('05'), { outcome: 'Succeeded', parent: full, whole: undefined });
});

const noDumps = { enabled: false, databases: [], globals: false, credentialsDirectory: '' };

test.serial(
  'set back to a copy of its directory, on the same timeline: no increment builds on a backup of the history that was left',
  async (t) => {
    const settings = { ...keepingWal, summarize_wal: 'on' };
    const kept = join(world.fixture.directory, 'snapshot');
    let alive = await world.fixture.start('alive', settings);
    await alive.query('CREATE TABLE notes AS SELECT i AS id, repeat(md5(i::text), 8) AS text FROM generate_series(1, 5000) AS i');
    const oldest = await world.backUp(alive, '2026-11-26T01:00:00Z', { logical: noDumps });
    await alive.stop();
    await promisify(execFile)('cp', ['--archive', alive.dataDirectory, kept]);
    alive = await world.fixture.startAgain('alive', settings);
    await alive.query(`UPDATE notes SET text = 'abandoned'`);
    const left = await world.backUp(alive, '2026-11-26T02:00:00Z', { logical: noDumps });
    await alive.stop();

    const back = await world.fixture.start('set-back', settings, { base: kept });
    const on = async (hour: string, parentId: string) =>
      (await world.backUpOn(back, `2026-11-26T${hour}:00:00Z`, { parentId, changes: { logical: noDumps } })).result;
    const early = await on('03', left);
    t.like(early, { outcome: 'Succeeded', parent: undefined, whole: { reason: 'HistoryChanged' } });
    t.regex(early.whole?.message ?? '', /set back/);
    // It writes more than the old one had: by its place, its timeline and its summaries it is a continuation.
    await back.query(`INSERT INTO notes SELECT i, 'new' FROM generate_series(1, 60000) AS i; SELECT pg_switch_wal()`);
    await back.query('CHECKPOINT');
    await pause(1000);
    const late = await on('04', left);
    t.like(late, { outcome: 'Succeeded', parent: undefined, whole: { reason: 'HistoryChanged' } });
    // What both histories have in common can be built on, and so can what came after.
    const common = await on('05', oldest);
    t.like(common, { outcome: 'Succeeded', parent: oldest, whole: undefined });
    t.like(await on('06', late.backupId ?? ''), { outcome: 'Succeeded', parent: late.backupId, whole: undefined });
  },
);

test.serial('a whole copy is forced, and says why: summaries off, a hole in them, another timeline', async (t) => {
  const full = await world.backUp(server, '2026-11-24T02:00:00Z', { logical: noDumps });
  const on = async (hour: string, required = false) =>
    (await world.backUpOn(server, `2026-11-24T${hour}:00:00Z`, { parentId: full, required, changes: { logical: noDumps } })).result;

  await server.query('ALTER SYSTEM SET summarize_wal = off');
  await server.query('SELECT pg_reload_conf()');
  await pause(200);
  t.like(await on('03'), { outcome: 'Succeeded', parent: undefined, whole: { reason: 'SummariesOff' } });
  const { message, ...refused } = await on('04', true);
  t.like(refused, { outcome: 'Failed', code: 'IncrementRefused', category: 'Configuration', retryable: false });
  t.regex(message ?? '', /ALTER SYSTEM SET summarize_wal = on/);

  await summarize();
  await server.query('CREATE TABLE later AS SELECT generate_series(1, 1000) AS i; CHECKPOINT');
  await pause(500);
  await rm(join(server.dataDirectory, 'pg_wal/summaries'), { recursive: true });
  await mkdir(join(server.dataDirectory, 'pg_wal/summaries'));
  await giveToServer(join(server.dataDirectory, 'pg_wal/summaries'));
  t.like(await on('05'), { outcome: 'Succeeded', whole: { reason: 'SummariesMissing' } });

  await server.stop();
  await writeFile(join(server.dataDirectory, 'standby.signal'), '');
  server = await world.fixture.startAgain('source');
  await server.query('SELECT pg_promote()');
  t.like(await on('06'), { outcome: 'Succeeded', whole: { reason: 'TimelineChanged' } });
});

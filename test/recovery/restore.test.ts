// A physical copy of a real server, brought back by `restore --to` as a user would, and every way in which it is refused.
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { copyFile, cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { makeRepository as otherKeys } from '../engines/agent-run.ts';
import type { PostgresServer } from '../engines/postgres-server.ts';
import { configure } from '../engines/postgres-server.ts';
import { giveToServer, serverUid } from '../engines/toolbox.ts';
import { asServer, makeWorld } from './world.ts';
import type { World } from './world.ts';

let world: World;
let server: PostgresServer;
let older: string;
let newer: string;

const inWorld = (name: string): string => join(world.fixture.directory, name);
const archived = (): string[] => (existsSync(inWorld('archive')) ? readdirSync(inWorld('archive')) : []);
// What stands beside the target that should not.
const leftovers = (): string[] => readdirSync(world.fixture.directory).filter((name) => name.includes('.holdfast-'));

test.before(async () => {
  world = await makeWorld();
  mkdirSync(inWorld('archive'));
  await giveToServer(inWorld('archive'));
  await configure(world.fixture.template, [
    'archive_mode = on',
    `archive_command = 'touch ${inWorld('archive')}/%f'  # the old archive`,
    "include_if_exists = 'more.conf'",
  ]);
  await writeFile(join(world.fixture.template, 'more.conf'), "synchronous_standby_names = ''\nmax_logical_replication_workers 3\n");
  server = await world.fixture.start('main', { archive_mode: 'off' });
  await server.query(`ALTER SYSTEM SET primary_conninfo = 'host=the-old-primary'`);
  await server.query(`ALTER SYSTEM SET work_mem = '5MB'`);
  await server.query('CREATE TABLE kept AS SELECT n, md5(n::text) AS text FROM generate_series(1, 20000) AS n');
  older = await world.backUp(server, '2026-11-22T02:00:00Z');
  await server.query('INSERT INTO kept SELECT n, md5(n::text) FROM generate_series(20001, 20005) AS n');
  newer = await world.backUp(server, '2026-11-23T02:00:00Z');
});

test.after.always(() => world?.stop());

const sum = 'SELECT count(*)::int AS rows, md5(string_agg(text, n::text ORDER BY n)) AS digest FROM kept';

test.serial('the newest backup comes back as a directory that a server starts on, with every row', async (t) => {
  const to = inWorld('newest');
  const { code, stdout, stderr } = await world.run('restore', '--latest', '--to', to, ...asServer);
  t.is(code, 0, stderr);
  t.regex(stderr, new RegExp(`fetch +Full ${newer} `));
  t.regex(stdout, /\d+ files, all there with their sizes; every checksum is right \(pg_verifybackup\)/);
  t.regex(stdout, new RegExp(`pg_ctl --pgdata=${to} `));
  t.is(statSync(to).mode & 0o777, 0o700);
  t.is(statSync(join(to, 'PG_VERSION')).uid, serverUid);
  t.deepEqual(leftovers(), []);
  const restored = await world.startOn(to);
  t.deepEqual(await restored.query(sum), await server.query(sum));
  t.like(await restored.query(sum), { 0: { rows: 20_005 } });
});

test.serial('a named backup comes back as it was, onto an empty folder too', async (t) => {
  const to = inWorld('named');
  mkdirSync(to);
  const { code, stderr } = await world.run('restore', '--backup', older, '--to', to, ...asServer);
  t.is(code, 0, stderr);
  const restored = await world.startOn(to);
  t.like(await restored.query(sum), { 0: { rows: 20_000 } });
});

test.serial('a restored server does not act on the world, a person can see why, and undo it', async (t) => {
  const to = inWorld('defused');
  const { code, stdout, stderr } = await world.run('restore', '--latest', '--to', to, ...asServer);
  t.is(code, 0, stderr);
  t.regex(stdout, /^ {2}archive_mode, was on in postgresql\.conf$/m);
  t.regex(stdout, /^ {2}primary_conninfo, was host=the-old-primary in postgresql\.auto\.conf$/m);
  t.regex(stdout, /^ {2}max_logical_replication_workers, was 3 in more\.conf$/m);
  t.notRegex(stdout, /work_mem/);
  t.regex(readFileSync(join(to, 'holdfast.conf'), 'utf8'), /^archive_command = ''  # .*Was 'touch .*archive\/%f' in postgresql\.conf\.$/m);
  t.regex(readFileSync(join(to, 'postgresql.auto.conf'), 'utf8'), /^#holdfast: primary_conninfo = 'host=the-old-primary'$/m);
  const restored = await world.startOn(to);
  const shown = await restored.query<{ name: string; setting: string }>(
    `SELECT name, setting FROM pg_settings WHERE name IN ('archive_mode', 'archive_command', 'primary_conninfo', 'max_logical_replication_workers', 'work_mem') ORDER BY name`,
  );
  t.deepEqual(
    shown.map(({ name, setting }) => `${name}=${setting}`),
    ['archive_command=(disabled)', 'archive_mode=off', 'max_logical_replication_workers=0', 'primary_conninfo=', 'work_mem=5120'],
  );
  await restored.query('INSERT INTO kept VALUES (0); SELECT pg_switch_wal()');
  await restored.query('CHECKPOINT');
  t.deepEqual(archived(), []);
  await restored.stop();
  // Undone as the file says: the last line of postgresql.conf away.
  const main = join(to, 'postgresql.conf');
  writeFileSync(main, readFileSync(main, 'utf8').replace(/^.*include_if_exists = 'holdfast\.conf'.*$/m, ''));
  const undone = await world.startOn(to);
  await undone.query('INSERT INTO kept VALUES (-1); SELECT pg_switch_wal()');
  for (let tries = 0; tries < 100 && archived().length === 0; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  t.not(archived().length, 0);
  await undone.stop();
});

test.serial('--keep leaves a setting as it was', async (t) => {
  const to = inWorld('kept');
  const { code, stderr } = await world.run('restore', '--latest', '--to', to, '--keep', 'primary_conninfo', ...asServer);
  t.is(code, 0, stderr);
  t.notRegex(readFileSync(join(to, 'holdfast.conf'), 'utf8'), /^primary_conninfo/m);
  t.regex(readFileSync(join(to, 'postgresql.auto.conf'), 'utf8'), /^primary_conninfo = 'host=the-old-primary'$/m);
  const unknown = await world.run('restore', '--latest', '--to', inWorld('x'), '--keep', 'work_mem', ...asServer);
  t.is(unknown.code, 2);
});

test.serial('the plan is printed for people and for tools, and changes nothing', async (t) => {
  const to = inWorld('planned');
  const { code, stdout, stderr } = await world.run('plan', 'restore', '--latest', '--to', to);
  t.is(code, 0, stderr);
  t.regex(stdout, /^REACHES +every commit before \S+Z, LSN \S+, timeline 1$/m);
  t.regex(stdout, /^TAKES +\d[\d.]* MB of room; [\d.]+ GB are free$/m);
  const plan = JSON.parse((await world.run('plan', 'restore', '--backup', older, '--to', to, '-o', 'json')).stdout);
  t.is(plan.chain[0].backupId, older);
  t.regex(plan.lost, /There is 1 newer backup/);
  // Room for the files is neither guessed nor far off.
  const used = statSync(inWorld('newest/base')).isDirectory() ? plan.spaceBytes / 1024 ** 2 : 0;
  t.true(used > 90 && used < 250, String(used));
  t.false(existsSync(to));
});

test.serial('refused: a target that is not empty stays as it is, and the next command would work', async (t) => {
  const to = inWorld('full');
  mkdirSync(to);
  writeFileSync(join(to, 'mine'), 'precious');
  const { code, stdout, stderr } = await world.run('restore', '--latest', '--to', to, ...asServer);
  t.is(code, 4);
  t.is(stdout, '');
  t.regex(stderr, /^Error \(TargetNotEmpty\): .*is not empty \(it holds mine\)/m);
  const [, command = ''] = /^Next: kubectl holdfast (.*)$/m.exec(stderr) ?? [];
  t.deepEqual(readdirSync(to), ['mine']);
  t.deepEqual(leftovers(), []);
  const next = await world.run(...command.split(' ').filter((word) => word !== ''));
  t.is(next.code, 0, next.stderr);
  t.true(existsSync(join(`${to}.restored`, 'PG_VERSION')));
});

test.serial('refused: another identity, an unknown signer, a backup that is not there', async (t) => {
  const to = inWorld('refused');
  const stranger = await otherKeys(inWorld('stranger'));
  const args = ['restore', '--from', world.directory, '--latest', '--to', to, ...asServer];
  const key = inWorld('verification-keys.yaml');
  await writeFile(key, `verificationKeys:\n  - id: ${world.verificationKey.id}\n    key: ${world.verificationKey.key}\n`);
  const run = async (...more: string[]) => {
    const { runHere } = await import('../commands/capture.ts');
    return runHere([...args, ...more], { now: Date.now });
  };
  const closed = await run('--identity', stranger.identityFile, '--verification-key', key);
  t.is(closed.code, 4, closed.stderr);
  t.regex(closed.stderr, /^Error \(KeyUnavailable\): The identity does not open the backup /);
  t.regex(closed.stderr, /--identity <the identity of one of its recipients>/);
  const forged = inWorld('forged.yaml');
  const other = stranger.plan({} as never).verificationKeys[0] as { id: string; key: string };
  await writeFile(forged, `verificationKeys:\n  - id: ${other.id}\n    key: ${other.key}\n`);
  const unknown = await run('--identity', world.identityFile, '--verification-key', forged);
  t.not(unknown.code, 0);
  t.regex(unknown.stderr, /\((SourceVerificationFailed|SignerUnknown)\)/);
  const missing = await world.run('restore', '--backup', '20200101T000000Z-full-00000000', '--to', to, ...asServer);
  t.is(missing.code, 4);
  t.regex(missing.stderr, new RegExp(`\\(BackupNotFound\\)[^]*--backup ${newer}`));
  t.false(existsSync(to));
  t.deepEqual(leftovers(), []);
});

test.serial('an object that is gone is refused before anything is read; one that was changed fails, and leaves nothing', async (t) => {
  const to = inWorld('damaged');
  const base = join(world.directory, `data/${newer}/db/1/base.tar.zst.age.00001`);
  const saved = inWorld('saved');
  await copyFile(base, saved);
  const bytes = await readFile(base);
  bytes[Math.floor(bytes.length / 2)] = (bytes[Math.floor(bytes.length / 2)] ?? 0) ^ 1;
  await writeFile(base, bytes);
  try {
    const changed = await world.run('restore', '--latest', '--to', to, ...asServer);
    t.is(changed.code, 1);
    t.regex(changed.stderr, /\((DigestMismatch|DecryptionFailed)\)/);
    await rm(base);
    const gone = await world.run('restore', '--latest', '--to', to, ...asServer);
    t.is(gone.code, 4);
    t.regex(gone.stderr, /\(SourceVerificationFailed\).*base\.tar/);
  } finally {
    await cp(saved, base);
  }
  t.false(existsSync(to));
  t.deepEqual(leftovers(), []);
});

test('wrong use is said before anything is done', async (t) => {
  const table: [string[], RegExp][] = [
    [['restore', '--to', '/tmp/x'], /exactly one of --latest/],
    [['restore', '--latest', '--backup', 'b', '--to', '/tmp/x'], /exactly one of --latest/],
    [['restore', '--latest'], /--to/],
    [['restore', '--latest', '--to', '/tmp/x', '--owner', 'nobody-of-that-name'], /--owner/],
    [['restore', '--latest', '--to', '/tmp/x', '--owner', '0:0'], /does not run as root/],
  ];
  for (const [args, message] of table) {
    const { code, stderr } = await world.run(...args);
    t.is(code, 2, args.join(' '));
    t.regex(stderr, message);
  }
});

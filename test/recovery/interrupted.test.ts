// Ctrl-C while `restore` works: it ends soon and says so, the target is as it was, nothing stays beside it, and nobody works on.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import test from 'ava';
import { root } from '../commands/capture.ts';
import type { PostgresServer } from '../engines/postgres-server.ts';
import { keepingWal } from '../wal/receiver-run.ts';
import { asServer, makeWorld } from './world.ts';
import type { World } from './world.ts';

let world: World;
let server: PostgresServer;

test.before(async () => {
  world = await makeWorld();
  server = await world.fixture.start('source', keepingWal);
  await server.query('CREATE TABLE bulk AS SELECT n, md5(n::text) AS text FROM generate_series(1, 400000) AS n');
  const receiver = await world.receive(server);
  await world.backUp(server, '2026-11-22T02:00:00Z', {
    logical: { enabled: false, databases: [], globals: false, credentialsDirectory: '' },
  });
  await server.query('INSERT INTO bulk SELECT n, md5(n::text) FROM generate_series(1, 800000) AS n');
  await pause(2000);
  await receiver.stop();
});

test.after.always(() => world?.stop());

// Processes whose command line names the folder.
const atWork = (folder: string): string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((pid) => {
      try {
        return readFileSync(join('/proc', pid, 'cmdline'), 'utf8').replaceAll('\0', ' ');
      } catch {
        return '';
      }
    })
    .filter((line) => line.includes(folder));

// As a terminal does it: the signal goes to the command and to all that it has started.
const interrupted = async (to: string, when: () => boolean) => {
  const args = ['restore', '--from', world.directory, '--identity', world.identityFile, '--latest', '--to', to, ...asServer];
  const child = spawn(process.execPath, [join(root, 'src/cli.ts'), ...args], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: '/root' },
  });
  let said = '';
  child.stdout.resume();
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  let met = false;
  for (const end = Date.now() + 40_000; !met && child.exitCode === null && Date.now() < end;) {
    await pause(5);
    met = when();
  }
  const at = Date.now();
  if (child.exitCode === null) {
    process.kill(-(child.pid ?? 0), 'SIGINT');
  }
  return { met, code: await ended, seconds: (Date.now() - at) / 1000, said };
};

// What a restore works in.
const besideOf = (to: string): string => join(world.fixture.directory, `.${to}.holdfast-`);
const besides = (to: string): string | undefined =>
  readdirSync(world.fixture.directory).find((name) => name.startsWith(`.${to}.holdfast-`));
const inside = (to: string, path: string): boolean => {
  const folder = besides(to);
  return folder !== undefined && existsSync(join(world.fixture.directory, folder, path));
};

// The moment, and whether an empty folder stands there before.
const moments: [title: string, name: string, when: () => boolean, folder: boolean][] = [
  ['while the copy is fetched', 'fetching', () => inside('fetching', 'data/base'), true],
  ['when it is there, and checked', 'checking', () => inside('checking', 'data/backup_manifest'), false],
];

for (const [title, name, when, folder] of moments) {
  test.serial(`Ctrl-C ${title}: the target is as it was, and nothing stays behind`, async (t) => {
    const to = join(world.fixture.directory, name);
    if (folder) {
      mkdirSync(to);
    }
    const { met, code, seconds, said } = await interrupted(to, when);
    t.true(met, said);
    t.is(code, 1, said);
    t.regex(said, /Error \(Interrupted\): .*is as it was before/);
    t.true(seconds < 10, `${seconds} s`);
    t.is(existsSync(to), folder);
    t.deepEqual(folder ? readdirSync(to) : [], []);
    t.is(besides(name), undefined);
    t.deepEqual(atWork(besideOf(name)), []);
  });
}

// The programs of the tests do not run as a user of the command's choice, so it is told by its signal here, as Ctrl-C would.
test.serial('stopped while WAL is replayed: the server of the replay is gone, and the folder with it', async (t) => {
  const to = join(world.fixture.directory, 'replaying');
  const stop = new AbortController();
  const stopped = t.throwsAsync(world.recover({ point: { kind: 'latest' } }, to, stop.signal), {
    code: 'Interrupted',
    message: /is as it was before/,
  });
  for (const end = Date.now() + 40_000; !inside('replaying', 'data/postmaster.pid') && Date.now() < end;) {
    await pause(5);
  }
  t.true(inside('replaying', 'data/postmaster.pid'));
  t.true(atWork(besideOf('replaying')).some((line) => line.includes('postgres')));
  stop.abort();
  await stopped;
  t.false(existsSync(to));
  t.is(besides('replaying'), undefined);
  t.deepEqual(atWork(besideOf('replaying')), []);
});

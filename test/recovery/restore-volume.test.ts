// Restores onto volumes, as the Jobs of a Restore do them: into a new one, and in place, with a server that runs in another process.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import type { RecoverRestorePlan } from '../../src/api/recover.ts';
import { makeIdentity } from '../../src/archive/age/header.ts';
import { settledBy } from '../../src/core/restore/settled.ts';
import type { PostgresServer } from '../engines/postgres-server.ts';
import { root } from '../engines/server-fixture.ts';
import { toolboxDirectory } from '../engines/toolbox.ts';
import { until } from '../wal/receiver-run.ts';
import type { RunningReceiver } from '../wal/receiver-run.ts';
import { commitFor, makeLedger, whenStored } from './commits.ts';
import { newestWal } from './newest-wal.ts';
import { inNewPod, makeVolume, recoverPlan, run, runBeside, spawnAgent, startRunner, treeHash, uid } from './volume-restores.ts';
import type { Volume } from './volume-restores.ts';
import { makeWorld } from './world.ts';
import type { World } from './world.ts';

const physicalOnly = { logical: { enabled: false, databases: [], globals: false, credentialsDirectory: '' } };
const work = `.holdfast-${uid.slice(0, 8)}`;

let world: World;
let server: PostgresServer;
let receiver: RunningReceiver;
let backup: string;
let rows: number;

test.before(async () => {
  world = await makeWorld();
  server = await world.fixture.start('main', { track_commit_timestamp: 'on', max_slot_wal_keep_size: '1GB' });
  await makeLedger(server);
  await server.query('CREATE DATABASE "second one"');
  receiver = await world.receive(server);
  await until('the receiver stores something', () => receiver.newest() !== undefined, 30, receiver);
  await commitFor(server, 200);
  backup = await world.backUp(server, new Date().toISOString().replace(/\.\d+/, ''), physicalOnly);
  await commitFor(server, 500);
  rows = (await server.query<{ n: number }>('SELECT count(*)::int AS n FROM ledger'))[0]?.n ?? 0;
  await whenStored(server, receiver);
});

test.after.always(async () => {
  await receiver?.kill();
  await world?.stop();
});

const dataOf = ({ mountPath, target }: Volume): string => join(mountPath, target.path);

// What an ordinary server finds on it.
const rowsIn = async (directory: string): Promise<number> => {
  const copy = `${directory}-started`;
  await promisify(execFile)('cp', ['--archive', directory, copy]);
  const started = await world.startOn(copy);
  try {
    return (await started.query<{ n: number }>('SELECT count(*)::int AS n FROM ledger'))[0]?.n ?? 0;
  } finally {
    await started.stop('immediate');
  }
};

// A volume that holds the live server's data as of a crash, somewhat later than all backups.
const liveVolume = async (path = 'pgdata'): Promise<Volume> => {
  const volume = makeVolume(world, 'inPlace', path);
  await promisify(execFile)('mkdir', ['--parents', dirname(join(volume.mountPath, path))]);
  await promisify(execFile)('cp', ['--archive', world.fixture.template, join(volume.mountPath, path)]);
  return volume;
};

test.serial('a new volume: planned first, recovered to the end, cleanly shut down, and every row is there', async (t) => {
  const volume = makeVolume(world, 'volume');
  const { result, planned } = await runBeside(volume, recoverPlan(world, { target: volume.target }));
  t.is(result.outcome, 'Succeeded', result.message);
  t.is(planned.length, 1);
  t.like(result, { replaced: true, kept: false, timeline: 2, planned: { hash: planned[0]?.planned.hash } });
  t.regex(result.planned?.hash ?? '', /^[0-9a-f]{16}$/);
  t.like(planned[0]?.planned, { name: 'db', backupId: backup, timeline: 1 });
  t.regex(result.systemId ?? '', /^\d+$/);
  t.deepEqual(
    result.phases?.map(({ name }) => name),
    ['plan', 'fetch', 'restore', 'replay', 'verify'],
  );
  t.false(existsSync(join(dataOf(volume), 'postmaster.pid')));
  t.deepEqual(readdirSync(volume.mountPath), ['pgdata']);
  t.true(existsSync(join(dataOf(volume), 'holdfast.conf')));
  t.is(await rowsIn(dataOf(volume)), rows);
  const again = await run(recoverPlan(world, { target: volume.target, attempt: 2 }));
  t.deepEqual({ ...again.result, time: '', phases: [], attempt: 1 }, { ...result, time: '', phases: [] });
});

test.serial(
  'in place from a backup alone: nothing is defused, the old data lies beside, and undo brings it back byte for byte',
  async (t) => {
    const volume = await liveVolume('a/b');
    const before = treeHash(volume.mountPath);
    const plan = recoverPlan(world, { target: volume.target, point: { kind: 'backup', id: backup }, keep: 'Required' });
    const { result } = await runBeside(volume, plan);
    t.is(result.outcome, 'Succeeded', result.message);
    t.like(result, { replaced: true, kept: true, timeline: 2 });
    t.deepEqual(readdirSync(join(volume.mountPath, work)).toSorted(), ['before', 'state.json']);
    t.false(existsSync(join(dataOf(volume), 'holdfast.conf')));
    t.true(readFileSync(join(dataOf(volume), 'holdfast-restore.json'), 'utf8').includes(uid));
    t.true((await rowsIn(dataOf(volume))) < rows);
    await promisify(execFile)('rm', ['-r', `${dataOf(volume)}-started`]);
    for (const attempt of [1, 2]) {
      const undone = await run({ ...plan, mode: 'Undo', attempt, target: volume.target });
      t.like(undone.result, { outcome: 'Succeeded', replaced: false, kept: false }, undone.result.message);
      t.is(treeHash(volume.mountPath), before);
    }
  },
);

test.serial(
  'the newest point of a plan stays the same while more comes in; without it the plan is another one, and nothing is done',
  async (t) => {
    const volume = await liveVolume();
    const before = treeHash(volume.mountPath);
    const common = recoverPlan(world, { target: volume.target });
    const { result: plan } = await run({ ...common, mode: 'Plan', target: volume.target, verifySource: true });
    t.is(plan.outcome, 'Succeeded', plan.message);
    t.is(treeHash(volume.mountPath), before);
    const { planned } = plan;
    if (planned === undefined) {
      return t.fail('there is no plan');
    }
    t.true(planned.spaceBytes !== undefined && planned.fetchBytes > 0);
    await commitFor(server, 200);
    await server.query('CHECKPOINT');
    await whenStored(server, receiver);
    const stop = startRunner(volume);
    try {
      const changed = await run({ ...common, planHash: planned.hash });
      t.like(changed.result, { outcome: 'Failed', category: 'Configuration', code: 'PlanChanged', replaced: false, kept: false });
      t.is(treeHash(volume.mountPath), before);
      const { result } = await run({ ...common, planHash: planned.hash, settled: settledBy(planned), keep: 'Skip' });
      t.is(result.outcome, 'Succeeded', result.message);
      t.like(result, { replaced: true, kept: false, planned: { hash: planned.hash } });
      t.deepEqual(readdirSync(volume.mountPath), ['pgdata']);
      t.is(await rowsIn(dataOf(volume)), rows);
    } finally {
      await stop();
    }
  },
);

// A folder of programs in which one is another.
const programsWith = async (name: string, script: string): Promise<string> => {
  const folder = join(world.fixture.directory, `programs-${name}`);
  mkdirSync(folder);
  for (const each of readdirSync(toolboxDirectory).filter((one) => one !== name)) {
    symlinkSync(join(toolboxDirectory, each), join(folder, each));
  }
  writeFileSync(join(folder, name), script, { mode: 0o755 });
  return folder;
};

test.serial('killed in every phase: the next attempt goes on, and an undo brings back every byte', async (t) => {
  const volume = await liveVolume();
  const before = treeHash(volume.mountPath);
  const inWork = (path: string) => () => existsSync(join(volume.mountPath, work, path));
  const moments: [name: string, when: (pod: Volume) => boolean][] = [
    ['fetch', inWork('data/base')],
    ['replay', inWork('data/postmaster.pid')],
    ['verify', ({ runPath }) => existsSync(join(runPath, 'start-2'))],
    // By mv itself, between the exchange and what follows.
    ['exchange', () => false],
  ];
  const killing = `#!/bin/sh\n'${root}/hack/toolbox' run mv "$@" && kill -KILL $PPID\n`;
  const PATH = `${await programsWith('mv', killing)}:${process.env['PATH']}`;
  for (const [name, when] of moments) {
    const pod = inNewPod(world, volume);
    const stop = startRunner(pod);
    const { child, said, ended } = spawnAgent(recoverPlan(world, { target: pod.target }), name === 'exchange' ? { PATH } : {});
    try {
      await until(`it comes to ${name}`, () => when(pod) || child.exitCode !== null || child.signalCode !== null, 40);
      t.is(child.exitCode, null, said());
    } finally {
      child.kill('SIGKILL');
      await ended;
      await stop();
    }
    t.true(said().includes('"kind":"planned"'), said());
    t.true(existsSync(join(dataOf(volume), 'PG_VERSION')) || existsSync(join(volume.mountPath, work, 'before/PG_VERSION')));
  }
  const plan = recoverPlan(world, { target: volume.target });
  const { result } = await runBeside(volume, plan);
  t.is(result.outcome, 'Succeeded', result.message);
  t.like(result, { replaced: true, kept: true });
  t.true((await rowsIn(dataOf(volume))) >= rows);
  rmSync(`${dataOf(volume)}-started`, { recursive: true });
  const undone = await run({ ...plan, mode: 'Undo', target: volume.target });
  t.is(undone.result.outcome, 'Succeeded', undone.result.message);
  t.is(treeHash(volume.mountPath), before);
});

type Phases = { name: string; seconds: number }[] | undefined;
const secondsOf = (phases: Phases, name: string): number => phases?.find((each) => each.name === name)?.seconds ?? 0;
const sumOf = (phases: Phases): number => (phases ?? []).reduce((sum, { seconds }) => sum + seconds, 0);

const timed = async () => {
  const volume = makeVolume(world, 'volume');
  const begun = performance.now();
  const { result } = await runBeside(volume, recoverPlan(world, { target: volume.target }));
  return { phases: result.phases, wallSeconds: (performance.now() - begun) / 1000, outcome: result.outcome };
};

test.serial('what sleeps in fetch is time of that phase', async (t) => {
  const sleeping = '#!/bin/sh\nsleep 3\nPATH=${PATH#*:} exec tar "$@"\n';
  const path = process.env['PATH'];
  process.env['PATH'] = `${await programsWith('tar', sleeping)}:${path}`;
  const { phases, wallSeconds, outcome } = await timed().finally(() => (process.env['PATH'] = path));
  t.is(outcome, 'Succeeded');
  const usual = await timed();
  t.true(secondsOf(phases, 'fetch') >= 3);
  t.true(secondsOf(usual.phases, 'fetch') < secondsOf(phases, 'fetch'));
  t.true(sumOf(phases) <= wallSeconds + 0.1, `${sumOf(phases)} of ${wallSeconds} s`);
});

test.serial('a page that is damaged before the verification is found, and the old data stays', async (t) => {
  const volume = await liveVolume();
  const before = treeHash(volume.mountPath);
  const damaging = `#!/bin/sh
for last; do :; done
data=\${last#--pgdata=}
file=$(ls -S "$data"/base/1/[0-9]* | head -n 1)
printf 'damaged' | dd of="$file" bs=1 seek=9000 conv=notrunc 2>/dev/null
exec '${toolboxDirectory}/pg_checksums' "$@"
`;
  const path = process.env['PATH'];
  process.env['PATH'] = `${await programsWith('pg_checksums', damaging)}:${path}`;
  try {
    const plan = recoverPlan(world, { target: volume.target, point: { kind: 'backup', id: backup } });
    const { result } = await runBeside(volume, plan);
    t.like(result, { outcome: 'Failed', category: 'Verification', code: 'RestoreVerificationFailed', replaced: false, kept: false });
    t.regex(result.message ?? '', /A page is damaged: .*pg_checksums/);
    t.is((await run({ ...plan, mode: 'Undo', target: volume.target })).result.outcome, 'Succeeded');
    t.is(treeHash(volume.mountPath), before);
  } finally {
    process.env['PATH'] = path;
  }
});

test.serial('refused or damaged: each with its reason, and the target is untouched', async (t) => {
  const volume = await liveVolume();
  const before = treeHash(volume.mountPath);
  const stop = startRunner(volume);
  const otherIdentity = join(world.fixture.directory, 'other-identity.txt');
  writeFileSync(otherIdentity, `${(await makeIdentity()).identity}\n`);
  const noIdentity = join(world.fixture.directory, 'no-identity.txt');
  writeFileSync(noIdentity, 'age1…\n');
  const empty = join(world.fixture.directory, 'empty');
  mkdirSync(empty);
  const future = { kind: 'time', text: new Date(Date.now() + 3_600_000).toISOString(), exclusive: false } as const;
  const table: [Partial<RecoverRestorePlan>, object, RegExp][] = [
    [{ identityFile: otherIdentity }, { category: 'Configuration', code: 'KeyUnavailable' }, /source\.identitySecretRef/],
    [
      { identityFile: noIdentity },
      { category: 'Configuration', code: 'IdentityInvalid' },
      /^The Secret of source\.identitySecretRef holds no age identity/,
    ],
    [
      { point: { kind: 'time', text: '2026-02-30T25:61:61Z', exclusive: false } },
      { code: 'PointOutsideWindow' },
      /no instant\. Create another Restore/,
    ],
    [
      { tier: { name: 'local', location: { kind: 'directory', directory: empty } } },
      { category: 'Repository', code: 'NotARepository' },
      /empty/,
    ],
    [{ point: future }, { category: 'Configuration', code: 'PointOutsideWindow' }, /write pointInTime\.time: \S+Z/],
    [{ point: { kind: 'name', text: 'x', exclusive: true } }, { code: 'PointOutsideWindow' }, /exclusive/],
    [{ point: { kind: 'backup', id: '20200101T000000Z-full-00000000' } }, { code: 'BackupNotFound' }, /write source\.backup: /],
    [{ component: 'cache' }, { code: 'ComponentNotFound' }, /db/],
  ];
  try {
    for (const [changes, expected, words] of table) {
      const { result } = await run(recoverPlan(world, { target: volume.target, ...changes }));
      t.like(result, { outcome: 'Failed', replaced: false, kept: false, ...expected }, result.message);
      t.regex(result.message ?? '', words);
      t.notRegex(result.message ?? '', /--/);
      t.is(treeHash(volume.mountPath), before);
    }
  } finally {
    await stop();
  }
});

test.serial('a server of another major, or none at all, beside the agent is refused', async (t) => {
  const usual = '/usr/bin:/bin';
  const table: [path: string, words: RegExp][] = [
    [
      `${await programsWith('postgres', '#!/bin/sh\necho "postgres (PostgreSQL) 16.4"\n')}:${usual}`,
      /has PostgreSQL 16\.4, and the backup is of PostgreSQL 17/,
    ],
    [usual, /holds no program `postgres`/],
  ];
  for (const [path, words] of table) {
    const volume = makeVolume(world, 'volume');
    const stop = startRunner(volume, path);
    try {
      const { result } = await run(recoverPlan(world, { target: volume.target }));
      t.like(result, { outcome: 'Failed', category: 'Configuration', code: 'VersionMismatch', replaced: false }, result.message);
      t.regex(result.message ?? '', words);
      t.deepEqual(readdirSync(volume.mountPath), []);
      const { target, runPath } = volume;
      const asked = await run({ ...recoverPlan(world, { target }), mode: 'Plan', target, verifySource: false, runPath });
      t.like(asked.result, { outcome: 'Failed', code: 'VersionMismatch' }, 'known before anything is stopped');
      t.regex(asked.result.message ?? '', words);
    } finally {
      await stop();
    }
  }
});

test.serial('verifySource reads what is needed, and names the object that is not what was written', async (t) => {
  const target = makeVolume(world, 'volume').target;
  const plan = { ...recoverPlan(world, { target }), mode: 'Plan', target, verifySource: true } as const;
  const stored = readdirSync(world.directory, { recursive: true, encoding: 'utf8' });
  const base = stored.find((name) => /^data\/.*base\.tar.*\.age/.test(name)) ?? '';
  for (const name of [base, newestWal(world.directory)]) {
    const path = join(world.directory, name);
    const bytes = readFileSync(path);
    const changed = Buffer.from(bytes);
    changed[changed.length >> 1] = (changed[changed.length >> 1] ?? 0) ^ 1;
    writeFileSync(path, changed);
    try {
      const { result, planned } = await run(plan);
      t.like(result, { outcome: 'Failed', category: 'Verification', code: 'SourceVerificationFailed' }, result.message);
      t.true(result.message?.includes(name), `${name}: ${result.message}`);
      t.is(result.planned?.hash, planned[0]?.planned.hash);
      t.is((await run({ ...plan, verifySource: false })).result.outcome, 'Succeeded');
    } finally {
      writeFileSync(path, bytes);
    }
  }
});

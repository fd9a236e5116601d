// A restore in place on a file system that has no room for two, with real servers: the old data goes into the store, and an undo gets it from there.
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import type { RecoverRestorePlan, RecoverResult, RecoverUndoPlan } from '../../src/api/recover.ts';
import { makeIdentity } from '../../src/archive/age/header.ts';
import { serverUid, toolboxDirectory } from '../engines/toolbox.ts';
import { until } from '../wal/receiver-run.ts';
import { mountSmall, unmountSmall } from './small-volume.ts';
import { inNewPod, makeVolume, recoverPlan, run, runBeside, spawnAgent, startRunner, treeHash, uid } from './volume-restores.ts';
import type { Volume } from './volume-restores.ts';
import { makeWorld } from './world.ts';
import type { World } from './world.ts';

const mebibyte = 1024 ** 2;
const ballastMebibytes = 48;
const freeMebibytes = 32;
const work = `.holdfast-${uid.slice(0, 8)}`;

let world: World;
let backup: string;

test.before(async () => {
  world = await makeWorld();
  const server = await world.fixture.start('main');
  await server.query('CREATE TABLE restored AS SELECT 7 AS n');
  backup = await world.backUp(server, new Date().toISOString().replace(/\.\d+/, ''), {
    logical: { enabled: false, databases: [], globals: false, credentialsDirectory: '' },
  });
  await server.stop('fast');
});
test.after.always(async () => {
  unmountSmall();
  await world?.stop();
});

// A volume that holds a data directory, and has less room than another one needs.
const fullVolume = async (): Promise<Volume> => {
  const volume = makeVolume(world, 'inPlace');
  const used = Number.parseInt(execFileSync('du', ['--summarize', '--block-size=1', world.fixture.template], { encoding: 'utf8' }), 10);
  mountSmall(volume.mountPath, used + (ballastMebibytes + freeMebibytes) * mebibyte);
  chownSync(volume.mountPath, serverUid, serverUid);
  const data = join(volume.mountPath, 'pgdata');
  await promisify(execFile)('cp', ['--archive', world.fixture.template, data]);
  const ballast = join(data, 'base/ballast');
  writeFileSync(ballast, randomBytes(ballastMebibytes * mebibyte), { mode: 0o600 });
  chownSync(ballast, serverUid, serverUid);
  return volume;
};

const planFor = (volume: Volume, changes: Partial<RecoverRestorePlan> = {}): RecoverRestorePlan =>
  recoverPlan(world, {
    target: volume.target,
    point: { kind: 'backup', id: backup },
    keep: 'Required',
    safety: world.safety,
    ...changes,
  });
const runAnew = (volume: Volume, changes: Partial<RecoverRestorePlan>) => {
  const pod = inNewPod(world, volume);
  return runBeside(pod, planFor(pod, changes));
};
const undoFor = (volume: Volume): RecoverUndoPlan => {
  const { point: _point, safety: _safety, keep: _keep, ...common } = planFor(volume);
  const copies = { tier: common.tier, identityFile: world.identityFile };
  return { ...common, mode: 'Undo', target: volume.target, copies };
};
const stored = (): string[] =>
  readdirSync(world.directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => /^safety\/.*\.(age|json|\d{5})$/.test(name))
    .toSorted();

test.serial('no room for both: copied, restored, undone byte for byte; what it took stands in the phases', async (t) => {
  const volume = await fullVolume();
  const before = treeHash(volume.mountPath);
  const { result, lines } = await runBeside(volume, planFor(volume));
  t.is(result.outcome, 'Succeeded', result.message);
  t.like(result, { replaced: true, kept: true, copy: { tier: 'local' } });
  t.true((result.copy?.bytes ?? 0) > ballastMebibytes * mebibyte);
  t.regex(result.note ?? '', /copied into the store and removed first/);
  const phases = new Map(result.phases?.map(({ name, seconds }) => [name, seconds]));
  t.true((phases.get('check source') ?? 0) > 0 && (phases.get('safety') ?? 0) > 0, JSON.stringify(result.phases));
  t.true(lines.some((line) => line.kind === 'progress' && line.phase === 'safety'));
  t.deepEqual(readdirSync(join(volume.mountPath, work)), ['state.json']);
  t.is(stored().length, 3);
  const again = await run(planFor(volume, { attempt: 2 }));
  t.like(again.result, { outcome: 'Succeeded', kept: true, copy: result.copy });
  for (const attempt of [1, 2]) {
    const undone = await run({ ...undoFor(volume), attempt });
    t.like(undone.result, { outcome: 'Succeeded', replaced: false, kept: false, copy: undefined, note: undefined }, undone.result.message);
    t.is(treeHash(volume.mountPath), before);
    t.deepEqual(stored(), []);
  }
});

// A folder of programs, of which one does something else when it is called for the time of this number.
let folders = 0;
const programsWhere = (name: string, call: number, instead: string): string => {
  folders += 1;
  const folder = join(world.fixture.directory, `programs-${folders}`);
  mkdirSync(folder);
  for (const each of readdirSync(toolboxDirectory).filter((one) => one !== name)) {
    symlinkSync(join(toolboxDirectory, each), join(folder, each));
  }
  const real = execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
  const script = `#!/bin/sh
echo x >>'${folder}.calls'
if [ "$(wc -l <'${folder}.calls')" -eq ${call} ]; then
  ${instead}
  exit 1
fi
exec '${real}' "$@"
`;
  writeFileSync(join(folder, name), script, { mode: 0o755 });
  return folder;
};

// Of the shell that runs the pipe, the parent is the agent.
const killingAt = (name: string, call: number): string =>
  programsWhere(name, call, 'read -r _ _ _ agent _ <"/proc/$PPID/stat"; sleep 0.2; kill -KILL "$agent"');

test.serial(
  'the agent is killed while it copies, reads back, removes, builds and fetches: it goes on, and every byte comes back',
  async (t) => {
    const volume = await fullVolume();
    const before = treeHash(volume.mountPath);
    const state = () => JSON.parse(readFileSync(join(volume.mountPath, work, 'state.json'), 'utf8')) as Record<string, unknown>;
    const restores: [name: string, path: string | undefined, when: () => boolean, has: (known: Record<string, unknown>) => boolean][] = [
      ['copying', killingAt('tar', 1), () => false, ({ copying, copy }) => copying === 'local' && copy === undefined],
      ['reading back', killingAt('tar', 2), () => false, ({ copying, copy }) => copying === 'local' && copy === undefined],
      ['building', killingAt('tar', 3), () => false, ({ removed, copy }) => removed === true && copy !== undefined],
      ['replaying', undefined, () => existsSync(join(volume.mountPath, work, 'data/postmaster.pid')), ({ removed }) => removed === true],
    ];
    for (const [name, folder, when, has] of restores) {
      const pod = inNewPod(world, volume);
      const stop = startRunner(pod);
      const environment: Record<string, string> = folder === undefined ? {} : { PATH: `${folder}:${process.env['PATH']}` };
      const { child, said, ended } = spawnAgent(planFor(pod), environment);
      await until(`it comes to ${name}`, () => when() || child.exitCode !== null || child.signalCode !== null, 60);
      child.kill('SIGKILL');
      await ended;
      await stop();
      t.is(child.signalCode, 'SIGKILL', `${name}: ${said()}`);
      t.true(has(state()), `${name}: ${JSON.stringify(state())}`);
    }
    const { result } = await runAnew(volume, {});
    t.like(result, { outcome: 'Succeeded', replaced: true, kept: true }, result.message);
    const { child, said, ended } = spawnAgent(undoFor(volume), { PATH: `${killingAt('tar', 1)}:${process.env['PATH']}` });
    await ended;
    t.is(child.signalCode, 'SIGKILL', said());
    t.deepEqual([stored().length >= 3, existsSync(join(volume.mountPath, 'pgdata'))], [true, false]);
    const undone = await run(undoFor(volume));
    t.is(undone.result.outcome, 'Succeeded', undone.result.message);
    t.is(treeHash(volume.mountPath), before);
    t.deepEqual(stored(), []);
  },
);

test.serial(
  'where nothing can be copied either: Required is refused with both reasons and nothing is touched; BestEffort goes on and says so',
  async (t) => {
    const volume = await fullVolume();
    const before = treeHash(volume.mountPath);
    const stranger = (await makeIdentity()).recipient;
    const cases: [Partial<RecoverRestorePlan>, RegExp][] = [
      [{ clusterId: 'another' }, /belongs to the policy shop\/shop/],
      [{ safety: { ...world.safety, recipients: [stranger] } }, /nobody here could open the copy again/],
      [{ safety: { ...world.safety, signingKeyFile: '/not/there' } }, /no such file/],
    ];
    for (const [changes, words] of cases) {
      const { result } = await runAnew(volume, changes);
      t.like(result, { outcome: 'Failed', category: 'InsufficientSpace', code: 'SafetyBackupImpossible', replaced: false, kept: false });
      t.regex(
        result.message ?? '',
        /MiB free, and the new data needs \d+ MiB beside the old\. A copy of the old data could not be stored either: /,
      );
      t.regex(result.message ?? '', words);
      t.regex(result.message ?? '', /make the claim larger/);
      t.is((await run(undoFor(volume))).result.outcome, 'Succeeded');
      t.is(treeHash(volume.mountPath), before);
    }
    const { result } = await runAnew(volume, { clusterId: 'another', keep: 'BestEffort' });
    t.like(result, { outcome: 'Succeeded', replaced: true, kept: false }, result.message);
    t.regex(result.note ?? '', /could not be copied into the store, so nothing can be undone: .*belongs to the policy/);
    t.like((await run(undoFor(volume))).result, { outcome: 'Failed', code: 'RollbackFailed' });
  },
);

test.serial('BestEffort: what may be copied by the next attempt is not removed before the last one', async (t) => {
  const volume = await fullVolume();
  const before = treeHash(volume.mountPath);
  const failing = async (isLastTry: boolean) => {
    const pod = inNewPod(world, volume);
    const stop = startRunner(pod);
    const plan = planFor(pod, { keep: 'BestEffort', safety: { ...world.safety, isLastTry } });
    const { said, ended } = spawnAgent(plan, { PATH: `${programsWhere('tar', 1, 'echo the disk is busy >&2')}:${process.env['PATH']}` });
    await ended;
    await stop();
    const lines = said().trim().split('\n');
    return JSON.parse(lines.find((line) => line.includes('"kind":"result"')) ?? '{}') as RecoverResult;
  };
  t.like(await failing(false), { outcome: 'Failed', retryable: true, replaced: false });
  t.is((await run(undoFor(volume))).result.outcome, 'Succeeded');
  t.is(treeHash(volume.mountPath), before);
  const last = await failing(true);
  t.like(last, { outcome: 'Succeeded', replaced: true, kept: false }, last.message);
  t.regex(last.note ?? '', /nothing can be undone: .*the disk is busy/);
});

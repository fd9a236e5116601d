// Restores as their Jobs do them: the agent with a plan, and beside it the script of the server's container as a process of its own.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chownSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentLine } from '../../src/api/agent.ts';
import type { DirectoryPlan, PlannedLine, RecoverPlan, RecoverResult, RecoverRestorePlan } from '../../src/api/recover.ts';
import { serverRunnerScript } from '../../src/api/server-runner.ts';
import { keepLog } from '../../src/archive/kept-log.ts';
import type { RecoveryContext } from '../../src/archive/recovery/context.ts';
import { runPlan } from '../../src/archive/run-plan.ts';
import { silent } from '../engines/agent-run.ts';
import { root } from '../engines/server-fixture.ts';
import { serverUid } from '../engines/toolbox.ts';
import { until } from '../wal/receiver-run.ts';
import type { World } from './world.ts';

export const uid = '4f1e0c52-9a75-4c44-8f6f-0f2f6a1d7c11';

export type Volume = {
  // Where it is mounted, and the folder that is shared with the server.
  mountPath: string;
  runPath: string;
  target: DirectoryPlan;
};

let folders = 0;

// An empty one, with the server's script at work beside it.
export const makeVolume = (world: World, kind: DirectoryPlan['kind'], path = 'pgdata'): Volume => {
  const [mountPath, runPath] = [makeFolder(world), makeFolder(world)];
  const runAs = { user: serverUid, group: serverUid };
  return { mountPath, runPath, target: { kind, claimName: `claim-${folders}`, path, runAs, mountPath, runPath } };
};

// The same volume in another pod: only what the containers share is new.
export const inNewPod = (world: World, volume: Volume): Volume => {
  const runPath = makeFolder(world);
  return { ...volume, runPath, target: { ...volume.target, runPath } };
};

const makeFolder = (world: World): string => {
  folders += 1;
  const folder = join(world.fixture.directory, `v${folders}`);
  mkdirSync(folder);
  chownSync(folder, serverUid, serverUid);
  return folder;
};

const runners = new Set<ChildProcess>();
process.once('exit', () => runners.forEach((child) => child.kill('SIGTERM')));

// Returns how it is stopped, as kubelet does; its server is gone then.
export const startRunner = ({ runPath }: Volume, PATH = process.env['PATH']): (() => Promise<void>) => {
  const child = spawn('sh', ['-c', serverRunnerScript({ directory: runPath, major: 17 })], { stdio: 'ignore', env: { PATH } });
  runners.add(child);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return async () => {
    child.kill('SIGTERM');
    await ended;
    runners.delete(child);
    for (const taken of readdirSync(runPath).filter((name) => name.startsWith('taken-'))) {
      await until('the server ends with its container', () => existsSync(join(runPath, taken.replace('taken', 'exit'))));
    }
  };
};

export const recoverPlan = (
  world: World,
  changes: Partial<RecoverRestorePlan> & Pick<RecoverRestorePlan, 'target'>,
): RecoverRestorePlan => ({
  verb: 'recover',
  mode: 'Restore',
  policy: { namespace: 'shop', name: 'shop' },
  clusterId: 'b0a9f3a2-8a55-4a53-9d0e-1f6f4a2f8f10',
  verificationKeys: [world.verificationKey],
  restore: { name: 'back', uid },
  component: 'db',
  attempt: 1,
  deadlineSeconds: 300,
  tier: { name: 'local', location: { kind: 'directory', directory: world.directory } },
  identityFile: world.identityFile,
  point: { kind: 'latest' },
  ...changes,
});

export type Ran = { result: RecoverResult; lines: AgentLine[]; planned: PlannedLine[] };

// In this process.
export const run = async (plan: RecoverPlan): Promise<Ran> => {
  const lines: AgentLine[] = [];
  const report = (line: AgentLine): void => void lines.push(line);
  const result = (await runPlan(plan, { log: silent, report, kept: keepLog(), signal: new AbortController().signal })) as RecoverResult;
  return { result, lines, planned: lines.filter((line): line is PlannedLine => line.kind === 'planned') };
};

// With the server beside it.
export const runBeside = async (volume: Volume, plan: RecoverPlan): Promise<Ran> => {
  const stop = startRunner(volume);
  try {
    return await run(plan);
  } finally {
    await stop();
  }
};

// As a process of its own that can be killed. `environment` is added to that of the test.
export const spawnAgent = (plan: RecoverPlan, environment: Record<string, string> = {}) => {
  const child = spawn(process.execPath, [join(root, 'src/agent.ts')], {
    env: { PATH: process.env['PATH'], HOLDFAST_PLAN: JSON.stringify(plan), HOLDFAST_TERMINATION_LOG: '/dev/null', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  return { child, said: () => said, ended: new Promise<void>((resolve) => child.once('close', () => resolve())) };
};

// For parts of the agent that are called by themselves.
export const testContext: RecoveryContext = {
  log: silent,
  signal: new AbortController().signal,
  now: () => new Date(),
  step: (_name, work) => work(),
  dropsPrivileges: false,
  progress: () => undefined,
};

// Names, modes, owners and contents of everything below a folder, as one word.
export const treeHash = (folder: string): string => {
  const hash = createHash('sha256');
  const walk = (path: string, name: string): void => {
    const found = lstatSync(path);
    hash.update(`${name} ${found.mode} ${found.uid}:${found.gid} `);
    if (found.isDirectory()) {
      for (const each of readdirSync(path).toSorted()) {
        walk(join(path, each), `${name}/${each}`);
      }
    } else {
      hash.update(found.isSymbolicLink() ? readlinkSync(path) : readFileSync(path));
    }
  };
  walk(folder, '');
  return hash.digest('hex');
};

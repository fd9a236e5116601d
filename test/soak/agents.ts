// The pod that is at work for a run that is held, and its process on this machine.
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { V1Pod } from '@kubernetes/client-node';
import { podOfProcess, processIds } from '../e2e/support/processes.ts';
import type { Run } from './runs.ts';
import type { Snapshot } from './watch.ts';

// The newest pod of the verb that has not ended.
export const podOf = ({ phase }: Run, { pods }: Snapshot): V1Pod | undefined =>
  pods
    .filter(({ metadata, status }) => {
      const labels = metadata?.labels ?? {};
      const isAtWork = status?.phase === 'Running' || status?.phase === 'Pending';
      return labels['holdfast.dev/policy'] === phase.name && labels['holdfast.dev/verb'] === phase.verb && isAtWork;
    })
    .toSorted((a, b) => String(a.metadata?.creationTimestamp).localeCompare(String(b.metadata?.creationTimestamp)))
    .at(-1);

// Processes of a pod whose command line has this word.
export const pidsOf = (podUid: string, word: string): number[] =>
  processIds()
    .filter((pid) => podOfProcess(pid) === podUid && commandLine(pid).includes(word))
    .map(Number);

const commandLine = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
};

const memoryGroup = (pid: number): string => {
  const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').split('\n');
  const path = lines.map((line) => /^\d+:memory:(.*)$/.exec(line)?.[1]).find((found) => found !== undefined);
  const unified = lines.map((line) => /^0::(.*)$/.exec(line)?.[1]).find((found) => found !== undefined);
  return path === undefined ? `/sys/fs/cgroup${unified ?? ''}` : `/sys/fs/cgroup/memory${path}`;
};

// Lets the kernel kill the agent for want of memory: something fills the memory of its container, and the agent is what the kernel prefers.
export const starveOfMemory = async (pid: number): Promise<void> => {
  writeFileSync(`/proc/${pid}/oom_score_adj`, '1000');
  const script = 'echo $$ >"$1/cgroup.procs"; echo 0 >/proc/self/oom_score_adj; exec tail /dev/zero';
  const hog = spawn('bash', ['-c', script, 'hog', memoryGroup(pid)], { stdio: 'ignore' });
  const ended = new Promise((resolve) => hog.once('exit', resolve));
  const isAlive = (): boolean => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  };
  for (let tries = 0; tries < 600 && isAlive(); tries += 1) {
    await pause(50);
  }
  hog.kill('SIGKILL');
  await ended;
};

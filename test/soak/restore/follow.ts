// Follows one Restore closely: its stage and its pods, as the API server tells them.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { RestoreStage } from '../../../src/api/restore-status.ts';

export type FollowedPod = { uid: string; name: string; phase: string };

export type Followed = {
  stage: () => RestoreStage | undefined;
  // Those that have not ended, by the work of their Job.
  podOf: (work: string) => FollowedPod | undefined;
  stop: () => void;
};

const watchLines = (parameters: string[], onLine: (line: string) => void): (() => void) => {
  const child = spawn('kubectl', ['get', ...parameters, '--watch'], { stdio: ['ignore', 'pipe', 'ignore'] });
  createInterface({ input: child.stdout }).on('line', onLine);
  return () => child.kill('SIGKILL');
};

export const follow = (namespace: string, name: string, onStage: (stage: RestoreStage) => void): Followed => {
  let stage: RestoreStage | undefined;
  const pods = new Map<string, FollowedPod>();
  const stopStages = watchLines(['restores.holdfast.dev', name, '-n', namespace, '-o', 'jsonpath={.status.stage}{"\\n"}'], (line) => {
    if (line !== '' && line !== stage) {
      stage = line as RestoreStage;
      onStage(stage);
    }
  });
  const columns = 'jsonpath={.metadata.uid} {.metadata.name} {.status.phase}{"\\n"}';
  const stopPods = watchLines(['pods', '-n', namespace, '-l', `holdfast.dev/restore=${name}`, '-o', columns], (line) => {
    const [uid = '', pod = '', phase = ''] = line.split(' ');
    pods.set(uid, { uid, name: pod, phase });
  });
  return {
    stage: () => stage,
    podOf: (work) => [...pods.values()].filter(({ name: pod, phase }) => pod.includes(`-${work}-db-`) && isAtWork(phase)).at(-1),
    stop() {
      stopStages();
      stopPods();
    },
  };
};

const isAtWork = (phase: string): boolean => phase === 'Pending' || phase === 'Running';

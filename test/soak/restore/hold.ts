// Starts a Restore, and holds it exactly in its phase until it is let go.
import { setTimeout as pause } from 'node:timers/promises';
import { mustKubectl } from '../../cluster/kubectl.ts';
import { pidsOf } from '../agents.ts';
import { follow } from './follow.ts';
import type { Followed } from './follow.ts';
import type { RestorePhase } from './phases.ts';
import { deadlines, storePrefix } from './scene.ts';
import type { RestoreFaultScene } from './scene.ts';
import { volumeOf } from './volume.ts';

export type HeldRestore = {
  phase: RestorePhase;
  name: string;
  uid: string;
  isHeld: boolean;
  // The pod and the processes of the agent that is at work.
  pod: () => string | undefined;
  pids: () => number[];
  release: () => void;
};

const reachSeconds = 240;

export const holdRestore = async (scene: RestoreFaultScene, phase: RestorePhase, name: string): Promise<HeldRestore> => {
  const { shop, namespace, wanted } = scene;
  if (phase.fails === true) {
    await lookAtServer(scene, false);
  }
  await shop.restore(name, { pointInTime: { time: wanted.time } });
  const uid = (await shop.read(name)).metadata.uid;
  const way = startHolding(scene, phase, uid);
  const followed = follow(namespace, name, way.onStage);
  const end = Date.now() + reachSeconds * 1000;
  while (!way.isReached(followed) && Date.now() < end) {
    await pause(way.pauseMilliseconds());
  }
  const isHeld = way.isReached(followed);
  // A pod that comes later is another attempt's.
  const pod = phase.work === undefined ? undefined : followed.podOf(phase.work);
  followed.stop();
  return {
    phase,
    name,
    uid,
    isHeld,
    pod: () => pod?.name,
    pids: () => (pod === undefined ? [] : pidsOf(pod.uid, 'agent.js')),
    release: way.release,
  };
};

type Way = {
  onStage: (stage: string) => void;
  isReached: (followed: Followed) => boolean;
  pauseMilliseconds: () => number;
  release: () => void;
};

const startHolding = (scene: RestoreFaultScene, phase: RestorePhase, uid: string): Way => {
  switch (phase.held.by) {
    case 'store':
      return atTheStore(scene, phase.held);
    case 'operator':
      return byTheOperator(scene, phase.held);
    case 'agent':
      return byTheAgent(scene, phase, phase.held, uid);
  }
};

type HeldBy<B> = Extract<RestorePhase['held'], { by: B }>;

const atTheStore = ({ proxy }: RestoreFaultScene, { stage: wanted, key: pattern }: HeldBy<'store'>): Way => {
  let stage: string | undefined;
  const hold = proxy.hold(storePrefix, ({ method, isList, key }) => stage === wanted && method === 'GET' && !isList && pattern.test(key));
  return {
    onStage: (now) => (stage = now),
    isReached: () => hold.isReached(),
    pauseMilliseconds: () => 20,
    release: hold.release,
  };
};

const byTheOperator = ({ operator }: RestoreFaultScene, { stage: wanted }: HeldBy<'operator'>): Way => {
  let pid: number | undefined;
  return {
    onStage(stage) {
      if (stage === wanted) {
        ({ pid } = operator());
        process.kill(pid, 'SIGSTOP');
      }
    },
    isReached: () => pid !== undefined,
    pauseMilliseconds: () => 5,
    release: () => (pid === undefined ? undefined : goOn(pid)),
  };
};

const byTheAgent = (scene: RestoreFaultScene, { work = 'restore' }: RestorePhase, { isMoment }: HeldBy<'agent'>, uid: string): Way => {
  const volume = volumeOf(scene.volume, uid);
  let stopped: number[] = [];
  let agents: number[] = [];
  return {
    onStage: () => undefined,
    isReached(followed) {
      const pod = followed.podOf(work);
      if (stopped.length === 0 && agents.length === 0 && pod !== undefined) {
        agents = pidsOf(pod.uid, 'agent.js');
      }
      if (stopped.length === 0 && agents.length > 0 && isMoment(volume)) {
        stopped = agents.filter((pid) => signal(pid, 'SIGSTOP'));
      }
      return stopped.length > 0;
    },
    // Where two directories change places every millisecond counts; until there is an agent none does.
    pauseMilliseconds: () => (agents.length === 0 ? 30 : 1),
    release: () => stopped.forEach(goOn),
  };
};

const goOn = (pid: number): void => {
  signal(pid, 'SIGCONT');
};

// False: it is dead by now.
const signal = (pid: number, name: 'SIGSTOP' | 'SIGCONT'): boolean => {
  try {
    return process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') {
      throw error;
    }
    return false;
  }
};

// Whether the policy looks for its server where it is. Where it does not, a restore fails at its check, and soon.
export const lookAtServer = async ({ shop }: RestoreFaultScene, isRight: boolean): Promise<void> => {
  const changes = [
    { op: 'add', path: '/spec/components/0/postgresql/connection/port', value: isRight ? 5432 : 5433 },
    { op: 'add', path: '/spec/jobs/attempts', value: isRight ? 3 : 1 },
    { op: 'replace', path: '/spec/jobs/deadlines/recover', value: isRight ? `${deadlines.recover}s` : '60s' },
  ];
  await mustKubectl(shop.inNamespace('patch', 'hbp', 'shop', '--type=json', '-p', JSON.stringify(changes)));
};

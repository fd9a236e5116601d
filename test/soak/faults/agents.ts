// What can happen to the pod of an agent.
import type { V1Pod } from '@kubernetes/client-node';
import { mustKubectl } from '../../cluster/kubectl.ts';
import { pidsOf, podOf, starveOfMemory } from '../agents.ts';
import type { Run } from '../runs.ts';
import type { Scene } from '../scene.ts';
import { look } from '../watch.ts';
import { once } from './fault.ts';
import type { Fault } from './fault.ts';

const noAgent = { start: 'no agent runs yet' };

const podsOfRuns = async ({ namespace }: Scene, runs: Run[]): Promise<V1Pod[]> => {
  const seen = await look(namespace);
  if (seen === undefined) {
    throw new Error('The API server does not answer.');
  }
  return runs.flatMap((run) => podOf(run, seen) ?? []);
};

const forEachAgent = async (scene: Scene, runs: Run[], act: (pid: number) => Promise<void>): Promise<void> => {
  const atWork = runs.filter(({ phase }) => phase.held !== undefined);
  const pids = (await podsOfRuns(scene, atWork)).flatMap(({ metadata }) => pidsOf(metadata?.uid ?? '', 'agent.js'));
  if (pids.length !== atWork.length) {
    throw new Error(`${atWork.length} runs are held, and ${pids.length} agents were found.`);
  }
  for (const pid of pids) {
    await act(pid);
  }
};

export const agentFaults: Fault[] = [
  once({
    name: 'agent-killed',
    title: 'agent killed (SIGKILL)',
    reach: 'run',
    inject: (scene, runs) =>
      forEachAgent(scene, runs, (pid) => {
        process.kill(pid, 'SIGKILL');
        return Promise.resolve();
      }),
    cannotBe: noAgent,
  }),
  once({
    name: 'agent-oom',
    title: 'agent out of memory',
    reach: 'run',
    inject: (scene, runs) => forEachAgent(scene, runs, starveOfMemory),
    cannotBe: noAgent,
  }),
  once({
    name: 'pod-deleted',
    title: 'pod deleted',
    reach: 'run',
    async inject(scene, runs) {
      const names = (await podsOfRuns(scene, runs)).map(({ metadata }) => metadata?.name ?? '');
      if (names.length !== runs.length) {
        throw new Error(`${runs.length} runs are held, and ${names.length} pods were found.`);
      }
      await mustKubectl(['delete', 'pods', ...names, '-n', scene.namespace, '--wait=false']);
    },
  }),
];

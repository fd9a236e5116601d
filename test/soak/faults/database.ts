// What can happen to the PostgreSQL server.
import { kubectl, mustKubectl } from '../../cluster/kubectl.ts';
import type { Scene } from '../scene.ts';
import { once } from './fault.ts';
import type { Fault } from './fault.ts';

const scale = ({ namespace }: Scene, replicas: number): Promise<string> =>
  mustKubectl(['scale', 'statefulset/postgres', '-n', namespace, `--replicas=${replicas}`]);

const failed = ['Failed (SourceFailed)'];

export const databaseFaults: Fault[] = [
  once({
    name: 'postgres-restarted',
    title: 'PostgreSQL restarted',
    reach: 'scene',
    async inject({ namespace }) {
      await kubectl(['delete', 'pod', 'postgres-0', '-n', namespace, '--grace-period=1']);
      await mustKubectl(['rollout', 'status', 'statefulset/postgres', '-n', namespace, '--timeout=180s']);
    },
  }),
  {
    name: 'postgres-gone',
    title: 'PostgreSQL gone',
    reach: 'scene',
    async inject(scene) {
      await scale(scene, 0);
      await kubectl(['wait', 'pod/postgres-0', '-n', scene.namespace, '--for=delete', '--timeout=60s']);
    },
    async heal(scene) {
      await scale(scene, 1);
      await mustKubectl(['rollout', 'status', 'statefulset/postgres', '-n', scene.namespace, '--timeout=120s']);
    },
    ends: { start: failed, base: failed, logical: failed },
  },
];

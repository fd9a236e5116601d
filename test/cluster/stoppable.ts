// Workloads of a test that only wait: what a Restore stops and starts again.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './kubectl.ts';

const { pause = '' } = JSON.parse(readFileSync(join(root, '.cluster/images.json'), 'utf8')) as Record<string, string>;

type Kind = 'Deployment' | 'StatefulSet';

const apart = (name: string) => ({ app: name });

// `claim`: mounted at /data. `more`: of its spec.
export const waitingPod = (claim?: string) => ({
  terminationGracePeriodSeconds: 0,
  securityContext: { runAsUser: 65532, runAsGroup: 65532 },
  containers: [
    {
      name: 'main',
      image: pause,
      env: [{ name: 'PGDATA', value: '/data/pgdata' }],
      ...(claim === undefined ? {} : { volumeMounts: [{ name: 'data', mountPath: '/data' }] }),
    },
  ],
  ...(claim === undefined || claim === '' ? {} : { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: claim } }] }),
});

export const workload = (kind: Kind, name: string, replicas: number, claim?: string, more: object = {}, metadata: object = {}) => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name, ...metadata },
  spec: {
    replicas,
    selector: { matchLabels: apart(name) },
    template: { metadata: { labels: apart(name) }, spec: waitingPod(claim) },
    ...more,
  },
});

export const claimSpec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '10Mi' } } };

export const claimObject = (name: string, labels: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name, labels },
  spec: claimSpec,
});

// Its claim is `data-<name>-0`.
export const database = (name: string, replicas: number, more: object = {}) =>
  workload('StatefulSet', name, replicas, '', {
    serviceName: name,
    volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: claimSpec }],
    ...more,
  });

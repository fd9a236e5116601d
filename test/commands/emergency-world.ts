// A shop whose database shall come back: the cluster of a doctor in which all is well, with a workload, its claim and its Service.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { makeIdentity } from '../../src/archive/age/header.ts';
import type { RestoreStatus } from '../../src/api/restore-status.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import type { Item, Scene } from './api-server.ts';
import { healthy, inNamespace } from './doctor-world.ts';
import type { World } from './doctor-world.ts';
import { now } from './examples.ts';
import { play } from './play.ts';
import type { Play } from './play.ts';

export const { identity, recipient } = await makeIdentity();

export const identityFile = join(temporaryFolder('safe'), 'identity.txt');
await writeFile(identityFile, `# created by keygen\n${identity}\n`);

export const base = ['restore', '--emergency', 'latest', '--identity', identityFile];
export const confirmed = [...base, '--confirm', 'shop/shop'];

export const run = (t: ExecutionContext, args: string[], { io, ...more }: Play = {}) =>
  play(t, args, { objects: shop(), ...more, io: { startTime: now, ...io } });

export const made = (scene: Scene): Item | undefined => scene.objects['restores']?.at(-1);
export const wrote = (scene: Scene): string[] => scene.requests.filter((request) => /^(POST|PATCH|DELETE)/.test(request));

const pgdata = { name: 'postgres', env: [{ name: 'PGDATA', value: '/data/pgdata' }], volumeMounts: [{ name: 'data', mountPath: '/data' }] };

export const statefulSet = (name: string, app: string, replicas = 1) =>
  inNamespace(name, {
    spec: {
      replicas,
      template: {
        metadata: { labels: { app } },
        spec: { securityContext: { runAsUser: 999, runAsGroup: 999 }, containers: [pgdata] },
      },
      volumeClaimTemplates: [{ metadata: { name: 'data' } }],
    },
  });

export const claim = (name: string, storage = '4Gi') => inNamespace(name, { spec: {}, status: { phase: 'Bound', capacity: { storage } } });

export const shop = (): World => {
  const world = healthy();
  const [policy] = world['backuppolicies'] ?? [];
  policy?.['spec'].encryption.recipients.push(recipient);
  policy?.['spec'].components.splice(1);
  return {
    ...world,
    restores: [],
    configmaps: [
      {
        metadata: {
          name: 'holdfast-notify',
          namespace: 'holdfast-system',
          uid: 'notify',
          labels: { 'app.kubernetes.io/name': 'holdfast' },
        },
        data: { 'notify.yaml': 'routes:\n  default:\n    email: {to: [ops@example.org]}\n' },
      },
    ],
    services: [inNamespace('postgres', { spec: { selector: { app: 'postgres' } } })],
    statefulsets: [statefulSet('postgres', 'postgres'), statefulSet('reports', 'reports')],
    horizontalpodautoscalers: [],
    persistentvolumeclaims: [claim('data-postgres-0'), claim('data-reports-0')],
    deployments: [
      ...(world['deployments'] ?? []),
      inNamespace('web', {
        spec: { replicas: 2, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web' }] } } },
      }),
    ],
  };
};

// What is created is followed through these states.
export const follows =
  (...steps: RestoreStatus[]) =>
  (scene: Scene): void => {
    scene.changes = () => steps.map((status) => ({ type: 'MODIFIED', object: { ...scene.objects['restores']?.at(-1), status } }));
  };

// What is still there after a Restore, and nobody would take away.
import type { V1Job, V1PersistentVolumeClaim, V1Pod, V1Secret } from '@kubernetes/client-node';
import type { Restore } from '../../../src/api/objects.ts';
import { mustKubectl } from '../../cluster/kubectl.ts';
import { hasJobEnded } from '../watch.ts';
import { allUp } from './scene.ts';
import type { RestoreFaultScene } from './scene.ts';
import { strangeFolders } from './volume.ts';

type Item = V1Job | V1Pod | V1PersistentVolumeClaim | V1Secret;

// What the scene has made.
const ownSecrets = /^(login|identity|store|store-ca|postgres-ca|holdfast-.*)$/;
const ownClaims = new Set(['data-postgres-0']);

const nameOf = ({ metadata }: Item): string => metadata?.name ?? '';
const isRestores = ({ metadata }: Item): boolean => metadata?.labels?.['holdfast.dev/restore'] !== undefined;

export const leftOf = async ({ namespace, shop, volume }: RestoreFaultScene, { metadata, status }: Restore): Promise<string[]> => {
  const { items } = JSON.parse(await mustKubectl(['get', 'jobs,pods,pvc,secrets', '-n', namespace, '-o', 'json'])) as { items: Item[] };
  const of = <T extends Item>(kind: string): T[] => items.filter((item) => item.kind === kind) as T[];
  const replicas = await shop.replicas();
  const kept = status?.undo?.state === 'Available' ? metadata.uid : undefined;
  return [
    ...of<V1Job>('Job')
      .filter((job) => isRestores(job) && !hasJobEnded(job))
      .map((job) => `running Job ${nameOf(job)}`),
    ...of<V1Pod>('Pod')
      .filter((pod) => isRestores(pod) && (pod.status?.phase === 'Running' || pod.status?.phase === 'Pending'))
      .map((pod) => `running pod ${nameOf(pod)}`),
    ...of<V1PersistentVolumeClaim>('PersistentVolumeClaim')
      .filter((claim) => !ownClaims.has(nameOf(claim)))
      .map((claim) => `claim ${nameOf(claim)}`),
    ...of<V1Secret>('Secret')
      .filter((secret) => !ownSecrets.test(nameOf(secret)))
      .map((secret) => `Secret ${nameOf(secret)}`),
    ...strangeFolders(volume, kept).map((name) => `folder ${name} on the volume`),
    ...(replicas === allUp ? [] : [`replicas: ${replicas}, not ${allUp}`]),
  ];
};

// What is still there of a policy after all, and nobody will sweep.
import { join } from 'node:path';
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import type { V1Job, V1Pod } from '@kubernetes/client-node';
import { mustKubectl } from '../cluster/kubectl.ts';
import { payloadOf } from '../e2e/support/documents.ts';
import { filesBelow } from '../e2e/support/files.ts';
import type { Manifest } from '../../src/api/stored/backup.ts';
import { readFileSync } from 'node:fs';
import { storePrefix } from './manifests.ts';
import type { Phase } from './phases.ts';
import type { Scene } from './scene.ts';
import { repositoryOnVolume } from './volumes.ts';
import { hasJobEnded } from './watch.ts';
import type { Snapshot } from './watch.ts';

export type Leftovers = {
  // Each is a fault.
  wrong: string[];
  // What prune finds by listing: attempts that no manifest names.
  abandoned: string[];
  // Backup ids that have a manifest.
  manifests: string[];
};

// Resources of one policy.
const isReading = ({ metadata }: V1Job | V1Pod): boolean => metadata?.labels?.['holdfast.dev/verb'] === 'inspect';
const ownerOf = ({ metadata }: V1Job): string => metadata?.ownerReferences?.find(({ controller }) => controller === true)?.uid ?? '';

export const leftInCluster = ({ backups, policies, jobs, pods }: Snapshot, { name }: Phase): string[] => {
  const owners = new Set([...backups, ...policies].map(({ metadata }) => metadata.uid));
  const own = jobs.filter(({ metadata }) => metadata?.labels?.['holdfast.dev/policy'] === name);
  const jobUids = new Set(own.map(({ metadata }) => metadata?.uid));
  const ownPods = pods.filter(({ metadata }) => metadata?.labels?.['holdfast.dev/policy'] === name);
  return [
    ...own.filter((job) => !owners.has(ownerOf(job))).map(({ metadata }) => `orphan Job ${metadata?.name}`),
    // A policy reads its tiers whenever that is due: such a Job has an owner and a deadline.
    ...own.filter((job) => !hasJobEnded(job) && !isReading(job)).map(({ metadata }) => `running Job ${metadata?.name}`),
    ...ownPods
      .filter((pod) => !isReading(pod) && (pod.status?.phase === 'Running' || pod.status?.phase === 'Pending'))
      .map(({ metadata }) => `running pod ${metadata?.name}`),
    ...ownPods
      .filter(({ metadata }) => !metadata?.ownerReferences?.some(({ uid }) => jobUids.has(uid)))
      .map(({ metadata }) => `orphan pod ${metadata?.name}`),
    ...backups
      .filter(({ spec, metadata }) => spec.policyRef.name === name && (metadata.finalizers ?? []).length > 0)
      .map(({ metadata }) => `finalizer on ${metadata.name}`),
  ];
};

// Secrets that the scene did not make.
export const strangeSecrets = async ({ namespace }: Scene): Promise<string[]> => {
  const known = new Set(['signing', 'login', 'superuser', 'store', 'store-ca']);
  const found = await mustKubectl(['get', 'secrets', '-n', namespace, '-o', 'jsonpath={.items[*].metadata.name}']);
  return found
    .split(' ')
    .filter((name) => name !== '' && !known.has(name))
    .map((name) => `Secret ${name}`);
};

const layout =
  /^(holdfast\.json|writers\/\d{8}\.json|keys\/[^/]+\/[0-9a-f]+\.age|data\/[^/]+\/[^/]+\/\d+\/[^/]+|manifests\/[^/]+\.json|(logs|marks)\/[^/]+\/[^/]+|catalog\/[^/]+|safety\/[^/]+\/[^/]+\/\d+\/[^/]+|kit\/[A-Za-z-]+-[0-9a-f]{16}\.[a-z]+)$/;

// Objects and uploads under the prefix of one tier.
export const leftInStore = async (scene: Scene, phase: Phase, tier: 'first' | 'second'): Promise<Leftovers> => {
  const { server } = scene;
  const prefix = storePrefix(phase.name, tier);
  const isOnVolume = scene.parts.kind === 'volume' && (tier === 'second' || phase.tiers === 1);
  const folder = isOnVolume ? await repositoryOnVolume(scene, phase) : join(server.dataDirectory, prefix);
  const objects = filesBelow(folder);
  const manifests = objects.filter((key) => key.startsWith('manifests/')).map((key) => key.slice('manifests/'.length, -'.json'.length));
  const named = new Set(manifests.flatMap((id) => attemptsIn(folder, id)));
  const attempts = [...new Set(objects.flatMap((key) => /^(data\/[^/]+\/[^/]+\/\d+)\//.exec(key)?.[1] ?? []))];
  const { Uploads = [] } = await server.root.send(new ListMultipartUploadsCommand({ Bucket: 'holdfast', Prefix: `${prefix}/` }));
  const strange = objects.filter((key) => !layout.test(key));
  const uploads = Uploads.map(({ Key = '' }) => Key.slice(prefix.length + 1));
  const newest = manifests.toSorted().at(-1) ?? '';
  return {
    wrong: [
      ...strange.map((key) => `strange object ${key}`),
      // An upload of the newest run has nobody any more who would end it before prune; one of an earlier run neither. Both can be listed.
      ...uploads.filter((key) => !key.startsWith('data/') || key.startsWith(`data/${newest}/`)).map((key) => `open upload ${key}`),
    ],
    abandoned: [
      ...attempts.filter((attempt) => !named.has(attempt)),
      ...uploads.filter((key) => key.startsWith('data/')).map((key) => `${key} (upload)`),
    ],
    manifests,
  };
};

const attemptsIn = (folder: string, id: string): string[] => {
  const manifest = payloadOf(readFileSync(join(folder, `manifests/${id}.json`))) as Manifest;
  return manifest.components.map(({ name, attempt }) => `data/${id}/${name}/${attempt}`);
};

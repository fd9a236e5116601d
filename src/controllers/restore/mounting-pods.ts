// The pods that have a claim mounted or belong to certain workloads, and what they belong to. Whose a pod is is decided by uids along its owners.
import type { WorkloadFacts, PodFacts } from '../../core/restore/workloads/facts.ts';
import { claimsOf, hasEnded } from '../../core/restore/workloads/read.ts';
import type { KubeClient } from '../../kube/client.ts';
import { controllerOf } from '../../kube/object.ts';
import type { KubeObject, OwnerReference } from '../../kube/object.ts';
import { pods as podResource, replicaSets } from '../../kube/resource.ts';
import type { Pod } from '../caches.ts';

export type PodAndOwner = { pod: Pod; owner: Pick<PodFacts, 'workload' | 'controlledBy'> };

type Asked = {
  namespace: string;
  claims: readonly string[];
  workloads: readonly Pick<WorkloadFacts, 'kind' | 'name' | 'uid'>[];
};

export const mountingPods = async (client: KubeClient, asked: Asked): Promise<PodAndOwner[]> => {
  const candidates = await readCandidates(client, asked);
  const replicaSetOwner = new Map<string, Promise<OwnerReference | undefined>>();
  // Each ReplicaSet is asked for once.
  const ownerOf = (owner: OwnerReference): Promise<OwnerReference | undefined> => {
    const known = replicaSetOwner.get(owner.uid) ?? readOwner(client, asked.namespace, owner);
    replicaSetOwner.set(owner.uid, known);
    return known;
  };
  const found = await Promise.all(candidates.map(async (pod) => ({ pod, owner: await ownerOfPod(pod, ownerOf) })));
  return found.filter(({ pod, owner }) => mounts(pod, asked) || asked.workloads.some(({ uid }) => uid === owner.workload?.uid));
};

const mounts = (pod: Pod, { claims }: Asked): boolean => claimsOf(pod).some((claim) => claims.includes(claim));

// Of the pods of the namespace only those that may matter.
const readCandidates = async (client: KubeClient, asked: Asked): Promise<Pod[]> => {
  const candidates: Pod[] = [];
  for await (const { items } of client.list<Pod>(podResource, { namespace: asked.namespace })) {
    candidates.push(...items.filter((pod) => !hasEnded(pod) && (mounts(pod, asked) || mayBelong(pod, asked))));
  }
  return candidates;
};

// A ReplicaSet is named after its Deployment, so that not every one of a namespace has to be asked for.
const mayBelong = (pod: Pod, { workloads }: Asked): boolean => {
  const owner = controllerOf(pod);
  return workloads.some(({ kind, name, uid }) =>
    kind === 'StatefulSet' ? owner?.uid === uid : owner?.name.startsWith(`${name}-`) === true,
  );
};

const isOfApps = ({ apiVersion }: OwnerReference): boolean => apiVersion.startsWith('apps/');

// What a pod belongs to: the owner of its ReplicaSet where that has one.
const ownerOfPod = async (
  pod: Pod,
  ownerOf: (owner: OwnerReference) => Promise<OwnerReference | undefined>,
): Promise<Pick<PodFacts, 'workload' | 'controlledBy'>> => {
  const controller = controllerOf(pod);
  const owner = controller?.kind === 'ReplicaSet' && isOfApps(controller) ? ((await ownerOf(controller)) ?? controller) : controller;
  if (owner === undefined) {
    return {};
  }
  const { kind, name, uid } = owner;
  return isOfApps(owner) && (kind === 'Deployment' || kind === 'StatefulSet')
    ? { workload: { kind, name, uid } }
    : { controlledBy: { kind, name } };
};

const readOwner = async (client: KubeClient, namespace: string, { name, uid }: OwnerReference): Promise<OwnerReference | undefined> => {
  const found = await client.get<KubeObject>(replicaSets, { namespace, name });
  return found?.metadata?.uid === uid ? controllerOf(found) : undefined;
};

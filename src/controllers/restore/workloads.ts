// What a Restore stops, as the API server has it now. Nothing of it is kept: only Restores that stop something ask, and only while they do.
import type { V2HorizontalPodAutoscaler } from '@kubernetes/client-node';
import type { QuiescedWorkload } from '../../api/restore-status.ts';
import type { QuiesceFacts, WorkloadRef } from '../../core/restore/workloads/facts.ts';
import { isWorkload } from '../../core/restore/workloads/facts.ts';
import type { QuiesceWish } from '../../core/restore/workloads/plan.ts';
import { claimFacts, podFacts, workloadFacts } from '../../core/restore/workloads/read.ts';
import type { WorkloadObject } from '../../core/restore/workloads/read.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { KubeObject } from '../../kube/object.ts';
import { deployments, horizontalPodAutoscalers, persistentVolumeClaims, statefulSets } from '../../kube/resource.ts';
import type { Resource } from '../../kube/resource.ts';
import type { Claim } from '../caches.ts';
import { mountingPods } from './mounting-pods.ts';
import type { PodAndOwner } from './mounting-pods.ts';

export const resourceOf: Record<WorkloadRef['kind'], Resource> = { Deployment: deployments, StatefulSet: statefulSets };

type Where = { namespace: string; claims: readonly string[] };

// Before anything is stopped: what is named, and everything that uses the claims, whether it runs or not.
export const readWorkloads = async (client: KubeClient, { namespace, claims, named }: Where & QuiesceWish): Promise<QuiesceFacts> => {
  const [known, autoscalers, found] = await Promise.all([
    allWorkloads(client, namespace),
    listAll<V2HorizontalPodAutoscaler>(client, horizontalPodAutoscalers, namespace),
    Promise.all(claims.map((name) => client.get<Claim>(persistentVolumeClaims, { namespace, name }))),
  ]);
  const facts = known.map((each) => workloadFacts(each, claims, autoscalers));
  const meant = facts.filter((each) => each.uses.length > 0 || named.some((one) => isWorkload(one, each)));
  const mounting = await mountingPods(client, { namespace, claims, workloads: meant });
  // A pod of an earlier template may use what the template of today does not.
  const workloads = facts.filter((each) => meant.includes(each) || mounting.some(({ owner }) => owner.workload?.uid === each.uid));
  return {
    namespace,
    claims: found.flatMap((claim) => (claim === undefined ? [] : claimFacts(claim))),
    workloads,
    pods: factsOf(mounting, claims),
  };
};

// Afterwards: what was recorded, and who has the claims mounted.
export const readStopped = async (
  client: KubeClient,
  { namespace, claims, recorded }: Where & { recorded: readonly QuiescedWorkload[] },
): Promise<QuiesceFacts> => {
  const found = await Promise.all(recorded.map((each) => readWorkload(client, namespace, each)));
  const workloads = found.flatMap((each) => (each === undefined ? [] : workloadFacts(each, claims)));
  const mounting = await mountingPods(client, { namespace, claims, workloads });
  return { namespace, claims: [], workloads, pods: factsOf(mounting, claims) };
};

const factsOf = (mounting: readonly PodAndOwner[], claims: readonly string[]): QuiesceFacts['pods'] =>
  mounting.map(({ pod, owner }) => podFacts(pod, claims, owner));

const readWorkload = async (client: KubeClient, namespace: string, { kind, name }: WorkloadRef): Promise<WorkloadObject | undefined> => {
  const object = await client.get<WorkloadObject['object']>(resourceOf[kind], { namespace, name });
  return object === undefined ? undefined : ({ kind, object } as WorkloadObject);
};

const allWorkloads = async (client: KubeClient, namespace: string): Promise<WorkloadObject[]> => {
  const kinds = Object.keys(resourceOf) as WorkloadRef['kind'][];
  const lists = await Promise.all(
    kinds.map(async (kind) =>
      (await listAll<WorkloadObject['object']>(client, resourceOf[kind], namespace)).map((object) => ({ kind, object }) as WorkloadObject),
    ),
  );
  return lists.flat();
};

const listAll = async <T extends KubeObject | object>(client: KubeClient, resource: Resource, namespace: string): Promise<T[]> => {
  const all: T[] = [];
  for await (const { items } of client.list<T>(resource, { namespace })) {
    all.push(...items);
  }
  return all;
};

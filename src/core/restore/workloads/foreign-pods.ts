// Pods that use a claim and are stopped by nothing that this Restore stops.
import type { PodFacts } from './facts.ts';

const place = ({ claims, name, workload, controlledBy }: PodFacts): string => {
  const owner = workload ?? controlledBy;
  return `Pod ${name}${owner === undefined ? '' : ` of ${owner.kind} ${owner.name}`} has ${claims.join(' and ')} mounted.`;
};

// Each pod in words, with what to do about it.
export const describeForeign = (namespace: string, pod: PodFacts): string => `${place(pod)} ${remedy(namespace, pod)}`;

const remedy = (namespace: string, { name, workload, controlledBy }: PodFacts): string => {
  if (workload !== undefined) {
    return `Stop it: kubectl scale ${workload.kind.toLowerCase()} ${workload.name} --namespace ${namespace} --replicas=0`;
  }
  switch (controlledBy?.kind) {
    case undefined:
      return `Delete it: kubectl delete pod ${name} --namespace ${namespace}`;
    case 'Job':
      return `Wait for its end, or delete it: kubectl delete job ${controlledBy?.name} --namespace ${namespace}`;
    case 'ReplicaSet':
      return `Stop it: kubectl scale replicaset ${controlledBy?.name} --namespace ${namespace} --replicas=0`;
    default:
      return `Stop ${controlledBy?.kind} ${controlledBy?.name} by its own means, or restore into a new claim (target.volume).`;
  }
};

// What would start a workload again while it should be stopped, or would be lost by stopping it.
import type { Autoscaler, WorkloadFacts } from './facts.ts';

// Why a workload cannot be stopped, each with what to do. Empty: it can.
export const hindrances = (namespace: string, workload: WorkloadFacts): string[] => {
  const { kind, name, controlledBy, autoscalers, deletesClaims, replicas } = workload;
  const what = `${kind} ${name}`;
  return [
    ...(controlledBy === undefined
      ? []
      : [
          `${what} is made by ${controlledBy.kind} ${controlledBy.name}, which would start it again. Restore into a new claim (target.volume), and let ${controlledBy.kind} ${controlledBy.name} start from that.`,
        ]),
    ...autoscalers.map((each) => `${what} is scaled by HorizontalPodAutoscaler ${each.name}. ${pauseAutoscaler(namespace, each)}`),
    // Where it has none, nothing is deleted any more.
    ...(deletesClaims && replicas > 0
      ? [
          `${what} deletes its claims, and the data in them, when it is scaled down (persistentVolumeClaimRetentionPolicy.whenScaled: Delete). Change that first: kubectl patch statefulset ${name} --namespace ${namespace} --type=merge --patch '{"spec":{"persistentVolumeClaimRetentionPolicy":{"whenScaled":"Retain"}}}'`,
        ]
      : []),
  ];
};

const pauseAutoscaler = (namespace: string, { name, controlledBy }: Autoscaler): string =>
  controlledBy?.kind === 'ScaledObject'
    ? `Pause what has made it: kubectl annotate scaledobject ${controlledBy.name} --namespace ${namespace} autoscaling.keda.sh/paused=true`
    : `Take it away and apply it again afterwards: kubectl get hpa ${name} --namespace ${namespace} -o yaml >hpa-${name}.yaml && kubectl delete hpa ${name} --namespace ${namespace}`;

// Whether something was started again that has to be stopped: asked again and again while its data is being replaced.
import type { QuiescedWorkload } from '../../../api/restore-status.ts';
import type { QuiesceFacts, WorkloadFacts } from './facts.ts';
import { foreignPods, isWorkload, usesClaims } from './facts.ts';
import { describeForeign } from './foreign-pods.ts';
import { refuseAll } from './refusal.ts';
import type { WorkloadRefusal } from './refusal.ts';

// Undefined: all is as quiet as it should be.
export const drifted = (recorded: readonly QuiescedWorkload[], facts: QuiesceFacts): WorkloadRefusal | undefined => {
  const { namespace, workloads } = facts;
  const isMeant = (each: WorkloadFacts): boolean =>
    recorded.some((was) => was.uid === each.uid || isWorkload(was, each)) || usesClaims(facts, each);
  const back = workloads.filter((each) => isMeant(each) && each.replicas > 0);
  return (
    refuseAll(
      'ManagedByController',
      back.map((each) => describeDrift(namespace, each)),
    ) ??
    refuseAll(
      'ConnectionsActive',
      foreignPods(facts, back).map((pod) => describeForeign(namespace, pod)),
    )
  );
};

const describeDrift = (namespace: string, { kind, name, replicas, scaledBy, controlledBy, autoscalers, gitOps }: WorkloadFacts): string => {
  const who = scaledBy === undefined ? '' : ` by ${scaledBy}`;
  const culprits = [
    ...(controlledBy === undefined ? [] : [`${controlledBy.kind} ${controlledBy.name}`]),
    ...autoscalers.map((each) => `HorizontalPodAutoscaler ${each.name}`),
    ...gitOps.map(({ tool, pause }) => `${tool}: ${pause}`),
  ];
  const pause = culprits.length === 0 ? 'Pause what has done that' : `Pause what has done that (perhaps ${culprits.join('; ')})`;
  return `${kind} ${name} was scaled to ${replicas}${who} while it had to be stopped. ${pause}, see kubectl get ${kind.toLowerCase()} ${name} --namespace ${namespace} --show-managed-fields -o yaml, then create another Restore.`;
};

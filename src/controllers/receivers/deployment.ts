// Builds the Deployment of a WAL receiver: one pod, never two, which goes with the policy. The replication slot is the lock.
import type { V1Deployment } from '@kubernetes/client-node';
import { annotation, apiVersion, label, managedByValue } from '../../api/group.ts';
import type { BackupPolicy } from '../../api/objects.ts';
import type { JobRequest } from '../../core/jobs/request.ts';
import { receiverName } from '../../core/receiver/name.ts';
import { acknowledgingTiers } from '../../core/wal/acknowledging.ts';
import type { KubeObject } from '../../kube/object.ts';
import { hash8 } from '../hash.ts';
import { findComponent } from '../jobs/find-in-policy.ts';
import { imageFor } from '../jobs/job.ts';
import type { JobSettings } from '../jobs/job.ts';
import { togetherLabel } from '../jobs/one-node.ts';
import { agentPlan } from '../jobs/plan.ts';
import { podSpec } from '../jobs/pod.ts';
import { mountsFor } from '../jobs/volumes.ts';

// The same pod as a Job has; only that it is started again whenever it ends.
export const buildReceiver = (policy: BackupPolicy, component: string, settings: JobSettings): V1Deployment & KubeObject => {
  const request = requestFor(policy, component);
  const { name, namespace, uid } = policy.metadata;
  const selector = {
    [label.managedBy]: managedByValue,
    [label.policy]: name,
    [label.component]: component,
    [label.verb]: request.verb,
  };
  const plan = agentPlan(policy, request, settings.clusterId);
  const mounted = mountsFor(policy, request);
  const template = {
    metadata: { labels: { ...selector, ...togetherLabel(policy, mounted) } },
    spec: podSpec(policy, request, plan, imageFor(request, policy, settings), { mounted }),
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: request.name,
      namespace,
      labels: selector,
      annotations: { [annotation.madeFrom]: hash8(JSON.stringify(template)) },
      ownerReferences: [{ apiVersion, kind: policy.kind, name, uid, controller: true, blockOwnerDeletion: true }],
    },
    spec: {
      replicas: 1,
      strategy: { type: 'Recreate' },
      // Old ones are of no use: the policy says what runs.
      revisionHistoryLimit: 0,
      selector: { matchLabels: selector },
      template,
    },
  };
};

// Its identity is that of the tier that is written first.
const requestFor = (policy: BackupPolicy, component: string): JobRequest => {
  const walArchive = findComponent(policy, component).postgresql?.walArchive;
  return {
    name: receiverName(policy.metadata.name, component),
    verb: 'receive',
    attempt: 1,
    owner: 'BackupPolicy',
    tier: acknowledgingTiers(policy.spec, walArchive ?? { acknowledge: [] })[0] ?? '',
    component,
    receive: { mode: 'Continuous' },
  };
};

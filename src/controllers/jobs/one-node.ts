// A volume is mostly attached to one node at a time, and a WAL receiver holds it for good: then all pods of the policy that mount a volume run on the
// node of those that do already. Where none does, any node will do: the scheduler lets the first of a group go where it likes.
import type { V1Affinity } from '@kubernetes/client-node';
import { label, managedByValue } from '../../api/group.ts';
import type { BackupPolicy } from '../../api/objects.ts';
import type { JobRequest } from '../../core/jobs/request.ts';
import { receiversOf } from '../../core/receiver/wanted.ts';
import { mountsFor } from './volumes.ts';

const staysTogether = (policy: BackupPolicy, request: JobRequest): boolean =>
  receiversOf(policy).length > 0 && mountsFor(policy, request).some(({ volume }) => volume.persistentVolumeClaim !== undefined);

export const togetherLabel = (policy: BackupPolicy, request: JobRequest): Record<string, string> =>
  staysTogether(policy, request) ? { [label.oneNode]: policy.metadata.name } : {};

export const togetherAffinity = (policy: BackupPolicy, request: JobRequest): { affinity?: V1Affinity } => {
  if (!staysTogether(policy, request)) {
    return {};
  }
  const matchLabels = { [label.managedBy]: managedByValue, [label.oneNode]: policy.metadata.name };
  const term = { labelSelector: { matchLabels }, topologyKey: 'kubernetes.io/hostname' };
  return { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } };
};

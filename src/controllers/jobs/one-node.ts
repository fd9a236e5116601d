// A volume is mostly attached to one node at a time, and a WAL receiver holds it for good: then all pods of the policy that mount a volume run on the
// node of those that do already. Where none does, any node will do: the scheduler lets the first of a group go where it likes.
import type { V1Affinity } from '@kubernetes/client-node';
import { label, managedByValue } from '../../api/group.ts';
import type { BackupPolicy } from '../../api/objects.ts';
import { receiversOf } from '../../core/receiver/wanted.ts';
import type { Mounted } from './secret-volume.ts';

// The volume that is restored into is no tier: the receiver does not hold it.
const staysTogether = (policy: BackupPolicy, mounted: readonly Mounted[]): boolean =>
  receiversOf(policy).length > 0 &&
  mounted.some(({ volume }) => volume.persistentVolumeClaim !== undefined && volume.name.startsWith('tier-'));

export const togetherLabel = (policy: BackupPolicy, mounted: readonly Mounted[]): Record<string, string> =>
  staysTogether(policy, mounted) ? { [label.oneNode]: policy.metadata.name } : {};

export const togetherAffinity = (policy: BackupPolicy, mounted: readonly Mounted[]): { affinity?: V1Affinity } => {
  if (!staysTogether(policy, mounted)) {
    return {};
  }
  const matchLabels = { [label.managedBy]: managedByValue, [label.oneNode]: policy.metadata.name };
  const term = { labelSelector: { matchLabels }, topologyKey: 'kubernetes.io/hostname' };
  return { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } };
};

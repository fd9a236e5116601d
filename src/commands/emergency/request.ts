// The Restore that is made.
import { apiVersion, label } from '../../api/group.ts';
import type { Preparation } from './prepare.ts';

export type NewRestore = {
  apiVersion: string;
  kind: 'Restore';
  metadata: { name: string; namespace: string; labels: Record<string, string> };
  spec: object;
};

// Only what was said: the API server fills in the defaults.
export const newRestore = (
  { policy: { metadata }, component, target, wish, options }: Omit<Preparation, 'findings' | 'contacts'>,
  name: string,
  identity: { name: string; key: string },
): NewRestore => ({
  apiVersion,
  kind: 'Restore',
  metadata: { name, namespace: metadata.namespace, labels: { [label.policy]: metadata.name } },
  spec: {
    source: {
      policyRef: { name: metadata.name },
      ...(options.tier === undefined ? {} : { tier: options.tier }),
      ...(wish.latest === undefined ? {} : { latest: true }),
      ...(wish.backup === undefined ? {} : { backup: wish.backup }),
      identitySecretRef: identity,
    },
    ...(wish.pointInTime === undefined ? {} : { pointInTime: wish.pointInTime }),
    components: [{ name: component.name, target: { inPlace: target.inPlace } }],
    ...(options.safetyBackup === undefined ? {} : { safetyBackup: options.safetyBackup }),
    ...(target.named.length === 0 ? {} : { quiesce: { workloads: target.named } }),
    confirmation: `${metadata.namespace}/${metadata.name}`,
  },
});

// The claim that a component is restored into. No owner: it outlives the Restore.
import type { V1PersistentVolumeClaim } from '@kubernetes/client-node';
import { annotation, label, managedByValue } from '../../api/group.ts';
import type { Restore } from '../../api/objects.ts';
import type { Action } from '../../core/jobs/request.ts';
import type { KubeObject } from '../../kube/object.ts';
import { backupLabel } from '../hash.ts';

export const restoreClaim = (
  { metadata, spec }: Restore,
  { component, name, bytes, storageClassName }: Extract<Action, { type: 'createRestoreClaim' }>,
): V1PersistentVolumeClaim & KubeObject => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: {
    name,
    namespace: metadata.namespace,
    labels: {
      [label.managedBy]: managedByValue,
      [label.policy]: spec.source.policyRef.name,
      [label.restore]: backupLabel(metadata.name),
      [label.component]: component,
    },
    annotations: { [annotation.owner]: ownerText(metadata) },
  },
  spec: {
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: String(bytes) } },
    ...(storageClassName === undefined ? {} : { storageClassName }),
  },
});

// As on Jobs.
export const ownerText = ({ name, uid }: { name: string; uid: string }): string => `Restore/${name}/${uid}`;

// The uid of the Restore that a claim was made for.
export const madeFor = ({ metadata }: V1PersistentVolumeClaim): string | undefined => {
  const [kind, , uid] = metadata?.annotations?.[annotation.owner]?.split('/') ?? [];
  return kind === 'Restore' && metadata?.labels?.[label.managedBy] === managedByValue ? uid : undefined;
};

// From objects of the API to facts.
import type {
  V1Deployment,
  V1ManagedFieldsEntry,
  V1OwnerReference,
  V1PersistentVolumeClaim,
  V1Pod,
  V1StatefulSet,
  V2HorizontalPodAutoscaler,
} from '@kubernetes/client-node';
import { label, managedByValue } from '../../../api/group.ts';
import type { Autoscaler, ClaimFacts, PodFacts, WorkloadFacts, WorkloadRef } from './facts.ts';
import { gitOpsOf } from './git-ops.ts';
import { templateOf } from './template.ts';

// As it comes over the wire: times are text.
export type WorkloadObject = { kind: 'Deployment'; object: V1Deployment } | { kind: 'StatefulSet'; object: V1StatefulSet };

const controllerOf = (owners: readonly V1OwnerReference[] | undefined): { kind: string; name: string } | undefined => {
  const owner = owners?.find(({ controller }) => controller === true);
  return owner === undefined ? undefined : { kind: owner.kind, name: owner.name };
};

// `claims`: those that matter.
export const workloadFacts = (
  { kind, object }: WorkloadObject,
  claims: readonly string[],
  autoscalers: readonly V2HorizontalPodAutoscaler[] = [],
): WorkloadFacts => {
  const { name = '', uid = '', deletionTimestamp, ownerReferences, labels, annotations, managedFields } = object.metadata ?? {};
  const replicas = object.spec?.replicas ?? 1;
  const template = {
    kind,
    name,
    replicas,
    pod: object.spec?.template.spec ?? { containers: [] },
    ...(kind === 'StatefulSet'
      ? { claimTemplates: object.spec?.volumeClaimTemplates ?? [], firstOrdinal: object.spec?.ordinals?.start ?? 0 }
      : {}),
  };
  const controlledBy = controllerOf(ownerReferences);
  const scaledBy = whoScaled(managedFields);
  return {
    kind,
    name,
    uid,
    replicas,
    deleting: deletionTimestamp !== undefined,
    ...(scaledBy === undefined ? {} : { scaledBy }),
    ...(controlledBy === undefined ? {} : { controlledBy }),
    autoscalers: autoscalers.filter((each) => isFor(each, { kind, name })).map(autoscalerFacts),
    deletesClaims: kind === 'StatefulSet' && object.spec?.persistentVolumeClaimRetentionPolicy?.whenScaled === 'Delete',
    gitOps: gitOpsOf({ ...(labels === undefined ? {} : { labels }), ...(annotations === undefined ? {} : { annotations }) }),
    uses: claims.flatMap((claim) => templateOf(template, claim) ?? []),
  };
};

const isFor = ({ spec }: V2HorizontalPodAutoscaler, { kind, name }: WorkloadRef): boolean => {
  const { apiVersion = '', kind: ofKind, name: called } = spec?.scaleTargetRef ?? {};
  return ofKind === kind && called === name && apiVersion.startsWith('apps/');
};

const autoscalerFacts = ({ metadata }: V2HorizontalPodAutoscaler): Autoscaler => {
  const controlledBy = controllerOf(metadata?.ownerReferences);
  return { name: metadata?.name ?? '', ...(controlledBy === undefined ? {} : { controlledBy }) };
};

// The server notes who has written each field last.
const whoScaled = (entries: readonly V1ManagedFieldsEntry[] = []): string | undefined =>
  entries
    .filter(({ fieldsV1 }) => (fieldsV1 as { 'f:spec'?: object } | undefined)?.['f:spec']?.hasOwnProperty('f:replicas'))
    .toSorted((a, b) => String(b.time).localeCompare(String(a.time)))[0]?.manager;

export const claimFacts = ({ metadata, status }: V1PersistentVolumeClaim): ClaimFacts => ({
  name: metadata?.name ?? '',
  deleting: metadata?.deletionTimestamp !== undefined,
  lost: status?.phase === 'Lost',
});

export const claimsOf = ({ spec, metadata }: V1Pod): string[] =>
  (spec?.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) =>
    persistentVolumeClaim !== undefined
      ? persistentVolumeClaim.claimName
      : ephemeral !== undefined
        ? `${metadata?.name ?? ''}-${name}`
        : [],
  );

export const hasEnded = ({ status }: V1Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed';

// `owner`: what it belongs to, as was found out along its owners.
export const podFacts = (pod: V1Pod, claims: readonly string[], owner: Pick<PodFacts, 'workload' | 'controlledBy'>): PodFacts => {
  const { name = '', uid = '', deletionTimestamp, labels } = pod.metadata ?? {};
  const node = pod.spec?.nodeName;
  return {
    name,
    uid,
    deleting: deletionTimestamp !== undefined,
    ...(node === undefined ? {} : { node }),
    claims: claimsOf(pod).filter((claim) => claims.includes(claim)),
    ...(owner.controlledBy?.kind === 'Job' && labels?.[label.managedBy] === managedByValue ? { passing: true } : {}),
    ...owner,
  };
};

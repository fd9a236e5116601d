// What the operator keeps in memory of the cluster: one reflector for each kind, and the indexes that the controllers ask.
import type { V1Job, V1PersistentVolumeClaim, V1Pod } from '@kubernetes/client-node';
import { label, managedByValue } from '../api/group.ts';
import type { Backup, BackupPolicy } from '../api/objects.ts';
import type { KubeClient } from '../kube/client.ts';
import { controllerOf } from '../kube/object.ts';
import type { KubeObject } from '../kube/object.ts';
import { createReflector } from '../kube/reflector.ts';
import type { Reflector } from '../kube/reflector.ts';
import { jobs, persistentVolumeClaims, pods } from '../kube/resource.ts';
import type { Log } from '../telemetry/log.ts';
import { backupPolicies, backups } from './resources.ts';

// As they come over the wire: times are text.
export type Job = V1Job & KubeObject;
export type Pod = V1Pod & KubeObject;
export type Claim = V1PersistentVolumeClaim & KubeObject;

export type Caches = {
  policies: Reflector<BackupPolicy>;
  backups: Reflector<Backup>;
  jobs: Reflector<Job>;
  pods: Reflector<Pod>;
  claims: Reflector<Claim>;
};

// Values of the indexes.
export const byPolicy = (namespace: string, policy: string): string => `policy:${namespace}/${policy}`;
export const byOwner = (uid: string): string => `owner:${uid}`;

const madeByUs = `${label.managedBy}=${managedByValue}`;

const policyOfLabel = (object: KubeObject): string[] => {
  const policy = object.metadata?.labels?.[label.policy];
  return policy === undefined ? [] : [byPolicy(object.metadata?.namespace ?? '', policy)];
};

const ownerIndex = (object: KubeObject): string[] => {
  const owner = controllerOf(object);
  return owner === undefined ? [] : [byOwner(owner.uid)];
};

const withoutManagedFields = <T extends KubeObject>(object: T): T => {
  const { managedFields: _, ...metadata } = object.metadata as Record<string, unknown>;
  return { ...object, metadata };
};

// Of a Job and a pod only what decisions look at: specs with plans and volumes are large.
const bare = <T extends KubeObject & { spec?: unknown }>(object: T): T => {
  const { spec: _, ...rest } = withoutManagedFields(object);
  return rest as T;
};

export const createCaches = (client: KubeClient, log: Log): Caches => {
  const common = { client, log };
  return {
    policies: createReflector<BackupPolicy>({ ...common, resource: backupPolicies, keep: withoutManagedFields }),
    backups: createReflector<Backup>({
      ...common,
      resource: backups,
      keep: withoutManagedFields,
      indexOf: ({ metadata, spec }) => [byPolicy(metadata.namespace, spec.policyRef.name)],
    }),
    jobs: createReflector<Job>({
      ...common,
      resource: jobs,
      labelSelector: madeByUs,
      keep: bare,
      indexOf: (job) => [...ownerIndex(job), ...policyOfLabel(job)],
    }),
    pods: createReflector<Pod>({ ...common, resource: pods, labelSelector: madeByUs, keep: bare, indexOf: ownerIndex }),
    claims: createReflector<Claim>({ ...common, resource: persistentVolumeClaims, labelSelector: madeByUs, keep: bare }),
  };
};

export const allReflectors = ({
  policies,
  backups: runs,
  jobs: work,
  pods: workers,
  claims,
}: Caches): Pick<Reflector<KubeObject>, 'run' | 'synced'>[] => [policies, runs, work, workers, claims];

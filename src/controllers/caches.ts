// What the operator keeps in memory of the cluster: one reflector for each kind, and the indexes that the controllers ask.
import type { V1Deployment, V1Job, V1PersistentVolumeClaim, V1Pod } from '@kubernetes/client-node';
import { label, managedByValue } from '../api/group.ts';
import type { Backup, BackupPolicy, Restore } from '../api/objects.ts';
import type { KubeClient } from '../kube/client.ts';
import { controllerOf } from '../kube/object.ts';
import type { KubeObject } from '../kube/object.ts';
import { createReflector } from '../kube/reflector.ts';
import type { Reflector } from '../kube/reflector.ts';
import { deployments, jobs, persistentVolumeClaims, pods } from '../kube/resource.ts';
import type { Log } from '../telemetry/log.ts';
import { brief, isSettled } from './brief.ts';
import { backupLabel } from './hash.ts';
import { withSharedTexts } from './shared.ts';
import { backupPolicies, backups, restores } from './resources.ts';

// As they come over the wire: times are text.
export type Job = V1Job & KubeObject;
export type Pod = V1Pod & KubeObject;
export type Deployment = V1Deployment & KubeObject;
export type Claim = V1PersistentVolumeClaim & KubeObject;

export type Caches = {
  policies: Reflector<BackupPolicy>;
  backups: Reflector<Backup>;
  restores: Reflector<Restore>;
  jobs: Reflector<Job>;
  pods: Reflector<Pod>;
  claims: Reflector<Claim>;
  // Of WAL receivers.
  deployments: Reflector<Deployment>;
  // The Backups of one policy.
  backupsOf: (policy: Pick<BackupPolicy, 'metadata'>) => Backup[];
  // The Restores of one policy, and all of a namespace.
  restoresOf: (policy: Pick<BackupPolicy, 'metadata'>) => Restore[];
  restoresIn: (namespace: string) => Restore[];
};

// Values of the indexes.
export const byPolicy = (namespace: string, policy: string): string => `policy:${namespace}/${policy}`;
export const byOwner = (uid: string): string => `owner:${uid}`;
// By what stands in the label of its Jobs and pods, where that is not its name: a long one is cut there.
export const byLabel = (namespace: string, value: string): string => `label:${namespace}/${value}`;
// Restores of a namespace.
export const byNamespace = (namespace: string): string => `namespace:${namespace}`;
// Jobs that copy a Backup, by what stands in their label.
export const byCopied = (namespace: string, value: string): string => `copy:${namespace}/${value}`;

// Pods of a component's receiver.
export const byReceiver = (namespace: string, policy: string, component: string): string => `receiver:${namespace}/${policy}/${component}`;

const madeByUs = `${label.managedBy}=${managedByValue}`;

const policyOfLabel = (object: KubeObject): string[] => {
  const policy = object.metadata?.labels?.[label.policy];
  return policy === undefined ? [] : [byPolicy(object.metadata?.namespace ?? '', policy)];
};

const ownerIndex = (object: KubeObject): string[] => {
  const owner = controllerOf(object);
  return owner === undefined ? [] : [byOwner(owner.uid)];
};

const copiedBackup = ({ metadata }: KubeObject): string[] =>
  metadata?.labels?.[label.verb] === 'copy' ? [byCopied(metadata.namespace ?? '', metadata.labels[label.backup] ?? '')] : [];

const cutName = ({ namespace, name }: { namespace: string; name: string }): string[] => {
  const value = backupLabel(name);
  return value === name ? [] : [byLabel(namespace, value)];
};

// A Job of the same verb has pods with the same labels: their owner is the Job.
const receiverIndex = (object: KubeObject): string[] => {
  const { namespace = '', labels = {} } = object.metadata ?? {};
  return labels[label.verb] === 'receive' && controllerOf(object)?.kind === 'ReplicaSet'
    ? [byReceiver(namespace, labels[label.policy] ?? '', labels[label.component] ?? '')]
    : [];
};

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

// What tools note about fields is often larger than the object itself.
const withoutNotes = <T extends KubeObject & { metadata?: { annotations?: Record<string, string> } }>(object: T): T => {
  const {
    managedFields: _,
    annotations,
    ...metadata
  } = object.metadata as Record<string, unknown> & {
    annotations?: Record<string, string>;
  };
  const { [lastApplied]: _applied, ...noted } = annotations ?? {};
  return { ...object, metadata: { ...metadata, ...(annotations === undefined ? {} : { annotations: noted }) } };
};

// Of a Backup that has ended only what decisions still look at.
const slim = (backup: Backup): Backup => {
  if (isSettled(backup)) {
    return brief(backup);
  }
  const kept = withoutNotes(backup);
  if (kept.status?.endTime === undefined) {
    return kept;
  }
  const { components: _components, phases: _phases, verification: _verification, ...status } = kept.status;
  return { ...kept, status };
};

// Of a policy everything; what hundreds of them say alike is kept once.
const whole = (policy: BackupPolicy): BackupPolicy => withSharedTexts(withoutNotes(policy));

// Of a Job and a pod only what decisions look at: specs with plans and volumes are large.
const bare = <T extends KubeObject & { spec?: unknown }>(object: T): T => {
  const { spec: _, ...rest } = withoutNotes(object);
  return rest as T;
};

const scaled = (deployment: Deployment): Deployment => {
  const { spec, ...rest } = withoutNotes(deployment);
  return { ...rest, spec: { replicas: spec?.replicas } } as Deployment;
};

// `namespace`: only that one is looked at; default: all.
export const createCaches = (client: KubeClient, log: Log, namespace?: string): Caches => {
  const common = { client, log, ...(namespace === undefined ? {} : { namespace }) };
  const runs = createReflector<Backup>({
    ...common,
    resource: backups,
    keep: slim,
    indexOf: ({ metadata, spec }) => [byPolicy(metadata.namespace, spec.policyRef.name), ...cutName(metadata)],
  });
  const comebacks = createReflector<Restore>({
    ...common,
    resource: restores,
    keep: withoutNotes,
    indexOf: ({ metadata, spec }) => [
      byPolicy(metadata.namespace, spec.source.policyRef.name),
      byNamespace(metadata.namespace),
      ...cutName(metadata),
    ],
  });
  return {
    policies: createReflector<BackupPolicy>({ ...common, resource: backupPolicies, keep: whole }),
    backups: runs,
    backupsOf: ({ metadata }) => runs.cache.find(byPolicy(metadata.namespace, metadata.name)),
    restores: comebacks,
    restoresOf: ({ metadata }) => comebacks.cache.find(byPolicy(metadata.namespace, metadata.name)),
    restoresIn: (where) => comebacks.cache.find(byNamespace(where)),
    jobs: createReflector<Job>({
      ...common,
      resource: jobs,
      labelSelector: madeByUs,
      keep: bare,
      indexOf: (job) => [...ownerIndex(job), ...policyOfLabel(job), ...copiedBackup(job)],
    }),
    pods: createReflector<Pod>({
      ...common,
      resource: pods,
      labelSelector: madeByUs,
      keep: bare,
      indexOf: (pod) => [...ownerIndex(pod), ...policyOfLabel(pod), ...receiverIndex(pod)],
    }),
    claims: createReflector<Claim>({ ...common, resource: persistentVolumeClaims, labelSelector: madeByUs, keep: bare }),
    deployments: createReflector<Deployment>({
      ...common,
      resource: deployments,
      labelSelector: madeByUs,
      keep: scaled,
      indexOf: policyOfLabel,
    }),
  };
};

// Backups that a label of a Job or pod stands for. What it says there is checked when the Job is read.
export const labelled = ({ backups: { cache } }: Caches, { metadata }: KubeObject): Backup[] => {
  const [namespace, value] = [metadata?.namespace ?? '', metadata?.labels?.[label.backup] ?? ''];
  const named = cache.get({ namespace, name: value });
  return [...(named === undefined ? [] : [named]), ...cache.find(byLabel(namespace, value))];
};

// Restores that a label of a Job or pod stands for.
export const labelledRestores = ({ restores: { cache } }: Caches, { metadata }: KubeObject): Restore[] => {
  const [namespace, value] = [metadata?.namespace ?? '', metadata?.labels?.[label.restore] ?? ''];
  const named = cache.get({ namespace, name: value });
  return [...(named === undefined ? [] : [named]), ...cache.find(byLabel(namespace, value))];
};

export const allReflectors = ({
  policies,
  backups: runs,
  restores: comebacks,
  jobs: work,
  pods: workers,
  claims,
  deployments: receivers,
}: Caches): Pick<Reflector<KubeObject>, 'resource' | 'counts' | 'life' | 'run' | 'synced'>[] => [
  policies,
  runs,
  comebacks,
  work,
  workers,
  claims,
  receivers,
];

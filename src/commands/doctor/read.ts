// Reads what the checks look at. A right that is missing makes one fact unknown, not all of them.
import type { V1Deployment, V1PersistentVolumeClaim, V1Pod, V1Secret } from '@kubernetes/client-node';
import { label, managedByValue } from '../../api/group.ts';
import type { Backup, BackupPolicy } from '../../api/objects.ts';
import type { KubeClient } from '../../kube/client.ts';
import { KubeError } from '../../kube/errors.ts';
import type { KubeObject } from '../../kube/object.ts';
import { persistentVolumeClaims, pods } from '../../kube/resource.ts';
import type { Resource } from '../../kube/resource.ts';
import { listAll } from '../common/find.ts';
import { backups } from '../common/resources.ts';
import type { Read } from './finding.ts';
import { claimsOf } from './named-claims.ts';
import { secretsOf } from './named-secrets.ts';

export const deployments: Resource = { group: 'apps', version: 'v1', plural: 'deployments', kind: 'Deployment' };
const leases: Resource = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', kind: 'Lease' };
const secrets: Resource = { group: '', version: 'v1', plural: 'secrets', kind: 'Secret' };
const definitions: Resource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  clusterWide: true,
};
const bindings: Resource = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  plural: 'validatingadmissionpolicybindings',
  kind: 'ValidatingAdmissionPolicyBinding',
  clusterWide: true,
};

type Wire<T> = T & KubeObject;
export type Lease = KubeObject & {
  spec?: { holderIdentity?: string | null; renewTime?: string | null; leaseDurationSeconds?: number | null };
};
// Of a CRD or a schema any part may be missing.
// oxlint-disable-next-line typescript/no-explicit-any
export type Loose = any;

const read = async <T>(work: () => Promise<T>): Promise<Read<T>> => {
  try {
    return { value: await work() };
  } catch (error) {
    if (error instanceof KubeError) {
      return { failure: error.message };
    }
    throw error;
  }
};

export type Operators = {
  operators: Read<Wire<V1Deployment>[]>;
  leases: Read<Lease[]>;
};

export type Installation = Operators & {
  definitions: Read<Loose[]>;
  bindings: Read<Loose[]>;
};

const kinds = ['backuppolicies', 'backups', 'restores'];
const operatorSelector = 'app.kubernetes.io/name=holdfast';

export const readOperators = async (client: KubeClient): Promise<Operators> => {
  const operators = await read(() => listAll<Wire<V1Deployment>>(client, deployments, undefined, operatorSelector));
  const found = 'value' in operators ? operators.value : [];
  return {
    operators,
    leases: await read(async () => (await Promise.all(found.map((each) => readLease(client, each)))).flatMap((lease) => lease ?? [])),
  };
};

export const readInstallation = async (client: KubeClient): Promise<Installation> => {
  const one = (name: string) => client.get<Loose>(definitions, { name: `${name}.holdfast.dev` });
  return {
    ...(await readOperators(client)),
    definitions: await read(async () => (await Promise.all(kinds.map(one))).filter((each) => each !== undefined)),
    bindings: await read(() => listAll<Loose>(client, bindings, undefined, operatorSelector)),
  };
};

// Its replicas share a Lease of the name that the Deployment tells them, else of its own.
const readLease = (client: KubeClient, { metadata, spec }: Wire<V1Deployment>): Promise<Lease | undefined> => {
  const variables = spec?.template.spec?.containers.flatMap(({ env }) => env ?? []) ?? [];
  const name = variables.find((each) => each.name === 'LEASE_NAME')?.value ?? metadata?.name ?? '';
  return client.get<Lease>(leases, { namespace: metadata?.namespace ?? '', name });
};

export type PolicyFacts = {
  policy: BackupPolicy;
  runs: Read<Backup[]>;
  // By name; undefined: there is no such object.
  secrets: Map<string, Read<V1Secret | undefined>>;
  claims: Map<string, Read<V1PersistentVolumeClaim | undefined>>;
  pods: Read<Wire<V1Pod>[]>;
};

export const readPolicyFacts = async (client: KubeClient, policy: BackupPolicy): Promise<PolicyFacts> => {
  const { name, namespace } = policy.metadata;
  const byName = async <T>(resource: Resource, names: string[]): Promise<Map<string, Read<T | undefined>>> =>
    new Map(
      await Promise.all(names.map(async (each) => [each, await read(() => client.get<T>(resource, { namespace, name: each }))] as const)),
    );
  const ours = `${label.managedBy}=${managedByValue},${label.policy}=${name}`;
  const secretNames = [...new Set(secretsOf(policy).map((each) => each.name))];
  const claimNames = [...new Set(claimsOf(policy).map(({ claim }) => claim))];
  const [runs, foundSecrets, claims, foundPods] = await Promise.all([
    read(async () => (await listAll<Backup>(client, backups, namespace)).filter(({ spec }) => spec.policyRef.name === name)),
    byName<V1Secret>(secrets, secretNames),
    byName<V1PersistentVolumeClaim>(persistentVolumeClaims, claimNames),
    read(() => listAll<Wire<V1Pod>>(client, pods, namespace, ours)),
  ]);
  return { policy, runs, secrets: foundSecrets, claims, pods: foundPods };
};

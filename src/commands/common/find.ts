// Policies, Backups and Restores of the cluster, found by name or listed.
import { labelPattern } from '../../api/label-pattern.ts';
import type { Backup, BackupPolicy, Restore } from '../../api/objects.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Resource } from '../../kube/resource.ts';
import type { Cluster } from './cluster.ts';
import { notFound, wrongUse } from './errors.ts';
import { backupPolicies, backups, restores } from './resources.ts';

const objectName = /^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/;
const longestName = 253;

// What cannot be a name is told apart from what is not there.
export const checkName = (name: string, what: string): void => {
  if (name.length > longestName || !objectName.test(name)) {
    throw wrongUse(`"${name}" is no name of a ${what}.`, 'Write the plain name, and its namespace with -n.');
  }
};

// Refuses a namespace that would reach another path of the API.
export const checkNamespace = (namespace: string): void => {
  if (!labelPattern.test(namespace)) {
    throw wrongUse(`"${namespace}" is no name of a namespace.`, 'Use lower-case letters, digits and "-".');
  }
};

export const policyNotFound = (name: string, namespace: string) =>
  notFound(
    'PolicyNotFound',
    `There is no BackupPolicy "${name}" in the namespace "${namespace}".`,
    'See all that there are: kubectl holdfast status -A',
  );

export const backupNotFound = (name: string, namespace: string) =>
  notFound(
    'BackupNotFound',
    `There is no Backup "${name}" in the namespace "${namespace}".`,
    'See all that there are: kubectl holdfast list -A. What is in the store stays there without it: kubectl holdfast list --from',
  );

export const restoreNotFound = (name: string, namespace: string) =>
  notFound(
    'RestoreNotFound',
    `There is no Restore "${name}" in the namespace "${namespace}".`,
    `See all that there are: kubectl get restores.holdfast.dev -n ${namespace}`,
  );

export const findPolicy = ({ client, namespace }: Cluster, name: string): Promise<BackupPolicy | undefined> => {
  checkName(name, 'BackupPolicy');
  checkNamespace(namespace);
  return client.get<BackupPolicy>(backupPolicies, { namespace, name });
};

export const getPolicy = async (cluster: Cluster, name: string): Promise<BackupPolicy> => {
  const found = await findPolicy(cluster, name);
  if (found === undefined) {
    throw policyNotFound(name, cluster.namespace);
  }
  return found;
};

export const getBackup = async ({ client, namespace }: Cluster, name: string): Promise<Backup> => {
  checkName(name, 'Backup');
  checkNamespace(namespace);
  const found = await client.get<Backup>(backups, { namespace, name });
  if (found === undefined) {
    throw backupNotFound(name, namespace);
  }
  return found;
};

export const getRestore = async ({ client, namespace }: Cluster, name: string): Promise<Restore> => {
  checkName(name, 'Restore');
  checkNamespace(namespace);
  const found = await client.get<Restore>(restores, { namespace, name });
  if (found === undefined) {
    throw restoreNotFound(name, namespace);
  }
  return found;
};

// Of one namespace, or of all where it is undefined.
export const listPolicies = (client: KubeClient, namespace: string | undefined): Promise<BackupPolicy[]> =>
  listAll<BackupPolicy>(client, backupPolicies, namespace);

export const listBackups = (client: KubeClient, namespace: string | undefined): Promise<Backup[]> =>
  listAll<Backup>(client, backups, namespace);

export const listRestores = (client: KubeClient, namespace: string | undefined): Promise<Restore[]> =>
  listAll<Restore>(client, restores, namespace);

export const listAll = async <T extends KubeObject>(
  client: KubeClient,
  resource: Resource,
  namespace: string | undefined,
  labelSelector?: string,
): Promise<T[]> => {
  if (namespace !== undefined) {
    checkNamespace(namespace);
  }
  const items: T[] = [];
  const options = { ...(namespace === undefined ? {} : { namespace }), ...(labelSelector === undefined ? {} : { labelSelector }) };
  for await (const page of client.list<T>(resource, options)) {
    items.push(...page.items);
  }
  return items;
};

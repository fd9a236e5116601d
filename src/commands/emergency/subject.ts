// Which policy, and which component of it.
import type { BackupPolicy } from '../../api/objects.ts';
import type { Component } from '../../api/policy.ts';
import type { Cluster } from '../common/cluster.ts';
import { notFound, wrongUse } from '../common/errors.ts';
import { getPolicy, listPolicies } from '../common/find.ts';

export type Database = Component & { postgresql: NonNullable<Component['postgresql']> };

export const choosePolicy = async (cluster: Cluster, name: string | undefined): Promise<BackupPolicy> => {
  if (name !== undefined) {
    return getPolicy(cluster, name);
  }
  const [only, ...others] = await listPolicies(cluster.client, cluster.namespace);
  if (only === undefined) {
    throw notFound(
      'PolicyNotFound',
      `There is no BackupPolicy in the namespace "${cluster.namespace}".`,
      'Name the namespace with -n. See all that there are: kubectl holdfast status -A',
    );
  }
  if (others.length > 0) {
    const names = [only, ...others].map(({ metadata }) => metadata.name).join(', ');
    throw wrongUse(`The namespace "${cluster.namespace}" has several policies: ${names}.`, 'Name one of them with --policy.');
  }
  return only;
};

export const chooseComponent = ({ spec }: BackupPolicy, name: string | undefined): Database => {
  const databases = spec.components.filter((each): each is Database => each.postgresql !== undefined);
  const found = name === undefined ? databases : databases.filter((each) => each.name === name);
  const [only] = found;
  if (only === undefined || found.length > 1) {
    const names = databases.map((each) => each.name).join(', ') || 'none';
    throw wrongUse(
      name === undefined ? `It is not said which component: the policy has ${names}.` : `The policy has no PostgreSQL component "${name}".`,
      `Name one of ${names} with --component.`,
    );
  }
  return only;
};

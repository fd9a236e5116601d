// Lists Backups of the cluster, or hands over to the reading of a store.
import type { Backup } from '../../api/objects.ts';
import { apiVersion } from '../../api/group.ts';
import { withCluster } from '../common/cluster.ts';
import type { Cluster } from '../common/cluster.ts';
import type { ClusterOptions } from '../common/definition.ts';
import { exitCode, wrongUse } from '../common/errors.ts';
import type { ExitCode } from '../common/errors.ts';
import { findPolicy, listBackups, policyNotFound } from '../common/find.ts';
import type { Io } from '../common/io.ts';
import { printDocument } from '../common/output.ts';
import type { OutputOptions } from '../common/output.ts';
import type { LocationOptions } from '../common/location.ts';
import { backupTable } from './table.ts';

export type ListOptions = ClusterOptions &
  OutputOptions &
  LocationOptions & { allNamespaces?: boolean; from?: string; verificationKey?: string[]; check?: boolean };

export const list = async (policy: string | undefined, options: ListOptions, io: Io): Promise<ExitCode> => {
  const { from, allNamespaces } = options;
  if (from !== undefined) {
    refuseClusterOptions(policy, options);
    return (await import('./from.ts')).listFrom(from, options, io);
  }
  refuseStoreOptions(options);
  if (policy !== undefined && allNamespaces === true) {
    throw wrongUse('One policy is in one namespace.', 'Leave out -A, or the name of the policy.');
  }
  return withCluster(options, (cluster) => listInCluster(cluster, policy, options, io));
};

const refuseClusterOptions = (policy: string | undefined, { namespace, context, kubeconfig, allNamespaces }: ListOptions): void => {
  if ([policy, namespace, context, kubeconfig, allNamespaces].some((option) => option !== undefined)) {
    throw wrongUse(
      '--from reads a store, not a cluster.',
      'Leave out the policy, -n, -A, --context and --kubeconfig; the location says which policy it is.',
    );
  }
};

const refuseStoreOptions = ({ verificationKey, check, endpoint, region, caFile, credentialsDir }: ListOptions): void => {
  const given = Object.entries({ verificationKey, check, endpoint, region, caFile, credentialsDir }).find(
    ([, value]) => value !== undefined,
  );
  if (given !== undefined) {
    const option = `--${given[0].replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    throw wrongUse(`${option} is about a store.`, 'Name the store with --from, or leave the option out.');
  }
};

const listInCluster = async (
  cluster: Cluster,
  policy: string | undefined,
  { output, allNamespaces = false }: ListOptions,
  io: Io,
): Promise<ExitCode> => {
  const where = allNamespaces ? undefined : cluster.namespace;
  const found = await listBackups(cluster.client, where);
  const items = newestFirst(policy === undefined ? found : found.filter(({ spec }) => spec.policyRef.name === policy));
  // Backups outlive their policy: only where there is neither is something missing.
  if (policy !== undefined && items.length === 0 && (await findPolicy(cluster, policy)) === undefined) {
    throw policyNotFound(policy, cluster.namespace);
  }
  if (output === 'json' || output === 'yaml') {
    await printDocument(output, { apiVersion: 'v1', kind: 'List', items: items.map(withKind) }, io);
    return exitCode.done;
  }
  if (items.length === 0) {
    io.err(
      `No Backups ${where === undefined ? 'in this cluster' : `in the namespace "${where}"`}${policy === undefined ? '' : ` of the policy "${policy}"`}.\n`,
    );
    return exitCode.done;
  }
  io.out(backupTable(items, { now: io.now(), wide: output === 'wide', allNamespaces, colours: io.colours }));
  return exitCode.done;
};

const newestFirst = (backups: Backup[]): Backup[] =>
  backups.toSorted(
    (a, b) => b.metadata.creationTimestamp.localeCompare(a.metadata.creationTimestamp) || b.metadata.name.localeCompare(a.metadata.name),
  );

const withKind = (backup: Backup): Backup => ({ ...backup, apiVersion, kind: 'Backup' });

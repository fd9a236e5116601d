// Reads policies and their runs, makes one report of each, and prints it.
import type { BackupPolicy, Restore } from '../../api/objects.ts';
import { KubeError } from '../../kube/errors.ts';
import type { KubeClient } from '../../kube/client.ts';
import { withCluster } from '../common/cluster.ts';
import type { Cluster } from '../common/cluster.ts';
import { contactsOf, readContacts, readRoutes } from '../common/contacts.ts';
import type { ClusterOptions } from '../common/definition.ts';
import { exitCode, wrongUse } from '../common/errors.ts';
import type { ExitCode } from '../common/errors.ts';
import { getPolicy, listBackups, listPolicies, listRestores } from '../common/find.ts';
import type { Io } from '../common/io.ts';
import { printDocument } from '../common/output.ts';
import type { OutputOptions } from '../common/output.ts';
import { checkOperator } from '../doctor/checks/installation.ts';
import { readOperators } from '../doctor/read.ts';
import { remember } from '../remembered/remember.ts';
import { statusPage } from './page.ts';
import { policyReport } from './report.ts';
import type { PolicyReport, Runs } from './report.ts';
import { statusTable } from './table.ts';

export type StatusOptions = ClusterOptions & OutputOptions & { allNamespaces?: boolean };

export const status = async (policy: string | undefined, options: StatusOptions, io: Io): Promise<ExitCode> => {
  if (policy !== undefined && options.allNamespaces === true) {
    throw wrongUse('One policy is in one namespace.', 'Leave out -A, or the name of the policy.');
  }
  return withCluster(options, async (cluster) =>
    policy === undefined ? showAll(cluster, options, io) : showOne(cluster, policy, options, io),
  );
};

const showOne = async (cluster: Cluster, name: string, { output }: StatusOptions, io: Io): Promise<ExitCode> => {
  const policy = await getPolicy(cluster, name);
  const [backups, restores, operators] = await Promise.all([
    listBackups(cluster.client, cluster.namespace),
    readRestores(cluster.client, cluster.namespace),
    readOperators(cluster.client),
  ]);
  await remember(cluster, policy, { contacts: await readContacts(cluster.client, policy, operators) }, io);
  // Who may not read it is told nothing of it: `doctor` says so.
  const idle = checkOperator(operators, io.now()).find(({ state }) => state === 'Problem');
  const report: PolicyReport = {
    ...policyReport(policy, { backups, ...restores }, io.now()),
    ...(idle === undefined ? {} : { operator: idle }),
    ...('unread' in restores ? { restoresUnread: restores.unread } : {}),
  };
  if (output === 'json' || output === 'yaml') {
    await printDocument(output, report, io);
  } else {
    io.out(statusPage(report, { now: io.now(), wide: output === 'wide', colours: io.colours, columns: io.columns }));
  }
  return exitCode.done;
};

const showAll = async (cluster: Cluster, { output, allNamespaces = false }: StatusOptions, io: Io): Promise<ExitCode> => {
  const { client, namespace } = cluster;
  const where = allNamespaces ? undefined : namespace;
  const policies = await listPolicies(client, where);
  await rememberAll(cluster, policies, io);
  const reports = reportAll(policies, { backups: await listBackups(client, where), ...(await readRestores(client, where)) }, io.now());
  if (output === 'json' || output === 'yaml') {
    await printDocument(output, { policies: reports }, io);
    return exitCode.done;
  }
  if (reports.length === 0) {
    io.err(`No policies ${where === undefined ? 'in this cluster' : `in the namespace "${where}"; -A looks at all namespaces`}.\n`);
    return exitCode.done;
  }
  io.out(statusTable(reports, { now: io.now(), wide: output === 'wide', allNamespaces, colours: io.colours }));
  return exitCode.done;
};

const rememberAll = async (cluster: Cluster, policies: BackupPolicy[], io: Io): Promise<void> => {
  const routes = policies.length === 0 ? undefined : await readRoutes(cluster.client, await readOperators(cluster.client));
  await Promise.all(policies.map((policy) => remember(cluster, policy, { contacts: contactsOf(routes, policy) }, io)));
};

const reportAll = (policies: BackupPolicy[], { backups, restores = [] }: Runs, now: number): PolicyReport[] =>
  policies.map((policy) => {
    const isThere = ({ metadata }: { metadata: { namespace: string } }): boolean => metadata.namespace === policy.metadata.namespace;
    return policyReport(policy, { backups: backups.filter(isThere), restores: restores.filter(isThere) }, now);
  });

// Whoever may see policies may perhaps not see Restores, and an older installation has none.
const readRestores = async (client: KubeClient, namespace: string | undefined): Promise<{ restores: Restore[] } | { unread: string }> => {
  try {
    return { restores: await listRestores(client, namespace) };
  } catch (error) {
    if (error instanceof KubeError && error.status >= 400 && error.status < 500) {
      return { unread: error.message };
    }
    throw error;
  }
};

// Looks for what is wrong, or will be, and says what to do about each.
import type { BackupPolicy } from '../../api/objects.ts';
import { hasReason } from '../../kube/errors.ts';
import { withCluster } from '../common/cluster.ts';
import type { Cluster } from '../common/cluster.ts';
import { contactsOf, readRoutes } from '../common/contacts.ts';
import type { ClusterOptions } from '../common/definition.ts';
import { exitCode, wrongUse } from '../common/errors.ts';
import type { ExitCode } from '../common/errors.ts';
import { getPolicy, listPolicies } from '../common/find.ts';
import type { Io } from '../common/io.ts';
import { printDocument } from '../common/output.ts';
import type { OutputOptions } from '../common/output.ts';
import { remember } from '../remembered/remember.ts';
import { checkInstallation } from './checks/installation.ts';
import { checkPolicy } from './checks/policy.ts';
import { checkSecrets } from './checks/secrets.ts';
import { checkTiers } from './checks/tiers.ts';
import { checkVolumes } from './checks/volumes.ts';
import type { Finding } from './finding.ts';
import { doctorPage } from './page.ts';
import { readInstallation, readPolicyFacts } from './read.ts';
import type { Installation } from './read.ts';

export type DoctorOptions = ClusterOptions & OutputOptions & { allNamespaces?: boolean };

export type Examination = { subject: string; findings: Finding[] };

export const doctor = async (name: string | undefined, options: DoctorOptions, io: Io): Promise<ExitCode> => {
  if (name !== undefined && options.allNamespaces === true) {
    throw wrongUse('One policy is in one namespace.', 'Leave out -A, or the name of the policy.');
  }
  return withCluster(options, async (cluster) => {
    const found = await policiesFor(cluster, name, options);
    const installation = await readInstallation(cluster.client);
    const examinations = [
      { subject: 'Installation', findings: checkInstallation(installation, io.now()) },
      ...(await Promise.all(found.map((policy) => examine(cluster, policy, installation, io.now())))),
    ];
    const routes = await readRoutes(cluster.client, installation);
    await Promise.all(found.map((policy) => remember(cluster, policy, { contacts: contactsOf(routes, policy) }, io)));
    await print(examinations, options, io);
    return verdict(examinations.flatMap(({ findings }) => findings));
  });
};

// Where the cluster knows no policies, that is what the check of the CRDs says.
const policiesFor = async (
  cluster: Cluster,
  name: string | undefined,
  { allNamespaces = false }: DoctorOptions,
): Promise<BackupPolicy[]> => {
  try {
    return name === undefined
      ? await listPolicies(cluster.client, allNamespaces ? undefined : cluster.namespace)
      : [await getPolicy(cluster, name)];
  } catch (error) {
    if (hasReason(error, 'UnknownPath')) {
      return [];
    }
    throw error;
  }
};

const examine = async ({ client }: Cluster, policy: BackupPolicy, installation: Installation, now: number): Promise<Examination> => {
  const facts = await readPolicyFacts(client, policy);
  return {
    subject: `Policy ${policy.metadata.namespace}/${policy.metadata.name}`,
    findings: [...checkPolicy(facts, installation, now), ...checkSecrets(facts), ...checkVolumes(facts), ...checkTiers(facts, now)],
  };
};

const print = async (examinations: Examination[], { output }: DoctorOptions, io: Io): Promise<void> => {
  if (output === 'json' || output === 'yaml') {
    await printDocument(output, { examinations }, io);
    return;
  }
  io.out(doctorPage(examinations, io));
  if (examinations.length === 1) {
    io.err('No policy was looked at: there is none here. -A looks at all namespaces.\n');
  }
};

const verdict = (findings: Finding[]): ExitCode => {
  if (findings.some(({ state }) => state === 'Problem')) {
    return exitCode.failed;
  }
  return findings.some(({ state }) => state === 'Unknown') ? exitCode.undetermined : exitCode.done;
};

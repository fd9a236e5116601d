// Asks the operator to take a repository over, and waits for what becomes of it. The plugin itself sees no bucket and no key.
import { annotation } from '../../api/group.ts';
import type { BackupPolicy } from '../../api/objects.ts';
import type { PolicyStatus } from '../../api/policy.ts';
import { findCondition } from '../../core/plan/conditions.ts';
import { withCluster } from '../common/cluster.ts';
import type { Cluster } from '../common/cluster.ts';
import type { ClusterOptions } from '../common/definition.ts';
import { readDuration } from '../common/duration.ts';
import { CommandError, exitCode, refused, undetermined, wrongUse } from '../common/errors.ts';
import type { ExitCode } from '../common/errors.ts';
import { getPolicy, policyNotFound } from '../common/find.ts';
import type { Io } from '../common/io.ts';
import { oneLine } from '../common/printable.ts';
import { backupPolicies } from '../common/resources.ts';
import { waitUntil } from '../common/until.ts';
import type { Ending } from '../common/until.ts';

type Adoption = NonNullable<PolicyStatus['adoption']>;

export type TakeOverOptions = ClusterOptions & { takeOver?: boolean; confirm?: string; timeout: string };

export const takeOver = async (policy: string, options: TakeOverOptions, io: Io): Promise<ExitCode> => {
  const timeoutMilliseconds = readDuration(options.timeout);
  return withCluster(options, async (cluster) => {
    const found = await getPolicy(cluster, policy);
    mustBeMeant(found, options);
    return askAndWait(cluster, found, timeoutMilliseconds, io);
  });
};

const mustBeMeant = ({ metadata, status }: BackupPolicy, { takeOver: wanted, confirm }: TakeOverOptions): void => {
  const full = `${metadata.namespace}/${metadata.name}`;
  const health = findCondition(status?.conditions, 'StorageHealthy');
  const who = health?.reason === 'WriterSuperseded' || health?.reason === 'OnlyReads' ? ` ${oneLine(health.message)}` : '';
  if (wanted !== true) {
    throw wrongUse(
      `Without --take-over nothing is done.${who}`,
      'To become the writer, add --take-over. To bring what a bucket holds into a cluster that has none of it: kubectl holdfast adopt --bucket.',
    );
  }
  if (confirm !== full) {
    throw refused(
      'NotConfirmed',
      `This makes ${full} the only writer of what its tiers hold; whoever writes there now stops.${who}`,
      `Make sure that the other cluster is gone or its policy suspended, and add --confirm ${full}.`,
    );
  }
};

const askAndWait = async (cluster: Cluster, { metadata }: BackupPolicy, timeoutMilliseconds: number, io: Io): Promise<ExitCode> => {
  const { namespace, name } = metadata;
  const request = new Date(io.now()).toISOString();
  await cluster.client.patch(backupPolicies, { namespace, name }, { metadata: { annotations: { [annotation.takeOver]: request } } });
  io.err('Asked the operator; a Job takes over, tier by tier.\n');
  const answerOf = ({ status }: BackupPolicy): Adoption | undefined =>
    status?.adoption?.request === request ? status.adoption : undefined;
  const done = await waitUntil<BackupPolicy>(
    cluster,
    {
      resource: backupPolicies,
      followed: { name, namespace },
      timeoutMilliseconds,
      ending: (policy) => endingOf(answerOf(policy)),
      gone: () => policyNotFound(name, namespace),
      show: () => undefined,
      late: () => open(name, namespace),
      goesOn: { what: 'the take-over', next: howToLook(name, namespace) },
    },
    { note: (text) => io.err(`${text}\n`), end: () => undefined },
    io,
  );
  const epoch = answerOf(done)?.epoch;
  io.out(`${namespace}/${name} is the writer now${epoch === undefined ? '' : `, in epoch ${epoch}`}.\n`);
  return exitCode.done;
};

const endingOf = (answer: Adoption | undefined): Ending | undefined => {
  if (answer?.state === 'Failed') {
    const message = answer.message ?? 'The Job failed.';
    return {
      error: new CommandError(exitCode.failed, 'AdoptionFailed', message, 'Mend what the message names, and run the command again.'),
    };
  }
  return answer?.state === 'Done' ? {} : undefined;
};

const howToLook = (name: string, namespace: string): string =>
  `Look at it: kubectl get backuppolicy ${name} -n ${namespace} -o jsonpath='{.status.adoption}'. Is the operator running?`;

const open = (name: string, namespace: string): CommandError =>
  undetermined('AdoptionOpen', 'The operator has not answered in time; the take-over may still happen.', howToLook(name, namespace));

// Shows the plan, asks, and writes who approved which plan.
import type { Restore } from '../../api/objects.ts';
import { requester } from '../backup/requester.ts';
import { withCluster } from '../common/cluster.ts';
import type { Cluster } from '../common/cluster.ts';
import { mustBeConfirmed } from '../common/confirm.ts';
import type { ClusterOptions } from '../common/definition.ts';
import { readDuration } from '../common/duration.ts';
import { exitCode, refused, undetermined } from '../common/errors.ts';
import type { ExitCode } from '../common/errors.ts';
import { getRestore } from '../common/find.ts';
import type { Io } from '../common/io.ts';
import { restores } from '../common/resources.ts';
import { readRestoreName } from '../restores/named.ts';
import { waitForPlan } from '../restores/plan.ts';
import type { PlannedRestore } from '../restores/plan.ts';
import { restorePlanPage } from '../restores/plan-page.ts';

export type ApproveOptions = ClusterOptions & { planHash?: string; timeout: string };

export const approve = async (target: string, options: ApproveOptions, io: Io): Promise<ExitCode> => {
  const name = readRestoreName(target);
  const timeoutMilliseconds = readDuration(options.timeout);
  return withCluster(options, async (cluster) => {
    mustAsk(await getRestore(cluster, name));
    const planned = await waitForPlan(cluster, name, timeoutMilliseconds, io);
    const { restore, plan } = planned;
    const { namespace } = restore.metadata;
    mustBeOpen(restore);
    if (restore.spec.approval?.planHash === plan.hash) {
      io.out(`The plan ${plan.hash} was approved by ${restore.spec.approval.approvedBy} already.\n`);
      return exitCode.done;
    }
    mustBeTheSame(planned, options.planHash);
    io.err(`${restorePlanPage(restore, plan, io.errorColours)}\n`);
    await mustBeMeant(planned, options.planHash, io);
    await write(cluster, planned);
    io.out(`Approved the plan ${plan.hash} of ${namespace}/${name}.\n`);
    io.err(`Follow it: kubectl holdfast wait restore/${name} -n ${namespace}\n`);
    return exitCode.done;
  });
};

const mustAsk = ({ metadata: { name, namespace }, spec }: Restore): void => {
  if (!spec.requireApproval) {
    throw refused(
      'NoApprovalAsked',
      `The Restore ${namespace}/${name} asks for no approval: it goes on by itself.`,
      `See how it stands: kubectl holdfast wait restore/${name} -n ${namespace}. Another one waits with spec.requireApproval: true`,
    );
  }
};

const mustBeOpen = ({ metadata: { name, namespace }, status }: Restore): void => {
  if (status?.endTime !== undefined || status?.phase === 'Failed' || status?.phase === 'Complete') {
    throw refused(
      'Ended',
      `The Restore ${namespace}/${name} has ended (${status.phase ?? 'Failed'}): there is nothing to approve.`,
      'Create another Restore.',
    );
  }
};

const mustBeTheSame = ({ restore: { metadata }, plan }: PlannedRestore, planHash: string | undefined): void => {
  if (planHash !== undefined && planHash !== plan.hash) {
    throw refused(
      'PlanChanged',
      `The plan is ${plan.hash}, not ${planHash}. Nothing was approved.`,
      `Read it: kubectl holdfast plan restore/${metadata.name} -n ${metadata.namespace}`,
    );
  }
};

const mustBeMeant = ({ restore: { metadata }, plan }: PlannedRestore, planHash: string | undefined, io: Io): Promise<void> =>
  mustBeConfirmed(
    io.ask === undefined
      ? { answer: plan.hash, given: planHash, option: '--plan-hash', what: `This lets ${metadata.namespace}/${metadata.name} begin.` }
      : {
          answer: 'yes',
          given: planHash === undefined ? undefined : 'yes',
          option: '--plan-hash',
          what: `This lets ${metadata.namespace}/${metadata.name} begin.`,
        },
    io,
  );

const write = async ({ client }: Cluster, { restore: { metadata }, plan }: PlannedRestore): Promise<void> => {
  const approvedBy = await requester(client);
  if (approvedBy === undefined) {
    throw undetermined('WhoIsUnknown', 'The API server does not say who you are. Nothing was approved.', 'Try: kubectl auth whoami');
  }
  const { namespace, name } = metadata;
  await client.patch(restores, { namespace, name }, { spec: { approval: { planHash: plan.hash, approvedBy } } });
};

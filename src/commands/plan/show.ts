// Prints the plan of a Restore in the cluster, for people or for tools.
import { withCluster } from '../common/cluster.ts';
import type { ClusterOptions } from '../common/definition.ts';
import { readDuration } from '../common/duration.ts';
import { exitCode, wrongUse } from '../common/errors.ts';
import type { ExitCode } from '../common/errors.ts';
import type { Io } from '../common/io.ts';
import { printDocument } from '../common/output.ts';
import { awaitsApproval } from '../restores/ending.ts';
import { readRestoreName } from '../restores/named.ts';
import { waitForPlan } from '../restores/plan.ts';
import { restorePlanPage } from '../restores/plan-page.ts';

export type ShowOptions = ClusterOptions & { timeout: string; output?: 'json' | 'yaml' };

export const showPlan = async (target: string, options: ShowOptions, io: Io): Promise<ExitCode> => {
  if (!target.includes('/')) {
    throw wrongUse(
      `"${target}" names no plan.`,
      'Write `plan restore/<name>` for a Restore of the cluster, or `plan restore --from …` for a store without any cluster.',
    );
  }
  const name = readRestoreName(target);
  const timeoutMilliseconds = readDuration(options.timeout);
  return withCluster(options, async (cluster) => {
    const { restore, plan } = await waitForPlan(cluster, name, timeoutMilliseconds, io);
    if (options.output !== undefined) {
      await printDocument(options.output, plan, io);
      return exitCode.done;
    }
    io.out(restorePlanPage(restore, plan, io.colours));
    if (awaitsApproval(restore) !== undefined) {
      io.err(
        `Nothing is done until it is approved: kubectl holdfast approve restore/${name} -n ${restore.metadata.namespace} --plan-hash ${plan.hash}\n`,
      );
    }
    return exitCode.done;
  });
};

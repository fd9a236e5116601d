// Waits for a Backup or a policy, and says how it ended.
import { withCluster } from '../common/cluster.ts';
import type { ClusterOptions } from '../common/definition.ts';
import { readDuration } from '../common/duration.ts';
import { exitCode } from '../common/errors.ts';
import type { ExitCode } from '../common/errors.ts';
import { checkName, checkNamespace } from '../common/find.ts';
import type { Io } from '../common/io.ts';
import { endingText } from '../backup/ending.ts';
import { waitForEnd } from '../backup/wait.ts';
import { waitForPolicy } from './policy.ts';
import { readTarget } from './target.ts';
import type { Goal } from './target.ts';

export type WaitOptions = ClusterOptions & { for?: Goal; timeout?: string };

export const wait = async (text: string, options: WaitOptions, io: Io): Promise<ExitCode> => {
  const { kind, name, goal } = readTarget(text, options.for);
  checkName(name, kind);
  const timeout = options.timeout === undefined ? Infinity : readDuration(options.timeout);
  return withCluster(options, async (cluster) => {
    const { namespace } = cluster;
    checkNamespace(namespace);
    io.out(
      kind === 'Backup'
        ? endingText(await waitForEnd(cluster, { name, namespace }, timeout, io), io.colours)
        : await waitForPolicy(cluster, { name, namespace }, goal, timeout, io),
    );
    return exitCode.done;
  });
};

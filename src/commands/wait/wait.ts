// Waits for a Backup, a Restore or a policy, and says how it ended.
import { withCluster } from '../common/cluster.ts';
import type { Cluster } from '../common/cluster.ts';
import type { ClusterOptions } from '../common/definition.ts';
import { readDuration } from '../common/duration.ts';
import { exitCode } from '../common/errors.ts';
import type { ExitCode } from '../common/errors.ts';
import { checkName, checkNamespace } from '../common/find.ts';
import type { Io } from '../common/io.ts';
import { endingText } from '../backup/ending.ts';
import { waitForEnd } from '../backup/wait.ts';
import { endingText as restoreEndingText } from '../restores/ending.ts';
import { waitForRestore } from '../restores/wait.ts';
import { waitForPolicy } from './policy.ts';
import { readTarget } from './target.ts';
import type { Goal, Target } from './target.ts';

export type WaitOptions = ClusterOptions & { for?: Goal; timeout?: string };

export const wait = async (text: string, options: WaitOptions, io: Io): Promise<ExitCode> => {
  const { kind, name, goal } = readTarget(text, options.for);
  checkName(name, kind);
  const timeout = options.timeout === undefined ? Infinity : readDuration(options.timeout);
  return withCluster(options, async (cluster) => {
    const { namespace } = cluster;
    checkNamespace(namespace);
    io.out(await endOf(cluster, { kind, name: { name, namespace }, goal }, timeout, io));
    return exitCode.done;
  });
};

type Awaited = { kind: Target['kind']; name: { name: string; namespace: string }; goal: Goal };

const endOf = async (cluster: Cluster, { kind, name, goal }: Awaited, timeoutMilliseconds: number, io: Io): Promise<string> => {
  switch (kind) {
    case 'Backup':
      return endingText(await waitForEnd(cluster, name, timeoutMilliseconds, io), io.colours);
    case 'Restore':
      return restoreEndingText(await waitForRestore(cluster, { of: name, timeoutMilliseconds }, io), io.colours);
    case 'BackupPolicy':
      return waitForPolicy(cluster, name, goal, timeoutMilliseconds, io);
  }
};

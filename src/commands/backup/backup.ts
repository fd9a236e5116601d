// Creates a Backup, prints its name, and follows it where that was asked for.
import type { Backup, BackupPolicy } from '../../api/objects.ts';
import { findCondition } from '../../core/plan/conditions.ts';
import { withCluster } from '../common/cluster.ts';
import type { ClusterOptions } from '../common/definition.ts';
import { readDuration } from '../common/duration.ts';
import { exitCode, wrongUse } from '../common/errors.ts';
import type { ExitCode } from '../common/errors.ts';
import { getPolicy } from '../common/find.ts';
import type { Io } from '../common/io.ts';
import { printDocument } from '../common/output.ts';
import type { OutputOptions } from '../common/output.ts';
import { oneLine } from '../common/printable.ts';
import { backups } from '../common/resources.ts';
import { endingText } from './ending.ts';
import { newBackup } from './request.ts';
import type { NewBackup } from './request.ts';
import { requester } from './requester.ts';
import { waitForEnd } from './wait.ts';

export type BackupOptions = ClusterOptions &
  OutputOptions & { components?: string; type?: string; name?: string; wait?: boolean; timeout?: string };

export const backup = async (policy: string, options: BackupOptions, io: Io): Promise<ExitCode> => {
  const timeoutMilliseconds = readTimeout(options);
  return withCluster(options, async (cluster) => {
    const found = await getPolicy(cluster, policy);
    const made = await cluster.client.create<Backup | NewBackup>(
      backups,
      newBackup(found, { ...options, requestedBy: await requester(cluster.client) }, io.now()),
    );
    await announce(made as Backup, found, options, io);
    if (options.wait === true) {
      io.err(endingText(await waitForEnd(cluster, (made as Backup).metadata, timeoutMilliseconds, io), io.errorColours));
    }
    return exitCode.done;
  });
};

const readTimeout = ({ timeout, wait }: BackupOptions): number => {
  if (timeout === undefined) {
    return Infinity;
  }
  if (wait !== true) {
    throw wrongUse('--timeout is about waiting.', 'Add --wait, or leave --timeout out.');
  }
  return readDuration(timeout);
};

const announce = async (made: Backup, policy: BackupPolicy, { output, wait }: BackupOptions, io: Io): Promise<void> => {
  const { name, namespace } = made.metadata;
  if (output === 'json' || output === 'yaml') {
    await printDocument(output, made, io);
  } else {
    io.out(`${name}\n`);
  }
  const stalled = findCondition(policy.status?.conditions, 'Stalled');
  if (stalled?.status === 'True') {
    io.err(`${io.errorColours.yellow('Note:')} ${oneLine(`the policy is stalled (${stalled.reason}): ${stalled.message}`)}\n`);
  }
  if (wait !== true) {
    io.err(`Created. Follow it with: kubectl holdfast logs ${name} -n ${namespace} --follow\n`);
  }
};

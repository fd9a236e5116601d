// Prints the logs of a Backup: from its pods while they are there, else from the store. Those of a Restore come from its pods only.
import type { Backup } from '../../api/objects.ts';
import { findCondition } from '../../core/plan/conditions.ts';
import { withCluster } from '../common/cluster.ts';
import type { Cluster } from '../common/cluster.ts';
import type { ClusterOptions } from '../common/definition.ts';
import { readDuration } from '../common/duration.ts';
import { exitCode, notFound, wrongUse } from '../common/errors.ts';
import type { ExitCode } from '../common/errors.ts';
import { getBackup } from '../common/find.ts';
import type { Io } from '../common/io.ts';
import { readRestoreName } from '../restores/named.ts';
import { hasEnded, lookingAtBackup } from './follow-backup.ts';
import { followPods, readPods } from './from-pods.ts';
import { readStored } from './from-store.ts';
import { restoreLogs } from './of-restore.ts';
import { logPrinter } from './printer.ts';
import type { LogPrinter } from './printer.ts';
import { findSources } from './sources.ts';

export type LogsOptions = ClusterOptions & { follow?: boolean; component?: string; stored?: boolean; timeout: string; output?: 'json' };

const gone = 'The pod is gone; --stored reads its log from the store.';

export const logs = async (target: string, options: LogsOptions, io: Io): Promise<ExitCode> => {
  const timeoutMilliseconds = readDuration(options.timeout);
  if (options.follow === true && options.stored === true) {
    throw wrongUse('What is stored does not grow.', 'Leave out --follow or --stored.');
  }
  const restore = target.includes('/') ? readRestoreName(target) : undefined;
  if (restore !== undefined && options.stored === true) {
    throw wrongUse('The log of a Restore is not kept in the store.', 'Leave out --stored.');
  }
  return withCluster(options, (cluster) => {
    const printer = logPrinter(options.output === 'json', io);
    const { component, follow = false } = options;
    return restore === undefined
      ? backupLogs(cluster, target, { ...options, timeoutMilliseconds }, printer, io)
      : restoreLogs(cluster, restore, { follow, component }, printer, io);
  });
};

type BackupLogsOptions = LogsOptions & { timeoutMilliseconds: number };

const backupLogs = async (cluster: Cluster, name: string, options: BackupLogsOptions, printer: LogPrinter, io: Io): Promise<ExitCode> => {
  const { component, timeoutMilliseconds } = options;
  const backup = await getBackup(cluster, name);
  checkComponent(backup, component);
  if (options.follow === true && !hasEnded(backup)) {
    await followPods(cluster, lookingAtBackup(cluster, backup, component), { printer, io, gone });
    return exitCode.done;
  }
  mustHaveStarted(backup);
  const sources = options.stored === true ? [] : await findSources(cluster, backup, component);
  if (sources.length > 0) {
    await readPods(cluster, sources, { printer, io, gone });
    return exitCode.done;
  }
  await readStored(cluster, backup, mustBeStored(backup), { component, timeoutMilliseconds, printer, io });
  return exitCode.done;
};

const checkComponent = ({ spec, status }: Backup, component: string | undefined): void => {
  const known = status?.components?.map(({ name }) => name) ?? spec.components;
  if (component !== undefined && known !== undefined && !known.includes(component)) {
    throw wrongUse(`The Backup has no component "${component}".`, `It has ${known.join(', ')}.`);
  }
};

const mustHaveStarted = ({ metadata, status }: Backup): void => {
  if (status?.startTime === undefined) {
    const why = findCondition(status?.conditions, 'Succeeded')?.message ?? 'The operator has not looked at it yet.';
    throw notFound(
      'NotStarted',
      `Backup ${metadata.namespace}/${metadata.name} has not started: there is no log yet. ${why}`,
      'Wait for it with --follow.',
    );
  }
};

const mustBeStored = ({ metadata, status }: Backup): string => {
  if (status?.backupId === undefined) {
    throw notFound(
      'NoLog',
      `The pods of ${metadata.name} are gone. It is a Log, which keeps no log in the store.`,
      `Conditions and messages are still there: kubectl describe backup ${metadata.name} -n ${metadata.namespace}`,
    );
  }
  return status.backupId;
};

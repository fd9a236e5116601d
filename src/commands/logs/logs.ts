// Prints the logs of a Backup: from its pods while they are there, else from the store.
import type { Backup } from '../../api/objects.ts';
import { findCondition } from '../../core/plan/conditions.ts';
import { withCluster } from '../common/cluster.ts';
import type { ClusterOptions } from '../common/definition.ts';
import { readDuration } from '../common/duration.ts';
import { exitCode, notFound, wrongUse } from '../common/errors.ts';
import type { ExitCode } from '../common/errors.ts';
import { getBackup } from '../common/find.ts';
import type { Io } from '../common/io.ts';
import { followPods, hasEnded, readPods } from './from-pods.ts';
import { readStored } from './from-store.ts';
import { logPrinter } from './printer.ts';
import { findSources } from './sources.ts';

export type LogsOptions = ClusterOptions & { follow?: boolean; component?: string; stored?: boolean; timeout: string; output?: 'json' };

export const logs = async (name: string, options: LogsOptions, io: Io): Promise<ExitCode> => {
  const timeoutMilliseconds = readDuration(options.timeout);
  if (options.follow === true && options.stored === true) {
    throw wrongUse('What is stored does not grow.', 'Leave out --follow or --stored.');
  }
  return withCluster(options, async (cluster) => {
    const backup = await getBackup(cluster, name);
    checkComponent(backup, options.component);
    const printer = logPrinter(options.output === 'json', io);
    const { component } = options;
    if (options.follow === true && !hasEnded(backup)) {
      await followPods(cluster, backup, { component, printer, io });
      return exitCode.done;
    }
    mustHaveStarted(backup);
    const sources = options.stored === true ? [] : await findSources(cluster, backup, component);
    if (sources.length > 0) {
      await readPods(cluster, sources, { printer, io });
      return exitCode.done;
    }
    await readStored(cluster, backup, mustBeStored(backup), { component, timeoutMilliseconds, printer, io });
    return exitCode.done;
  });
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

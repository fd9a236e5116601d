// Follows a Backup until it has ended, or waits for a person. Whatever happens here, the Backup goes on in the cluster.
import type { Backup } from '../../api/objects.ts';
import type { Cluster } from '../common/cluster.ts';
import { CommandError, exitCode } from '../common/errors.ts';
import { backupNotFound } from '../common/find.ts';
import type { Io } from '../common/io.ts';
import { linePrinter } from '../common/line-printer.ts';
import { backups } from '../common/resources.ts';
import { waitForRun } from '../common/wait-for-run.ts';
import { endingOf } from './ending.ts';
import { progressText } from './progress.ts';

// Resolves to the Backup when it is complete; throws how it ended else. `uid`: the one that is meant, where it is known.
export const waitForEnd = (
  cluster: Cluster,
  { name, namespace, uid }: { name: string; namespace: string; uid?: string },
  timeoutMilliseconds: number,
  io: Io,
): Promise<Backup> => {
  const printer = linePrinter(io);
  return waitForRun<Backup>(
    cluster,
    {
      resource: backups,
      of: { name, namespace, uid },
      timeoutMilliseconds,
      ending: endingOf,
      deleted: () => deleted(namespace, name),
      notFound: () => backupNotFound(name, namespace),
      show: (backup) => printer.show(progressText(backup, io.now())),
      goesOn: {
        what: `the Backup ${namespace}/${name}`,
        next: `See how it ends: kubectl holdfast wait backup/${name} -n ${namespace}. Stop it: kubectl delete backup ${name} -n ${namespace}`,
      },
    },
    printer,
    io,
  );
};

const deleted = (namespace: string, name: string): CommandError =>
  new CommandError(
    exitCode.failed,
    'Deleted',
    `Backup ${namespace}/${name} was deleted while it ran, which stops it.`,
    'Start another one when that was not on purpose.',
  );

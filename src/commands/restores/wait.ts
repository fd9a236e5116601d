// Follows a Restore until it has ended, or waits for a person. Whatever happens here, it goes on in the cluster.
import type { Restore } from '../../api/objects.ts';
import type { Cluster } from '../common/cluster.ts';
import { CommandError, exitCode } from '../common/errors.ts';
import { restoreNotFound } from '../common/find.ts';
import type { Io } from '../common/io.ts';
import { restores } from '../common/resources.ts';
import { waitForRun } from '../common/wait-for-run.ts';
import { endingOf } from './ending.ts';
import { restorePrinter } from './printer.ts';

export type Followed = {
  // `uid`: the one that is meant, where it is known.
  of: { name: string; namespace: string; uid?: string };
  timeoutMilliseconds: number;
  // What the policy promises, where it is known.
  objectiveSeconds?: number;
  // Sees each state on the way, and the last one also where it failed. What it gives is said once, on lines of its own.
  tell?: (restore: Restore) => string | undefined;
};

// Resolves to the Restore when it is complete; throws how it ended else.
export const waitForRestore = (
  cluster: Cluster,
  { of: { name, namespace, uid }, timeoutMilliseconds, objectiveSeconds, tell = () => undefined }: Followed,
  io: Io,
): Promise<Restore> => {
  const printer = restorePrinter(io, objectiveSeconds);
  return waitForRun<Restore>(
    cluster,
    {
      resource: restores,
      of: { name, namespace, uid },
      timeoutMilliseconds,
      ending(restore) {
        const news = tell(restore);
        if (news !== undefined) {
          printer.note(news);
        }
        return endingOf(restore);
      },
      deleted: () => deleted(namespace, name),
      notFound: () => restoreNotFound(name, namespace),
      show: (restore) => printer.show(restore),
      goesOn: {
        what: `the Restore ${namespace}/${name}`,
        next: `See how it ends: kubectl holdfast wait restore/${name} -n ${namespace}. Stop it, and have the old state back: kubectl delete restores.holdfast.dev ${name} -n ${namespace}`,
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
    `Restore ${namespace}/${name} was deleted while it ran: it stops, and the operator brings the old state back.`,
    `See that the workloads run: kubectl get pods -n ${namespace}`,
  );

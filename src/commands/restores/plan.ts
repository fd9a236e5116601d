// The plan of a Restore, waited for while it is being made.
import type { Restore } from '../../api/objects.ts';
import type { RestoreStatus } from '../../api/restore-status.ts';
import type { Cluster } from '../common/cluster.ts';
import { notFound, undetermined } from '../common/errors.ts';
import { durationText } from '../common/figures.ts';
import { restoreNotFound } from '../common/find.ts';
import type { Io } from '../common/io.ts';
import { restores } from '../common/resources.ts';
import { waitUntil } from '../common/until.ts';
import type { Ending } from '../common/until.ts';
import { endingOf } from './ending.ts';
import { restorePrinter } from './printer.ts';

export type RestorePlan = NonNullable<RestoreStatus['plan']>;
export type PlannedRestore = { restore: Restore; plan: RestorePlan };

// A Restore that ended without a plan ends this with its reason.
export const waitForPlan = async (cluster: Cluster, name: string, timeoutMilliseconds: number, io: Io): Promise<PlannedRestore> => {
  const { namespace } = cluster;
  const printer = restorePrinter(io);
  const look = `See how far it is: kubectl holdfast status -n ${namespace}`;
  const restore = await waitUntil<Restore>(
    cluster,
    {
      resource: restores,
      followed: { namespace, name },
      timeoutMilliseconds,
      ending: endingWithPlan,
      gone: () => restoreNotFound(name, namespace),
      show: (seen) => printer.show(seen),
      late: () =>
        undetermined(
          'NoPlanYet',
          `There is no plan after ${durationText(timeoutMilliseconds)}: the source may still be being read.`,
          `Wait longer with --timeout. ${look}`,
        ),
      goesOn: { what: `the Restore ${namespace}/${name}`, next: look },
    },
    printer,
    io,
  );
  const { plan } = restore.status ?? {};
  if (plan === undefined) {
    throw notFound(
      'NoPlan',
      `The Restore ${namespace}/${name} has no plan: an undo reads nothing.`,
      `See what it did: kubectl describe restores.holdfast.dev ${name} -n ${namespace}`,
    );
  }
  return { restore, plan };
};

// A plan is there to be read, also where the Restore has failed since.
const endingWithPlan = (restore: Restore): Ending | undefined => (restore.status?.plan === undefined ? endingOf(restore) : {});

// Follows a run until it has ended, or waits for a person. Whatever happens here, it goes on in the cluster.
import type { KubeObject } from '../../kube/object.ts';
import type { Cluster } from './cluster.ts';
import type { CommandError } from './errors.ts';
import type { Io } from './io.ts';
import { waitUntil } from './until.ts';
import type { Printer, Waited } from './until.ts';

type Run = KubeObject & { metadata: { uid: string }; status?: { conditions?: unknown } };

export type FollowedRun<T extends Run> = Pick<Waited<T>, 'resource' | 'timeoutMilliseconds' | 'ending' | 'show' | 'goesOn'> & {
  // `uid`: the one that is meant, where it is known.
  of: { name: string; namespace: string; uid?: string | undefined };
  // It went away, or another one has its name by now; there never was one.
  deleted: () => CommandError;
  notFound: () => CommandError;
};

// Resolves to the run when it is complete; throws how it ended else.
export const waitForRun = <T extends Run>(
  cluster: Cluster,
  { of: { name, namespace, uid }, deleted, notFound, ending, ...waited }: FollowedRun<T>,
  printer: Printer,
  io: Io,
): Promise<T> => {
  let expected = uid;
  return waitUntil<T>(
    cluster,
    {
      ...waited,
      followed: { namespace, name },
      ending(run) {
        expected ??= run.metadata.uid;
        return run.metadata.uid === expected ? ending(run) : { error: deleted() };
      },
      gone: (before) => (before || uid !== undefined ? deleted() : notFound()),
      late: () => undefined,
    },
    printer,
    io,
  );
};

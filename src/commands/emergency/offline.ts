// The command that needs no cluster, for where the cluster does not answer.
import { KubeError } from '../../kube/errors.ts';
import { undetermined } from '../common/errors.ts';
import { nextStep } from '../restore/next.ts';
import type { EmergencyOptions } from './options.ts';

// With what is known; the rest stands between < and >, for the reader to fill in.
export const offlineCommand = ({
  identity,
  component,
  toTime,
  toLsn,
  toName,
  exclusive,
  timeline,
  emergency,
}: EmergencyOptions): string => {
  const point = { toTime, toLsn, toName };
  const hasPoint = Object.values(point).some((each) => each !== undefined);
  const named = typeof emergency === 'string' && emergency !== 'latest' ? emergency : undefined;
  const what = hasPoint ? { base: named } : named === undefined ? { latest: true } : { backup: named };
  const given = { identity: identity ?? '<identity.txt>', component, ...point, exclusive, timeline, ...what };
  return nextStep(
    'restore',
    { from: '<folder, or s3://bucket/prefix>', ...given, to: '<empty folder>' },
    { options: { to: '<empty folder>' } },
  );
};

// An API server that is away ends this with the way that needs none.
export const withOffline = async <T>(options: EmergencyOptions, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof KubeError && (error.status === 0 || error.status >= 500)) {
      throw undetermined(
        'ApiUnreachable',
        `The API server does not answer, so nothing can be restored in the cluster now; nothing was done. ${error.message}`,
        `The store needs no cluster: ${offlineCommand(options)}`,
        error,
      );
    }
    throw error;
  }
};

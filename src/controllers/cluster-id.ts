// The uid of kube-system stands for the cluster: it is made once and never changes.
import { backoffMilliseconds, pause } from '../kube/backoff.ts';
import type { KubeClient } from '../kube/client.ts';
import { KubeError } from '../kube/errors.ts';
import type { KubeObject } from '../kube/object.ts';
import { namespaces } from '../kube/resource.ts';
import type { Log } from '../telemetry/log.ts';

const backoff = { firstMilliseconds: 500, mostMilliseconds: 10_000 };

// Asks until there is an answer: an API server that is away, or comes up and refuses everybody for a moment, ends no process. Empty where
// it is asked to stop meanwhile.
export const readClusterId = async (client: KubeClient, log: Log, signal: AbortSignal): Promise<string> => {
  for (let failures = 1; !signal.aborted; failures += 1) {
    try {
      return uidOf(await client.get<KubeObject>(namespaces, { name: 'kube-system' }, { signal }));
    } catch (error) {
      log.warn('Could not read the id of the cluster: without it the operator is not ready', { error });
    }
    await pause(backoffMilliseconds(failures, backoff), signal);
  }
  return '';
};

const uidOf = (found: KubeObject | undefined): string => {
  const uid = found?.metadata?.uid;
  if (uid === undefined) {
    throw new KubeError({ status: 404, reason: 'NotFound', message: 'The namespace kube-system is missing, so this cluster has no id.' });
  }
  return uid;
};

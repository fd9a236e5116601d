// What the pod of a receiver says of itself: whether it runs, why it does not, and how it ended last.
import type { V1ContainerStateTerminated } from '@kubernetes/client-node';
import { agentContainer, podStart } from '../../core/jobs/pod-waiting.ts';
import { kubeTime } from '../../core/jobs/state.ts';
import type { ReceiverPod } from '../../core/receiver/facts.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Pod } from '../caches.ts';
import { parseResult } from '../jobs/agent-lines.ts';
import { warningAtAge } from '../jobs/events.ts';
import type { ReceiverRun } from './lines.ts';

type Reader = { client: KubeClient; log: Log; now: () => number };

// A pod without news for this long is asked for its events.
const quietMilliseconds = 5000;

const statusOf = ({ status }: Pod) => status?.containerStatuses?.find(({ name }) => name === agentContainer);

// The container that runs now: its log begins anew with each start.
export const runOf = (pod: Pod): ReceiverRun => {
  const { namespace = '', name = '', uid = '' } = pod.metadata ?? {};
  return { key: `${uid}/${statusOf(pod)?.restartCount ?? 0}`, namespace, name };
};

export const podFacts = async (reader: Reader, pod: Pod): Promise<ReceiverPod> => {
  const { state, lastState } = statusOf(pod) ?? {};
  if (state?.running !== undefined) {
    return { state: 'Running', startTime: kubeTime(state.running.startedAt) };
  }
  const end = state?.terminated ?? (state?.waiting?.reason === 'CrashLoopBackOff' ? lastState?.terminated : undefined);
  if (end !== undefined) {
    return ended(end);
  }
  const { message, askEvents } = podStart(pod);
  const reason = message ?? (askEvents ? await warningOf(reader, pod) : undefined);
  return { state: 'Waiting', ...(reason === undefined ? {} : { message: reason }) };
};

const ended = ({ reason, exitCode, message }: V1ContainerStateTerminated): ReceiverPod => {
  const result = parseResult(message);
  return {
    state: 'Ended',
    message:
      reason === 'OOMKilled'
        ? 'It was killed for want of memory (OOMKilled). Raise spec.jobs.resources.limits.memory.'
        : `It ended with exit code ${exitCode} and left no result.`,
    ...(result?.verb === 'receive' ? { result } : {}),
  };
};

// What holds up a volume or a Secret stands in events only.
const warningOf = async ({ client, log, now }: Reader, { metadata }: Pod): Promise<string | undefined> => {
  const ageMilliseconds = now() - kubeTime(metadata?.creationTimestamp);
  if (ageMilliseconds < quietMilliseconds) {
    return undefined;
  }
  try {
    return await warningAtAge(client, { namespace: metadata?.namespace ?? '', uid: metadata?.uid ?? '', ageMilliseconds });
  } catch (error) {
    log.warn('Could not read events', { pod: metadata?.name, error });
    return undefined;
  }
};

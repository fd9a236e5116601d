// Why a pod has not started, in words a person can act on. Read from what the kubelet and the scheduler write into its status.
import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node';

// The container that we look at, and the one that stands beside it where a server is needed.
export const agentContainer = 'agent';
export const serverContainer = 'server';

export type PodStart = {
  started: boolean;
  // Why it waits.
  message?: string;
  // The kubelet is still preparing it and says no more: what holds it up is in the pod's events only (volumes, Secrets).
  askEvents: boolean;
};

const ordinary = new Set(['ContainerCreating', 'PodInitializing']);

export const podStart = (pod: V1Pod): PodStart => {
  const status = pod.status?.containerStatuses?.find(({ name }) => name === agentContainer);
  if (status?.state?.running !== undefined || status?.state?.terminated !== undefined) {
    return { started: true, askEvents: false };
  }
  // The agent waits for the server, and says no more than that.
  const server = pod.status?.initContainerStatuses?.find(({ name }) => name === serverContainer);
  const held = [server, status].find((each) => !ordinary.has(each?.state?.waiting?.reason ?? 'PodInitializing'));
  if (held !== undefined) {
    return { started: false, message: explainWaiting(held), askEvents: false };
  }
  const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False') {
    const message = `${scheduled.reason ?? 'Unschedulable'}: ${scheduled.message ?? 'no node fits'}`;
    return { started: false, message, askEvents: false };
  }
  return { started: false, askEvents: true };
};

const explainWaiting = ({ name, image, state }: V1ContainerStatus): string => {
  const { reason = '', message = '' } = state?.waiting ?? {};
  switch (reason) {
    case 'ErrImagePull':
    case 'ImagePullBackOff':
    case 'ErrImageNeverPull':
    case 'InvalidImageName':
      return `${reason}: the image ${image}${name === serverContainer ? ' of the server' : ''} cannot be had. ${message}`.trim();
    default:
      return `${reason}: ${message}`.replace(/: $/, '');
  }
};

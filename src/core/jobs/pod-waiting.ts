// Why a pod has not started, in words a person can act on. Read from what the kubelet and the scheduler write into its status.
import type { V1Pod } from '@kubernetes/client-node';

// The container that we look at.
export const agentContainer = 'agent';

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
  const waiting = status?.state?.waiting;
  if (waiting?.reason !== undefined && !ordinary.has(waiting.reason)) {
    return { started: false, message: explainWaiting(waiting.reason, waiting.message, status?.image), askEvents: false };
  }
  const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False') {
    const message = `${scheduled.reason ?? 'Unschedulable'}: ${scheduled.message ?? 'no node fits'}`;
    return { started: false, message, askEvents: false };
  }
  return { started: false, askEvents: true };
};

const explainWaiting = (reason: string, message = '', image = ''): string => {
  switch (reason) {
    case 'ErrImagePull':
    case 'ImagePullBackOff':
    case 'ErrImageNeverPull':
    case 'InvalidImageName':
      return `${reason}: the image ${image} cannot be had. ${message}`.trim();
    default:
      return `${reason}: ${message}`.replace(/: $/, '');
  }
};

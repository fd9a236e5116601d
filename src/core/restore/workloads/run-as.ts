// Whose files the pods of a workload write: what a container says comes before what its pod says.
import type { V1PodSpec } from '@kubernetes/client-node';
import { lastingContainers, mountsAny } from './data-directory.ts';

type Whose = { runAs?: { user: number; group: number }; unclear?: string[] };

// `container`: the one that has the data directory. Absent: any that mounts the volume.
export const runAsOf = (pod: V1PodSpec, volumes: readonly string[], container: string | undefined): Whose => {
  const asked = lastingContainers(pod).filter((each) => (container === undefined ? mountsAny(each, volumes) : each.name === container));
  const found = asked.map(({ securityContext }) => ({
    user: securityContext?.runAsUser ?? pod.securityContext?.runAsUser,
    // A pod without a group of its own writes with that of its user, which only the image knows; the volume belongs to fsGroup.
    group: securityContext?.runAsGroup ?? pod.securityContext?.runAsGroup ?? pod.securityContext?.fsGroup,
  }));
  const [first] = found;
  if (first === undefined || found.some(({ user, group }) => user !== first.user || group !== first.group)) {
    return { unclear: ['its containers run as different users'] };
  }
  const { user, group } = first;
  if (user === undefined || user === 0) {
    // Images that start as root go on as somebody else.
    return { unclear: [`its template does not say which user the server runs as (${user === 0 ? 'root' : 'no runAsUser'})`] };
  }
  return group === undefined || group === 0
    ? { unclear: [`its template does not say which group the server runs as (${group === 0 ? 'root' : 'no runAsGroup or fsGroup'})`] }
    : { runAs: { user, group } };
};

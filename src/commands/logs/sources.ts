// Where the lines of a Backup come from: the pods of its Jobs, told apart by what they do.
import type { V1Pod } from '@kubernetes/client-node';
import { label } from '../../api/group.ts';
import { podStart } from '../../core/jobs/pod-waiting.ts';
import type { KubeObject } from '../../kube/object.ts';
import { pods } from '../../kube/resource.ts';
import type { Cluster } from '../common/cluster.ts';
import { listAll } from '../common/find.ts';

export type Pod = V1Pod & KubeObject;

export type Source = {
  uid: string;
  namespace: string;
  pod: string;
  // `dump db`, `seal`, `copy cloud`; with the number of the attempt from the second on.
  title: string;
  createdTime: string;
  started: boolean;
  // Why it has not started.
  waiting?: string;
};

// Jobs that only read the store say nothing of the run itself.
const shownVerbs = new Set(['dump', 'seal', 'check', 'copy']);

export const findPods = ({ client, namespace }: Cluster, selector: Record<string, string>): Promise<Pod[]> =>
  listAll<Pod>(
    client,
    pods,
    namespace,
    Object.entries(selector)
      .map(([name, value]) => `${name}=${value}`)
      .join(','),
  );

// The older ones first.
export const findSources = async (cluster: Cluster, backupId: string, component?: string): Promise<Source[]> =>
  sourcesOf(await findPods(cluster, { [label.backupId]: backupId }), component);

export const sourcesOf = (found: Pod[], component?: string): Source[] =>
  found
    .filter(({ metadata }) => shownVerbs.has(metadata?.labels?.[label.verb] ?? ''))
    .filter(({ metadata }) => component === undefined || metadata?.labels?.[label.component] === component)
    .map(sourceOf)
    .toSorted((a, b) => a.createdTime.localeCompare(b.createdTime) || a.title.localeCompare(b.title));

const sourceOf = (pod: Pod): Source => {
  const { name = '', namespace = '', uid = '', labels = {}, creationTimestamp } = pod.metadata ?? {};
  const verb = labels[label.verb] ?? '';
  const attempt = labels[label.attempt] ?? '1';
  const about = verb === 'dump' ? labels[label.component] : verb === 'copy' ? labels[label.tier] : undefined;
  const { started, message } = podStart(pod);
  return {
    uid,
    namespace,
    pod: name,
    title: [verb, about, attempt === '1' ? undefined : attempt].filter((part) => part !== undefined).join(' '),
    createdTime: String(creationTimestamp),
    started,
    ...(message === undefined ? {} : { waiting: message }),
  };
};

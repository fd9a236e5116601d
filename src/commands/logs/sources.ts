// Where the lines of a Backup come from: the pods of its Jobs, told apart by what they do.
import type { V1Pod } from '@kubernetes/client-node';
import { hash } from 'node:crypto';
import { label } from '../../api/group.ts';
import type { Backup } from '../../api/objects.ts';
import { labelValue } from '../../core/plan/names.ts';
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
  // `dump db`, `seal`, `copy cloud`, `receive db`; with the number of the attempt from the second on.
  title: string;
  createdTime: string;
  started: boolean;
  // Why it has not started.
  waiting?: string;
};

// Jobs that only read the store say nothing of the run itself.
const shownVerbs = new Set(['dump', 'seal', 'check', 'copy', 'receive']);

export const findPods = ({ client, namespace }: Cluster, selector: Record<string, string>): Promise<Pod[]> =>
  listAll<Pod>(
    client,
    pods,
    namespace,
    Object.entries(selector)
      .map(([name, value]) => `${name}=${value}`)
      .join(','),
  );

// The older ones first; none before it has started. The pods of a Log are known by its own name: it has none in the store.
export const findSources = async (cluster: Cluster, { metadata, spec, status }: Backup, component?: string): Promise<Source[]> => {
  const selector =
    spec.type === 'Log' ? { [label.backup]: labelValue(metadata.name, hash8) } : status?.backupId && { [label.backupId]: status.backupId };
  return selector ? sourcesOf(await findPods(cluster, selector), component) : [];
};

const hash8 = (text: string): string => hash('sha256', text, 'hex').slice(0, 8);

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
  const about = verb === 'dump' || verb === 'receive' ? labels[label.component] : verb === 'copy' ? labels[label.tier] : undefined;
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

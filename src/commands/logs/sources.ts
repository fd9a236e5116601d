// Where the lines of a Backup or a Restore come from: the pods of its Jobs, told apart by what they do.
import type { V1Pod } from '@kubernetes/client-node';
import { hash } from 'node:crypto';
import { label } from '../../api/group.ts';
import type { Backup, Restore } from '../../api/objects.ts';
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
  // `dump db`, `seal`, `copy cloud`, `receive db`, `restore db`; with the number of the attempt from the second on.
  title: string;
  createdTime: string;
  started: boolean;
  // Why it has not started.
  waiting?: string;
};

// Jobs that only read the store say nothing of the run itself.
const shownVerbs = new Set(['dump', 'seal', 'check', 'copy', 'receive', 'recover']);

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

// Those of all its Jobs: what it planned, restored, checked and undid.
export const findRestoreSources = async (cluster: Cluster, { metadata }: Restore, component?: string): Promise<Source[]> =>
  sourcesOf(await findPods(cluster, { [label.restore]: labelValue(metadata.name, hash8) }), component);

const hash8 = (text: string): string => hash('sha256', text, 'hex').slice(0, 8);

export const sourcesOf = (found: Pod[], component?: string): Source[] =>
  found
    .filter(({ metadata }) => shownVerbs.has(metadata?.labels?.[label.verb] ?? ''))
    .filter(({ metadata }) => component === undefined || metadata?.labels?.[label.component] === component)
    .map(sourceOf)
    .toSorted((a, b) => a.createdTime.localeCompare(b.createdTime) || a.title.localeCompare(b.title));

// The Job of a Restore says in its name what it does: `shop-1a2b3c4d-restore-db-1`.
const recoverWord = (jobName: string): string => /-[0-9a-f]{8}-(plan|restore|check|undo|discard)-/.exec(jobName)?.[1] ?? 'recover';

const sourceOf = (pod: Pod): Source => {
  const { name = '', namespace = '', uid = '', labels = {}, creationTimestamp } = pod.metadata ?? {};
  const verb = labels[label.verb] ?? '';
  const word = verb === 'recover' ? recoverWord(labels['batch.kubernetes.io/job-name'] ?? '') : verb;
  const attempt = labels[label.attempt] ?? '1';
  const about = ['dump', 'receive', 'recover'].includes(verb) ? labels[label.component] : verb === 'copy' ? labels[label.tier] : undefined;
  const { started, message } = podStart(pod);
  return {
    uid,
    namespace,
    pod: name,
    title: [word, about, attempt === '1' ? undefined : attempt].filter((part) => part !== undefined).join(' '),
    createdTime: String(creationTimestamp),
    started,
    ...(message === undefined ? {} : { waiting: message }),
  };
};

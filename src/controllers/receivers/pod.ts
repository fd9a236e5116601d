// The pod of a receiver's Deployment. Between the two stands a ReplicaSet, which is asked once whose it is.
import type { V1ReplicaSet } from '@kubernetes/client-node';
import type { BackupPolicy } from '../../api/objects.ts';
import { kubeTime } from '../../core/jobs/state.ts';
import type { KubeClient } from '../../kube/client.ts';
import { controllerOf } from '../../kube/object.ts';
import type { KubeObject, OwnerReference } from '../../kube/object.ts';
import { replicaSets } from '../../kube/resource.ts';
import { byReceiver } from '../caches.ts';
import type { Caches, Deployment, Pod } from '../caches.ts';

// Uid of the Deployment by that of the ReplicaSet. So many are remembered.
const mostRemembered = 2000;
const owners = new WeakMap<KubeClient, Map<string, string>>();

type Reader = { client: KubeClient; caches: Caches };

// The newest one that is not on its way out; else the newest.
export const podOf = async (reader: Reader, policy: BackupPolicy, deployment: Deployment, component: string): Promise<Pod | undefined> => {
  const { namespace, name } = policy.metadata;
  const own: Pod[] = [];
  for (const pod of reader.caches.pods.cache.find(byReceiver(namespace, name, component)).toSorted(newestFirst)) {
    const owner = controllerOf(pod);
    if (owner !== undefined && (await deploymentOf(reader, namespace, owner)) === deployment.metadata?.uid) {
      own.push(pod);
    }
  }
  return own.find(({ metadata, status }) => metadata?.deletionTimestamp === undefined && status?.phase !== 'Failed') ?? own[0];
};

const newestFirst = (a: Pod, b: Pod): number => kubeTime(b.metadata?.creationTimestamp) - kubeTime(a.metadata?.creationTimestamp);

const deploymentOf = async ({ client }: Reader, namespace: string, { name, uid }: OwnerReference): Promise<string | undefined> => {
  const known = owners.get(client) ?? new Map<string, string>();
  owners.set(client, known);
  const remembered = known.get(uid);
  if (remembered !== undefined) {
    return remembered;
  }
  const set = await client.get<V1ReplicaSet & KubeObject>(replicaSets, { namespace, name });
  const owner = set?.metadata?.uid === uid ? controllerOf(set)?.uid : undefined;
  if (owner !== undefined) {
    known.set(uid, owner);
    const [oldest] = known.keys();
    if (known.size > mostRemembered && oldest !== undefined) {
      known.delete(oldest);
    }
  }
  return owner;
};

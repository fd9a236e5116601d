// A Job and its pods as they are now, where the caches may tell of a time that is past: after an outage of the API server, deadlines
// have gone by that nobody could have seen kept.
import { finishedCondition } from '../../core/jobs/state.ts';
import { jobs as jobResource, pods as podResource } from '../../kube/resource.ts';
import type { KubeClient } from '../../kube/client.ts';
import { controllerOf } from '../../kube/object.ts';
import { byOwner } from '../caches.ts';
import type { Caches, Job, Pod } from '../caches.ts';

// A watch that works brings something about once a minute.
const silentTooLongMilliseconds = 90_000;

type Seen = { job: Job; pods: Pod[] };

// From the caches; from the API server where these have heard nothing for long. Throws where it does not answer: then nothing is decided.
export const seenNow = async ({ client, caches }: { client: KubeClient; caches: Caches }, job: Job): Promise<Seen> => {
  const pods = caches.pods.cache.find(byOwner(job.metadata?.uid ?? ''));
  const silent = [caches.jobs, caches.pods].some((reflector) => reflector.life().silentMilliseconds > silentTooLongMilliseconds);
  return silent && finishedCondition(job) === undefined ? askedNow(client, job, pods) : { job, pods };
};

const askedNow = async (client: KubeClient, job: Job, known: Pod[]): Promise<Seen> => {
  const { namespace = '', name = '', uid } = job.metadata ?? {};
  const found = await client.get<Job>(jobResource, { namespace, name });
  const pods: Pod[] = [];
  for await (const page of client.list<Pod>(podResource, { namespace, labelSelector: `batch.kubernetes.io/job-name=${name}` })) {
    pods.push(...page.items.filter((pod) => controllerOf(pod)?.uid === uid));
  }
  // One that is gone is seen to be gone by the watch, which knows what came before.
  return found === undefined || found.metadata?.uid !== uid ? { job, pods: known } : { job: found, pods };
};

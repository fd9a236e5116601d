// The Jobs of one run, as decisions see them.
import type { JobFacts } from '../../core/jobs/facts.ts';
import { jobs as jobResource } from '../../kube/resource.ts';
import { byOwner } from '../caches.ts';
import type { Job } from '../caches.ts';
import { readJob } from './gather.ts';
import type { JobReader, ReadOptions } from './gather.ts';

type Run = { metadata: { namespace: string; uid: string } };

// Those that the cache knows, and those that must be there by what its status says: a cache that is behind must not look like a Job that vanished.
export const readOwned = async (
  reader: JobReader,
  { metadata: { namespace, uid } }: Run,
  expected: readonly string[],
  follow: ReadOptions['follow'],
): Promise<JobFacts[]> => {
  const owned = reader.caches.jobs.cache.find(byOwner(uid));
  const known = new Set(owned.map(({ metadata }) => metadata?.name));
  const missing = expected.filter((name) => !known.has(name));
  const asked = await Promise.all(missing.map((name) => reader.client.get<Job>(jobResource, { namespace, name })));
  const options: ReadOptions = { owners: new Set([uid]), ...(follow === undefined ? {} : { follow }) };
  return Promise.all([...owned, ...asked.filter((job) => job !== undefined)].map((job) => readJob(reader, job, options)));
};

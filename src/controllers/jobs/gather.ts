// From the caches to facts about Jobs. Whose a Job is, and whose a pod, is decided by uids: names and labels anybody can write.
import { label } from '../../api/group.ts';
import type { JobFacts } from '../../core/jobs/facts.ts';
import { agentContainer, podStart } from '../../core/jobs/pod-waiting.ts';
import type { JobVerb } from '../../core/jobs/request.ts';
import { finishedCondition, jobState, kubeTime } from '../../core/jobs/state.ts';
import type { KubeClient } from '../../kube/client.ts';
import { controllerOf } from '../../kube/object.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Caches, Job, Pod } from '../caches.ts';
import { parseResult } from './agent-lines.ts';
import { warningAtAge } from './events.ts';
import type { Outputs } from './outputs.ts';
import { seenNow } from './up-to-date.ts';

export type JobReader = { client: KubeClient; caches: Caches; outputs: Outputs; log: Log; now: () => number };

export type ReadOptions = {
  // Uids of the owners that the Job may have.
  owners: Set<string>;
  // Follow what the pod prints. Off for Jobs whose outcome is known.
  follow?: { onProgress: () => void; onEnd: () => void };
};

// A pod without news for this long is asked for its events.
const quietMilliseconds = 5000;

const verbs: JobVerb[] = ['dump', 'seal', 'check', 'logs', 'copy', 'inspect', 'adopt', 'receive', 'recover', 'audit'];

// Only these are believed by the lines of their log: the result alone does not name what was found.
const needsEntries = (verb: JobVerb): boolean => verb === 'check' || verb === 'inspect';

export const readJob = async (reader: JobReader, job: Job, options: ReadOptions): Promise<JobFacts> => {
  const { labels = {}, name = '', uid = '', deletionTimestamp, creationTimestamp } = job.metadata ?? {};
  const owner = controllerOf(job);
  const verb = verbs.find((each) => each === labels[label.verb]) ?? 'logs';
  const ours = owner !== undefined && options.owners.has(owner.uid);
  const facts = {
    name,
    uid,
    ours,
    deleting: deletionTimestamp !== undefined,
    verb,
    attempt: Number(labels[label.attempt] ?? 0),
    createdTime: kubeTime(creationTimestamp),
    ...optional('component', labels[label.component]),
    ...optional('tier', labels[label.tier]),
    ...optional('backupId', labels[label.backupId]),
    ...optional('ownerUid', owner?.uid),
  };
  return { ...facts, state: ours ? await readState(reader, job, verb, options) : { type: 'Waiting' } };
};

const optional = <Name extends string>(name: Name, value: string | undefined): { [key in Name]?: string } =>
  (value === undefined ? {} : { [name]: value }) as { [key in Name]?: string };

const readState = async (reader: JobReader, cached: Job, verb: JobVerb, options: ReadOptions): Promise<JobFacts['state']> => {
  const { outputs } = reader;
  const uid = cached.metadata?.uid ?? '';
  const { job, pods } = await seenNow(reader, cached);
  const [pod] = pods;
  const terminationResult = pod && parseResult(terminatedOf(pod)?.message);
  if (pod !== undefined && pods.length === 1 && options.follow !== undefined) {
    const wanted = needsEntries(verb) || (terminationResult === undefined && verb !== 'logs');
    if (wanted && hasContainerRun(pod)) {
      follow(reader, uid, pod, options.follow);
    }
  }
  const output = outputs.of(uid);
  const eventMessage = await quietReason(reader, job, pods);
  return jobState({
    job,
    pods,
    needsEntries: needsEntries(verb) && options.follow !== undefined,
    ...(output === undefined ? {} : { output }),
    ...(terminationResult === undefined ? {} : { terminationResult }),
    ...(eventMessage === undefined ? {} : { eventMessage }),
  });
};

const stateOf = (pod: Pod) => pod.status?.containerStatuses?.find(({ name }) => name === agentContainer)?.state;
const terminatedOf = (pod: Pod) => stateOf(pod)?.terminated;
const hasContainerRun = (pod: Pod): boolean => stateOf(pod)?.running !== undefined || terminatedOf(pod) !== undefined;

const follow = ({ caches, outputs }: JobReader, jobUid: string, pod: Pod, told: NonNullable<ReadOptions['follow']>): void => {
  const { namespace = '', name = '' } = pod.metadata ?? {};
  const hasEnded = (): boolean => {
    const now = caches.pods.cache.get({ namespace, name });
    return now === undefined || now.metadata?.uid !== pod.metadata?.uid || terminatedOf(now) !== undefined;
  };
  outputs.follow({ jobUid, namespace, name, hasEnded }, told);
};

// Why nothing moves, where neither Job nor pod says so itself.
const quietReason = async ({ client, log, now }: JobReader, job: Job, pods: Pod[]): Promise<string | undefined> => {
  const [pod] = pods;
  const subject = pod ?? job;
  const quiet = pod === undefined ? finishedCondition(job) === undefined : podStart(pod).askEvents;
  const ageMilliseconds = now() - kubeTime(subject.metadata?.creationTimestamp);
  if (!quiet || ageMilliseconds < quietMilliseconds) {
    return undefined;
  }
  try {
    return await warningAtAge(client, { namespace: job.metadata?.namespace ?? '', uid: subject.metadata?.uid ?? '', ageMilliseconds });
  } catch (error) {
    log.warn('Could not read events', { job: job.metadata?.name, error });
    return undefined;
  }
};

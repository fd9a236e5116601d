// Everything that a decision on one BackupPolicy looks at.
import { annotation, label } from '../../api/group.ts';
import type { Backup, BackupPolicy, Restore } from '../../api/objects.ts';
import type { JobFacts } from '../../core/jobs/facts.ts';
import { claimName } from '../../core/plan/names.ts';
import { instantOf } from '../../core/plan/time.ts';
import type { BackupFacts, PolicyObserved, RestoreFacts } from '../../core/policy/observed.ts';
import { controllerOf } from '../../kube/object.ts';
import { persistentVolumeClaims } from '../../kube/resource.ts';
import { byPolicy } from '../caches.ts';
import type { OperatorContext } from '../context.ts';
import { hash8 } from '../hash.ts';
import { isNamespaceTerminating } from '../namespace.ts';
import { readJob } from '../jobs/gather.ts';
import type { ReadOptions } from '../jobs/gather.ts';
import { readReceivers } from '../receivers/gather.ts';
import { majorsOf } from '../settings.ts';
import { catalogueOf, isReading, readReadings } from './readings.ts';

type Told = NonNullable<ReadOptions['follow']>;

export const gatherPolicy = async (context: OperatorContext, policy: BackupPolicy, told: Told): Promise<PolicyObserved> => {
  const runs = context.caches.backupsOf(policy);
  const jobs = await jobsOf(context, policy, runs, told);
  return {
    now: context.now(),
    policy,
    backups: runs.map(backupFacts),
    restores: context.caches.restoresOf(policy).map(restoreFacts),
    jobs,
    catalogue: Object.fromEntries(
      policy.spec.tiers.map((tier) => [tier.name, catalogueOf(jobs, tier.name, measuredTime(policy, tier.name))]),
    ),
    receivers: await readReceivers(context, policy, told.onEnd),
    missingClaims: await missingClaims(context, policy),
    receivingPods: receivingPodsOf(context, policy),
    namespaceTerminating: await isNamespaceTerminating(context, policy),
    ...(context.uninstalling === undefined ? {} : { uninstalling: context.uninstalling }),
    agentMajors: majorsOf(context),
    hash: hash8,
  };
};

// Pods of receivers. Anybody may write their labels: what is decided by them waits for a short time only.
const receivingPodsOf = ({ caches }: OperatorContext, { metadata }: BackupPolicy): string[] => {
  const pods = caches.pods.cache.find(byPolicy(metadata.namespace, metadata.name));
  return pods.flatMap((pod) => {
    const hasEnded = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
    const component = pod.metadata?.labels?.[label.component];
    return hasEnded || component === undefined || controllerOf(pod)?.kind === 'Job' ? [] : [component];
  });
};

const measuredTime = ({ status }: BackupPolicy, tier: string): number =>
  instantOf(status?.tiers?.find(({ name }) => name === tier)?.measuredTime) ?? 0;

const backupFacts = ({ metadata, spec, status = {} }: Backup): BackupFacts => ({
  name: metadata.name,
  uid: metadata.uid,
  type: spec.type,
  createdTime: Date.parse(metadata.creationTimestamp),
  scheduled: metadata.annotations?.[annotation.slot] !== undefined,
  late: metadata.annotations?.[annotation.late] !== undefined,
  deleting: metadata.deletionTimestamp !== undefined,
  slot: metadata.annotations?.[annotation.slot] ?? metadata.creationTimestamp,
  status,
});

const restoreFacts = ({ metadata, spec, status = {} }: Restore): RestoreFacts => ({
  name: metadata.name,
  undo: spec.source.restoreRef !== undefined,
  ...(spec.components === undefined ? {} : { components: spec.components.map(({ name }) => name) }),
  status,
});

const jobsOf = async (context: OperatorContext, { metadata }: BackupPolicy, runs: Backup[], told: Told): Promise<JobFacts[]> => {
  const found = context.caches.jobs.cache.find(byPolicy(metadata.namespace, metadata.name));
  const ownedByPolicy = new Set([metadata.uid]);
  const ownedByRun = new Set(runs.map((run) => run.metadata.uid));
  const others = found.filter((job) => !isReading(job));
  const facts = await Promise.all([
    readReadings(context, found.filter(isReading), { owners: ownedByPolicy, follow: told }),
    ...others.map(async (job) => {
      const mine = await readJob(context, job, { owners: ownedByPolicy, follow: told });
      // Jobs of the runs are followed by the runs themselves; here they are only counted, and swept.
      return [mine.ours ? mine : await readJob(context, job, { owners: ownedByRun })];
    }),
  ]);
  return facts.flat().filter(({ ours }) => ours);
};

// A claim that we made has our label and is in the cache; any other is asked for.
const missingClaims = async ({ client, caches }: OperatorContext, { metadata, spec }: BackupPolicy): Promise<string[]> => {
  const wanted = spec.tiers.filter(({ persistentVolumeClaim }) => persistentVolumeClaim?.size !== undefined);
  const missing = await Promise.all(
    wanted.map(async ({ name }) => {
      const ref = { namespace: metadata.namespace, name: claimName(metadata.name, name) };
      return (caches.claims.cache.get(ref) ?? (await client.get(persistentVolumeClaims, ref))) === undefined ? [name] : [];
    }),
  );
  return missing.flat();
};

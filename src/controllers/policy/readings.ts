// Readings of the tiers. Only the newest that went well is kept with all that it found: a catalogue is large.
import type { InspectResult } from '../../api/agent.ts';
import { label } from '../../api/group.ts';
import type { JobFacts } from '../../core/jobs/facts.ts';
import { kubeTime } from '../../core/jobs/state.ts';
import type { TierCatalogue } from '../../core/policy/observed.ts';
import type { Job } from '../caches.ts';
import { readJob } from '../jobs/gather.ts';
import type { JobReader, ReadOptions } from '../jobs/gather.ts';

export const isReading = ({ metadata }: Job): boolean => metadata?.labels?.[label.verb] === 'inspect';

// Facts about the readings of a policy, tier by tier.
export const readReadings = async (reader: JobReader, readings: Job[], options: ReadOptions): Promise<JobFacts[]> => {
  const perTier = Map.groupBy(readings, ({ metadata }) => metadata?.labels?.[label.tier]);
  const facts = await Promise.all([...perTier.values()].map((jobs) => readOneTier(reader, jobs, options)));
  return facts.flat();
};

const newestFirst = (a: Job, b: Job): number =>
  kubeTime(b.metadata?.creationTimestamp) - kubeTime(a.metadata?.creationTimestamp) ||
  Number(b.metadata?.labels?.[label.attempt]) - Number(a.metadata?.labels?.[label.attempt]);

const readOneTier = async (reader: JobReader, jobs: Job[], options: ReadOptions): Promise<JobFacts[]> => {
  const facts: JobFacts[] = [];
  let superseded = false;
  for (const job of jobs.toSorted(newestFirst)) {
    if (superseded) {
      reader.outputs.forget(job.metadata?.uid ?? '');
    }
    const found = await readJob(reader, job, superseded ? { owners: options.owners } : options);
    facts.push(found);
    superseded ||= found.ours && (found.state.type === 'Reading' || succeeded(found) !== undefined);
  }
  return facts;
};

const succeeded = ({ state }: JobFacts) =>
  state.type === 'Ended' && state.result?.verb === 'inspect' && state.result.outcome === 'Succeeded'
    ? { result: state.result, entries: state.entries, windows: state.windows }
    : undefined;

// What the newest reading that succeeded found. One from before `knownSince` says less than the status does: a newer one is being read again.
export const catalogueOf = (jobs: JobFacts[], tier: string, knownSince: number): TierCatalogue | undefined => {
  const readings = jobs.flatMap((job) => {
    const found = job.verb === 'inspect' && job.tier === tier && job.createdTime >= knownSince ? succeeded(job) : undefined;
    return found?.result.tier === tier ? [{ job, ...found }] : [];
  });
  const newest = readings.toSorted((a, b) => a.job.createdTime - b.job.createdTime).at(-1);
  if (newest === undefined) {
    return undefined;
  }
  const { job, result, entries, windows } = newest;
  return {
    measuredTime: job.createdTime,
    backups: result.backups ?? 0,
    refused: result.refused ?? 0,
    ...(result.repositoryId === undefined ? {} : { repositoryId: result.repositoryId }),
    ...(entries === undefined ? {} : { entries }),
    ...(windows === undefined ? {} : { windows }),
    facts: factsOf(result),
  };
};

const factsOf = ({
  writer,
  stored,
  volume,
  abandoned,
  unfinishedUploads,
  verified,
  damaged,
  wal,
}: InspectResult): NonNullable<TierCatalogue['facts']> => ({
  ...(writer === undefined ? {} : { writer }),
  ...(stored === undefined ? {} : { stored }),
  ...(volume === undefined ? {} : { volume }),
  ...(abandoned === undefined ? {} : { abandoned }),
  ...(unfinishedUploads === undefined ? {} : { unfinishedUploads }),
  ...(verified === undefined ? {} : { verified }),
  ...(damaged === undefined ? {} : { damaged }),
  ...(wal === undefined ? {} : { wal }),
});

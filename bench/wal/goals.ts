// What the project wants to reach, and whether this run did.
import { atLeast, atMost, ratio } from '../common/goals.ts';
import type { Goal } from '../common/goals.ts';
import type { Summary } from '../common/summary.ts';
import { flushSeconds } from './latency.ts';
import type { Latency } from './latency.ts';

// Speed is as many times ours as its time is longer: the WAL is the same.
export const goalsOf = (summaries: readonly Summary[], latencies: readonly Latency[]): Goal[] => {
  const one = (target: string, name: string): Summary | undefined =>
    summaries.find((each) => each.set === 'backlog' && each.target === target && each.name === name);
  const speed = (target: string, name: string): number | undefined =>
    ratio(one(target, name)?.seconds.median, one(target, 'holdfast')?.seconds.median);
  const peaks = [
    ...summaries.filter(({ name }) => name === 'holdfast').map(({ peakRssMiB }) => peakRssMiB.max),
    ...latencies.map(({ peakRssMiB }) => peakRssMiB),
  ];
  const slowest = latencies.length === 0 ? undefined : Math.max(...latencies.map(({ p99Seconds }) => p99Seconds));
  return [
    ...atMost('commit to durable in S3, p99, s', slowest, flushSeconds + 0.5),
    ...atLeast('speed to a directory ÷ pgBackRest', speed('directory', 'pgbackrest'), 1.5),
    ...atLeast('speed to S3 ÷ pgBackRest', speed('s3', 'pgbackrest'), 1.2),
    ...atMost('peak of memory, MiB', peaks.length === 0 ? undefined : Math.max(...peaks), 192),
  ];
};

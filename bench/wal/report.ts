// The tables for people.
import type { Goal } from '../common/goals.ts';
import { goalTable, sections } from '../common/report.ts';
import type { Summary } from '../common/summary.ts';
import { table } from '../common/table.ts';
import type { Latency } from './latency.ts';

const speeds = (summaries: readonly Summary[], walMiB: number): string =>
  `\nMiB of WAL a second\n${table(
    ['', 'a directory', 'S3'],
    [...new Set(summaries.map(({ name }) => name))].map((name) => [
      name,
      ...['directory', 's3'].map((target) => {
        const found = summaries.find((each) => each.name === name && each.target === target);
        return found === undefined ? '' : (walMiB / found.seconds.median).toFixed(0);
      }),
    ]),
  )}`;

const latencyTable = (latencies: readonly Latency[]): string =>
  `\nfrom a commit until it is durable in S3, under pgbench\n${table(
    ['', 'p50 s', 'p99 s', 'max s', 'commits', 'peak MiB', 'CPU s', 'pgbench tps', 'WAL MiB/s'],
    latencies.map((each, at) => [
      `run ${at + 1}`,
      each.p50Seconds.toFixed(2),
      each.p99Seconds.toFixed(2),
      each.maxSeconds.toFixed(2),
      String(each.commits),
      each.peakRssMiB.toFixed(0),
      each.cpuSeconds.toFixed(1),
      each.transactionsPerSecond.toFixed(0),
      each.walMiBPerSecond.toFixed(1),
    ]),
  )}`;

export const forPeople = (summaries: readonly Summary[], latencies: readonly Latency[], walMiB: number, goals: readonly Goal[]): string =>
  [
    ...(latencies.length === 0 ? [] : [latencyTable(latencies)]),
    ...sections(summaries, { backlog: `${walMiB} MiB of WAL` }),
    ...(summaries.length === 0 ? [] : [speeds(summaries, walMiB)]),
    goalTable(goals),
  ].join('\n');

// The table for people and the figures for scripts.
import { median, percentile, rounded } from '../common/figures.ts';
import { table } from '../common/table.ts';
import type { Burst } from './burst.ts';
import type { Goal } from './goals.ts';
import type { Idle } from './idle.ts';
import type { Restart } from './restart.ts';
import type { Timed } from './timed.ts';

export type Results = { empty: Idle; full: Idle; restarted: Restart[]; backups: Timed; burst: Burst };

const idleRow = (name: string, { requestsPerSecond, millicores, memory }: Idle): string[] => [
  name,
  requestsPerSecond.toFixed(3),
  millicores.map((each) => each.toFixed(2)).join(' / '),
  memory.map(({ rssMiB }) => rssMiB.toFixed(1)).join(' / '),
  memory.map(({ peakRssMiB }) => peakRssMiB.toFixed(1)).join(' / '),
  memory.map(({ anonymousMiB }) => anonymousMiB.toFixed(1)).join(' / '),
];

const restartRow = (one: Restart, at: number): string[] => [
  `restart ${at + 1}`,
  String(one.requests),
  String(one.writes),
  (one.bytes / 1e6).toFixed(2),
  one.steadySeconds.toFixed(2),
  one.cpuSeconds.toFixed(2),
  one.peakRssMiB.toFixed(1),
];

export const forPeople = ({ empty, full, restarted, backups, burst }: Results, goals: Goal[]): string =>
  [
    table(
      ['idle, two replicas', 'requests/s', 'CPU, millicores', 'RSS, MiB', 'peak', 'anonymous'],
      [idleRow('nothing', empty), idleRow('500 policies, 10,000 Backups', full)],
    ),
    `asked while idle: ${full.kinds.join(', ') || 'nothing'}; lists and watches again: ${full.slowRequestsPerSecond.toFixed(4)}/s`,
    table(['one replica', 'requests', 'writes', 'MB received', 'steady, s', 'CPU, s', 'peak, MiB'], restarted.map(restartRow)),
    `asked: ${restarted.at(-1)?.kinds.join(', ')}`,
    table(
      ['Backup to Job, ms', 'p50', 'p95', 'most'],
      [timesRow('first after a start', backups.firstMilliseconds), timesRow('warm', backups.warmMilliseconds)],
    ),
    `${burst.jobs} of ${burst.backups} Jobs in ${burst.seconds.toFixed(1)} s, ${burst.refused} requests refused, peak ${burst.peakRssMiB.toFixed(1)} MiB`,
    table(
      ['goal', 'reached', 'at most', ''],
      goals.map(({ goal, value, limit, met }) => [goal, String(value), String(limit), met ? 'met' : 'MISSED']),
    ),
  ]
    .map((part) => `\n${part}`)
    .join('\n');

const timesRow = (name: string, times: number[]): string[] => [
  name,
  String(percentile(times, 50)),
  String(percentile(times, 95)),
  String(Math.max(...times)),
];

const most = (values: number[], digits = 2): number => rounded(Math.max(...values), digits);

// DESIGN §9 says which fields scripts rely on.
export const figuresOf = ({ empty, full, restarted, backups, burst }: Results, goals: Goal[]): object => {
  const middle = (pick: (one: Restart) => number, digits = 2): number => rounded(median(restarted.map(pick)), digits);
  return {
    runs: restarted.length,
    us: {
      seconds: middle(({ steadySeconds }) => steadySeconds),
      cpuSeconds: middle(({ cpuSeconds }) => cpuSeconds),
      peakRssMiB: middle(({ peakRssMiB }) => peakRssMiB, 1),
      bytes: middle(({ bytes }) => bytes, 0),
      idleRequestsPerSecond: rounded(full.requestsPerSecond, 4),
      idleRequestsPerSecondEmpty: rounded(empty.requestsPerSecond, 4),
      idleMillicores: most(full.millicores),
      idleRssMiB: most(
        full.memory.map(({ rssMiB }) => rssMiB),
        1,
      ),
      idleRssMiBEmpty: most(
        empty.memory.map(({ rssMiB }) => rssMiB),
        1,
      ),
      restartRequests: middle(({ requests }) => requests, 0),
      restartWrites: middle(({ writes }) => writes, 0),
      restartBytes: middle(({ bytes }) => bytes, 0),
      restartSeconds: middle(({ steadySeconds }) => steadySeconds),
      backupToJobMillisecondsP50: percentile(backups.warmMilliseconds, 50),
      backupToJobMillisecondsP95: percentile(backups.warmMilliseconds, 95),
      backupToJobMillisecondsFirst: Math.max(...backups.firstMilliseconds),
      backupToJobWrites: backups.writes,
      burstSeconds: rounded(burst.seconds),
      burstRefused: burst.refused,
    },
    peers: {},
    ratios: {},
    goals,
  };
};

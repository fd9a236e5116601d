// What the project wants to reach, and whether this run did.
import { median, percentile, rounded } from '../common/figures.ts';
import type { Results } from './report.ts';

export type Goal = { goal: string; value: number; limit: number; met: boolean };

const atMost = (goal: string, value: number, limit: number, digits = 2): Goal => ({
  goal,
  value: rounded(value, digits),
  limit,
  met: value <= limit,
});

const rss = ({ memory }: Results['full']): number => Math.max(...memory.map(({ rssMiB }) => rssMiB));

export const goalsOf = ({ empty, full, restarted, backups, burst }: Results): Goal[] => {
  const most = (pick: (one: Results['restarted'][number]) => number): number => Math.max(...restarted.map(pick));
  return [
    atMost('idle: requests/s of both replicas', full.requestsPerSecond, 0.13, 3),
    atMost('idle: more than with nothing, requests/s', full.requestsPerSecond - empty.requestsPerSecond, 0.02, 3),
    atMost('idle: CPU of a replica, millicores', Math.max(...full.millicores), 1.5),
    atMost('idle: RSS of a replica, MiB', rss(full), 105, 1),
    atMost('idle: growth of RSS from nothing, MiB', rss(full) - rss(empty), 20, 1),
    atMost(
      'restart: requests',
      most(({ requests, inspections }) => requests - inspections),
      29,
    ),
    atMost(
      'restart: writes',
      most(({ writes, inspections }) => writes - inspections),
      0,
    ),
    atMost('restart: received, MB', median(restarted.map(({ bytes }) => bytes)) / 1e6, 1),
    atMost('restart: steady, s', median(restarted.map(({ steadySeconds }) => steadySeconds)), 1.5),
    atMost('Backup to Job: p50, ms', percentile(backups.warmMilliseconds, 50), 15),
    atMost('Backup to Job: p95, ms', percentile(backups.warmMilliseconds, 95), 30),
    atMost('Backup to Job: the first after a start, ms', Math.max(...backups.firstMilliseconds), 100),
    atMost('Backup to Job: writes', backups.writes, 3),
    atMost(`${burst.backups} at once: all Jobs made, s`, burst.seconds, 60),
    atMost(`${burst.backups} at once: answered 429`, burst.refused, 0),
  ];
};

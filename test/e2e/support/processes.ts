// Command lines and environments of the processes in pods, sampled on the node while they run.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

export type Sample = { program: string; commandLine: string; environment: string };

// Processes by the uid of their pod.
export type Sampler = { seen: Map<string, Sample[]>; stop: () => Promise<void> };

const everyMilliseconds = 25;
const podOf = (cgroup: string): string | undefined =>
  /pod([0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12})/.exec(cgroup)?.[1]?.replaceAll('_', '-');

const read = (pid: string, file: string): string => readFileSync(`/proc/${pid}/${file}`, 'latin1');

export const podOfProcess = (pid: string): string | undefined => {
  try {
    return podOf(read(pid, 'cgroup'));
  } catch {
    return undefined;
  }
};

export const processIds = (): string[] => readdirSync('/proc').filter((name) => /^\d+$/.test(name));

export const startSampler = (): Sampler => {
  const seen = new Map<string, Sample[]>();
  const known = new Set<string>();
  const stop = new AbortController();
  const look = (): void => {
    for (const pid of processIds()) {
      try {
        const uid = podOfProcess(pid);
        if (uid === undefined) {
          continue;
        }
        const sample = { program: read(pid, 'comm').trim(), commandLine: read(pid, 'cmdline'), environment: read(pid, 'environ') };
        const key = JSON.stringify([pid, sample]);
        if (!known.has(key)) {
          known.add(key);
          seen.set(uid, [...(seen.get(uid) ?? []), sample]);
        }
      } catch {
        // It has ended meanwhile.
      }
    }
  };
  const work = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      look();
      await pause(everyMilliseconds);
    }
  };
  const ended = work();
  return {
    seen,
    async stop() {
      stop.abort();
      await ended;
    },
  };
};

// A group of processes that the kernel accounts for as one (cgroup v2, which old systems have beside v1): its CPU, its processes, its end.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type Resident = { program: string; bytes: number };

export type ProcessGroup = {
  // Put before a command, makes it and its children members.
  readonly enter: [string, ...string[]];
  cpuSeconds(): number;
  // The memory that each process has resident. What two programs share counts twice; a copy of its parent, before it becomes a program, not at all.
  resident(): Resident[];
  killAll(): void;
  // Ends what is left in it, and removes it.
  remove(): Promise<void>;
};

const pageBytes = 4096;
const removeTries = 100;

const mountPoint = (): string => {
  const found = /^\S+ (\S+) cgroup2 /m.exec(readFileSync('/proc/self/mounts', 'utf8'))?.[1];
  if (found === undefined) {
    throw new Error('This machine has no cgroup v2, by which processes are measured. Run this on a current Linux, as root.');
  }
  return found;
};

const folder = (): string => join(mountPoint(), 'holdfast-bench');

const readNumber = (path: string, pattern: RegExp): number => Number(pattern.exec(readFileSync(path, 'utf8'))?.[1] ?? 0);

const residentOf = (pid: string): Resident[] => {
  try {
    const parent = /\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? '0';
    if (readFileSync(`/proc/${pid}/cmdline`, 'utf8') === readFileSync(`/proc/${parent}/cmdline`, 'utf8')) {
      return [];
    }
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ', 2)[1]);
    return [{ program: readFileSync(`/proc/${pid}/comm`, 'utf8').trim(), bytes: pages * pageBytes }];
  } catch {
    // It has just ended.
    return [];
  }
};

// Makes a group. Throws where this process may not.
export const makeProcessGroup = (name: string): ProcessGroup => {
  const path = join(folder(), name);
  mkdirSync(path, { recursive: true });
  const processes = join(path, 'cgroup.procs');
  const killAll = (): void => {
    if (existsSync(path)) {
      writeFileSync(join(path, 'cgroup.kill'), '1');
    }
  };
  return {
    enter: ['bash', '-c', 'echo $$ >"$0" && exec "$@"', processes],
    cpuSeconds: () => readNumber(join(path, 'cpu.stat'), /^usage_usec (\d+)/m) / 1e6,
    resident: () =>
      readFileSync(processes, 'utf8')
        .split('\n')
        .filter((pid) => pid !== '')
        .flatMap(residentOf),
    killAll,
    async remove() {
      killAll();
      for (let tries = 1; ; tries += 1) {
        try {
          rmdirSync(path);
          return;
        } catch (error) {
          if (tries === removeTries) {
            throw error;
          }
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
    },
  };
};

// Ends everything that a measurement has started, at whatever point.
export const killAllGroups = (): void => {
  if (!existsSync(folder())) {
    return;
  }
  writeFileSync(join(folder(), 'cgroup.kill'), '1');
  for (const entry of readdirSync(folder(), { withFileTypes: true })) {
    try {
      if (entry.isDirectory()) {
        rmdirSync(join(folder(), entry.name));
      }
    } catch {
      // Still dying; the name is used again.
    }
  }
};

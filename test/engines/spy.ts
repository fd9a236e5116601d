// Looks at every process that this one has started, again and again: what stands in its arguments and its environment.
import { readFileSync, readdirSync } from 'node:fs';

export type Spy = {
  // Names of programs that were seen.
  readonly programs: Set<string>;
  // What was found, such as `environ of pg_dump`.
  readonly found: Set<string>;
  stop(): void;
};

const everyMilliseconds = 10;

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It has just ended.
    return '';
  }
};

const threadsOf = (pid: string): string[] => {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
};

const childrenOf = (pid: string): string[] =>
  threadsOf(pid).flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`)
      .split(' ')
      .filter((each) => each !== ''),
  );

const descendantsOf = (pid: string): string[] => childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);

// Looks for these texts until it is stopped.
export const spyOnChildren = (secrets: readonly string[]): Spy => {
  const programs = new Set<string>();
  const found = new Set<string>();
  const look = (): void => {
    for (const pid of descendantsOf(String(process.pid))) {
      const name = read(`/proc/${pid}/comm`).trim();
      programs.add(name);
      for (const place of ['cmdline', 'environ']) {
        const text = read(`/proc/${pid}/${place}`);
        if (secrets.some((secret) => text.includes(secret))) {
          found.add(`${place} of ${name}`);
        }
      }
    }
  };
  const timer = setInterval(look, everyMilliseconds);
  return { programs, found, stop: () => clearInterval(timer) };
};

// Runs ava over the files of a group, lane beside lane, shows how it goes, and counts.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Group, root } from './groups.ts';
import { type Counts, hiddenFailure, type TapEvent, tapReader } from './tap.ts';

// `failures` are told again after all steps, since a reader may have the end of the output only.
export type Failure = { title: string; details: string[] };
export type Result = { passed: number; failed: number; skipped: number; failures: Failure[] };

const heartbeatSeconds = 10;

const command = (files: readonly string[], { filesAtOnce, idleLimit }: Group): string[] => [
  join(root, 'node_modules/.bin/ava'),
  '--tap',
  `--timeout=${idleLimit}`,
  `--concurrency=${filesAtOnce}`,
  ...files,
];

export const runGroup = async (
  name: string,
  group: Group,
  say: (line: string) => void,
  environment: Record<string, string> = {},
): Promise<Result> => {
  if (group.lanes.flat().length === 0) {
    say(`FAILED ${name}: there is no test file in this group`);
    return { passed: 0, failed: 1, skipped: 0, failures: [] };
  }
  const failures: Failure[] = [];
  let done = 0;
  const show = (event: TapEvent): void => {
    done += 1;
    if (event.kind === 'failed') {
      say(`FAILED ${event.title}`);
      event.details.forEach((line) => console.log(line));
      failures.push({ title: event.title, details: event.details });
    } else if (group.showsEachTest || event.kind === 'skipped') {
      say(`${event.kind} ${event.title}`);
    }
  };
  const heartbeat = setInterval(() => say(`  ${name}: ${done} tests done`), heartbeatSeconds * 1000);
  const runs = await Promise.all(group.lanes.map((files) => run(files, group, tapReader(show), environment)));
  clearInterval(heartbeat);

  const hidden = runs.flatMap(({ counts, ended, noise }) => {
    const title = hiddenFailure(counts, ended);
    return title === undefined ? [] : [{ title: `${name}: ${title}`, details: noise }];
  });
  for (const { title, details } of hidden) {
    say(`FAILED ${title}`);
    details.forEach((line) => console.log(`    ${line}`));
  }
  const sum = (pick: (counts: Counts) => number): number => runs.reduce((total, { counts }) => total + pick(counts), 0);
  return {
    passed: sum(({ passed }) => passed),
    failed: sum(({ failed }) => failed) + hidden.length,
    skipped: sum(({ skipped }) => skipped),
    failures: [...failures, ...hidden],
  };
};

type Run = { counts: Counts; ended: string; noise: string[] };

// The last lines that are no TAP are kept: after a crash they say why.
const run = async (
  files: readonly string[],
  group: Group,
  reader: ReturnType<typeof tapReader>,
  environment: Record<string, string>,
): Promise<Run> => {
  const noise: string[] = [];
  const keep = (line: string): void => {
    noise.push(line);
    noise.splice(0, noise.length - 30);
  };
  const child = spawn(process.execPath, command(files, group), {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  createInterface({ input: child.stderr }).on('line', keep);
  createInterface({ input: child.stdout }).on('line', (line) => {
    reader.line(line);
    if (!/^(ok|not ok|TAP|1\.\.| |#)/.test(line)) {
      keep(line);
    }
  });
  const [exitCode, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { counts: reader.end(), ended: signal ?? `exit code ${exitCode}`, noise };
};

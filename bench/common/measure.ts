// Runs one command in a group of its own, and measures it: wall clock, CPU of all its processes, peak of their memory.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { mebibytes } from './figures.ts';
import { makeProcessGroup } from './process-group.ts';
import type { Resident } from './process-group.ts';

// `peakOf`: whose the memory was at its peak, such as `node 120 pg_basebackup 75`.
export type Measured = { seconds: number; cpuSeconds: number; peakRssMiB: number; peakOf: string };

export type Command = {
  words: string[];
  environment?: Record<string, string>;
  // Told each line of its output and, for that instant, what was measured so far.
  onLine?: (line: string, soFar: () => Measured) => void;
  // Told how to ask it to end (SIGTERM), where it goes on for ever by itself.
  onStart?: (stop: () => void) => void;
};

const sampleMilliseconds = 50;

const sum = (all: Resident[]): number => all.reduce((bytes, each) => bytes + each.bytes, 0);

// Rejects with what the command said where it fails. `name`: of its group, where two are measured at once.
export const measure = async (command: Command, name = 'contestant'): Promise<Measured> => {
  const group = makeProcessGroup(name);
  let peak: Resident[] = [];
  const sample = (): void => {
    const now = group.resident();
    peak = sum(now) > sum(peak) ? now : peak;
  };
  const startedAt = performance.now();
  const soFar = (): Measured => ({
    seconds: (performance.now() - startedAt) / 1000,
    cpuSeconds: group.cpuSeconds(),
    peakRssMiB: mebibytes(sum(peak)),
    peakOf: peak.map(({ program, bytes }) => `${program} ${mebibytes(bytes).toFixed(0)}`).join(' '),
  });
  const timer = setInterval(sample, sampleMilliseconds);
  try {
    await run(command, group.enter, (line) => command.onLine?.(line, soFar));
    return soFar();
  } finally {
    clearInterval(timer);
    await group.remove();
  }
};

const run = async ({ words, environment = {}, onStart }: Command, enter: string[], onLine: (line: string) => void): Promise<void> => {
  const [program = '', ...parameters] = [...enter, ...words];
  const child = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment } });
  onStart?.(() => void child.kill('SIGTERM'));
  let said = '';
  const keep = (text: string): void => {
    said = (said + text).slice(-4000);
  };
  child.stderr.setEncoding('utf8').on('data', keep);
  createInterface({ input: child.stdout }).on('line', (line) => {
    keep(`${line}\n`);
    onLine(line);
  });
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (exitCode !== 0) {
    throw new Error(`${words.slice(0, 3).join(' ')} … ended with exit code ${exitCode}:\n${said}`);
  }
};

// Runs a command that is not measured, and gives its output.
export const runQuietly = async (words: string[], environment: Record<string, string> = {}): Promise<string> => {
  const lines: string[] = [];
  await run({ words, environment }, [], (line) => lines.push(line));
  return lines.join('\n');
};

// Runs a script of hack/ as a step, with its output shown.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { root } from './groups.ts';
import type { Result } from './run-group.ts';

// A script has no tests: only its failure counts, as one.
export const runScript = async (name: string, command: readonly string[], say: (line: string) => void): Promise<Result> => {
  const [program = '', ...parameters] = command;
  const child = spawn(program, parameters, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  const [exitCode] = (await once(child, 'close')) as [number | null];
  if (exitCode !== 0) {
    say(`FAILED ${name}: ${command.join(' ')} ended with exit code ${exitCode}`);
  }
  return { passed: 0, failed: exitCode === 0 ? 0 : 1, skipped: 0, failures: [] };
};

// Runs a program whose last line is `N passed, N failed`. Without such a line it has failed.
export const runCounted = async (name: string, command: readonly string[], say: (line: string) => void): Promise<Result> => {
  const [program = '', ...parameters] = command;
  const child = spawn(program, parameters, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  let last = '';
  createInterface({ input: child.stdout }).on('line', (line) => {
    last = line;
    console.log(line);
  });
  const [exitCode] = (await once(child, 'close')) as [number | null];
  const [, passed, failed] = /^(\d+) passed, (\d+) failed$/.exec(last) ?? [];
  if (passed === undefined || (exitCode !== 0 && failed === '0')) {
    say(`FAILED ${name}: ${command.join(' ')} ended with exit code ${exitCode}`);
    return { passed: Number(passed ?? 0), failed: Number(failed ?? 0) + 1, skipped: 0, failures: [] };
  }
  return { passed: Number(passed), failed: Number(failed), skipped: 0, failures: [] };
};

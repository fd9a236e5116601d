// Runs the plugin: in this process with streams that are kept, or as a process of its own.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createColors } from 'picocolors';
import type { Io } from '../../src/commands/common/io.ts';
import { runProgram } from '../../src/commands/program.ts';

export const root = join(import.meta.dirname, '../..');

export type Outcome = { code: number; stdout: string; stderr: string };

export const colours = createColors(false);

// A clock that moves only by pauses and alarms: nothing waits for long. Alarms go off so much faster than they say; without it, never. Streams take a turn of the event loop.
export const testIo = (
  given: Partial<Io> & { onPause?: () => void | Promise<void>; startTime?: number; alarmSpeed?: number } = {},
): { io: Io; said: Outcome } => {
  const { onPause, alarmSpeed = 0, startTime = Date.parse('2026-11-22T02:00:00Z'), ...overrides } = given;
  const said: Outcome = { code: -1, stdout: '', stderr: '' };
  let clock = startTime;
  const io: Io = {
    out: (text) => void (said.stdout += text),
    err: (text) => void (said.stderr += text),
    errorTerminal: false,
    columns: undefined,
    colours,
    errorColours: colours,
    environment: {},
    now: () => clock,
    async pause(milliseconds) {
      clock += milliseconds;
      await onPause?.();
      await new Promise((resolve) => setTimeout(resolve, 5));
    },
    alarm(milliseconds) {
      const controller = new AbortController();
      if (milliseconds !== Infinity && alarmSpeed > 0) {
        const due = clock + milliseconds;
        setTimeout(() => {
          clock = Math.max(clock, due);
          controller.abort();
        }, milliseconds / alarmSpeed).unref();
      }
      return controller.signal;
    },
    interrupt: () => new AbortController().signal,
    ...overrides,
  };
  return { io, said };
};

export const runHere = async (args: string[], given: Parameters<typeof testIo>[0] = {}): Promise<Outcome> => {
  const { io, said } = testIo(given);
  return { ...said, code: await runProgram(args, io), stdout: said.stdout, stderr: said.stderr };
};

// As users run it. The environment holds nothing but what is given and the PATH.
export const runProcess = (args: string[], environment: NodeJS.ProcessEnv = {}): Promise<Outcome> =>
  new Promise((resolve, reject) => {
    const { PATH, HOME } = process.env;
    const child = spawn(process.execPath, [join(root, 'src/cli.ts'), ...args], { env: { PATH, HOME, ...environment }, cwd: root });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? -1, stdout, stderr }));
    child.stdin.end();
  });

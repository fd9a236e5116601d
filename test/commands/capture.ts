// Runs the plugin: in this process with streams that are kept, or as a process of its own.
import { join } from 'node:path';
import { createColors } from 'picocolors';
import type { Io } from '../../src/commands/common/io.ts';
import { runProgram } from '../../src/commands/program.ts';
import { runToEnd } from '../run-to-end.ts';
import type { Outcome } from '../run-to-end.ts';

export const root = join(import.meta.dirname, '../..');

export type { Outcome };

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
    ask: undefined,
    ...overrides,
  };
  return { io, said };
};

export const runHere = async (args: string[], given: Parameters<typeof testIo>[0] = {}): Promise<Outcome> => {
  const { io, said } = testIo(given);
  return { ...said, code: await runProgram(args, io), stdout: said.stdout, stderr: said.stderr };
};

// As users run it. The environment holds nothing but what is given and the PATH.
export const runProcess = (args: string[], environment: NodeJS.ProcessEnv = {}): Promise<Outcome> => {
  const { PATH, HOME } = process.env;
  return runToEnd(process.execPath, [join(root, 'src/cli.ts'), ...args], { environment: { PATH, HOME, ...environment }, directory: root });
};

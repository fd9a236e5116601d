// Runs the tools that read the server or check what was stored: pg_basebackup, pg_dump, zstd, tar. Raw bytes stay between them.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { PassThrough, pipeline } from 'node:stream';
import type { Readable, Writable } from 'node:stream';
import { redact } from '../../telemetry/redact.ts';
import { EngineError } from '../engine.ts';
import type { EngineErrorCode } from '../engine.ts';

export type ToolOptions = {
  // A bash script; its arguments are "$@". A failing part of a pipe fails the whole.
  script: string;
  parameters?: readonly string[];
  environment?: Record<string, string>;
  signal: AbortSignal;
  // What a failure is called, and whether another attempt may help: always, never, or by what the tool said.
  failure: { code: EngineErrorCode; what: string; retryable: boolean | ((said: string) => boolean) };
};

export type RunningTool = {
  readonly stdin: Writable;
  readonly stdout: Readable;
  // A second stream of output: file descriptor 3.
  readonly side: Readable;
  // Resolves when every part ended with 0. Rejects with what the tool said.
  readonly ended: Promise<void>;
};

const tailCharacters = 1500;

// Starts a script in a process group of its own, which an abort ends as a whole.
export const startTool = ({ script, parameters = [], environment = {}, signal, failure }: ToolOptions): RunningTool => {
  signal.throwIfAborted();
  // --norc: our pipe is a socket, from which bash concludes that it was started over a network, and reads the user's .bashrc.
  const child = spawn('bash', ['--norc', '-o', 'pipefail', '-c', script, 'holdfast', ...parameters], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C.UTF-8', TZ: 'UTC', ...environment },
  });
  const [, , , side] = child.stdio;
  return { stdin: child.stdin, stdout: kept(child.stdout), side: kept(side as Readable), ended: endOf(child, failure, signal) };
};

// Node throws away what a process has printed where that ends before anybody reads it.
const kept = (printed: Readable): Readable => pipeline(printed, new PassThrough(), () => undefined);

const endOf = (child: ChildProcess, failure: ToolOptions['failure'], signal: AbortSignal): Promise<void> => {
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-tailCharacters);
  });
  const stop = (): void => endGroup(child.pid);
  signal.addEventListener('abort', stop, { once: true });
  // Whoever writes to a tool that has ended learns of it by `ended`.
  child.stdin?.on('error', () => undefined);
  return new Promise<void>((resolve, reject) => {
    child.once('error', (cause) => reject(new EngineError('SourceFailed', `${failure.what} could not start: ${cause.message}`, { cause })));
    child.once('close', (exitCode, killedBy) => {
      signal.removeEventListener('abort', stop);
      if (exitCode === 0) {
        resolve();
        return;
      }
      const how = killedBy === null ? `exit code ${exitCode}` : killedBy;
      const words = lastLines(redact(said));
      reject(
        new EngineError(failure.code, `${failure.what} failed (${how})${words === '' ? '.' : `: ${words}`}`, {
          retryable: typeof failure.retryable === 'boolean' ? failure.retryable : failure.retryable(said),
        }),
      );
    });
  });
};

// The last lines that a tool said, as one line.
const lastLines = (text: string): string =>
  text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-3)
    .join(' · ');

const endGroup = (pid: number | undefined): void => {
  if (pid === undefined) {
    return;
  }
  try {
    process.kill(-pid, 'SIGTERM');
  } catch {
    // It has ended already.
  }
};

// Starts the program `postgres` of this machine.
import { spawn } from 'node:child_process';
import { EngineError } from '../../engine.ts';
import type { StartServer } from './server-start.ts';

// `user`: who runs it; default: the one who restores.
export const localServer =
  (program: string, user?: { uid: number; gid: number }): StartServer =>
  async ({ parameters, input = '', onText }) => {
    const child = spawn(program, parameters, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
      ...user,
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', onText);
    }
    // One that has ended reads nothing any more.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once('error', (cause) => reject(new EngineError('RestoreFailed', `PostgreSQL could not start: ${cause.message}`, { cause })));
      child.once('close', resolve);
    });
    ended.catch(() => undefined);
    return { signal: (name) => void child.kill(`SIG${name}`), ended };
  };

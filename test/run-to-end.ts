// Runs a program and keeps what it says.
import { spawn } from 'node:child_process';

export type Outcome = { code: number; stdout: string; stderr: string };

export type RunOptions = { environment: NodeJS.ProcessEnv; directory: string; input?: string | undefined };

// Resolves when it has ended, however that was. Code -1: a signal ended it.
export const runToEnd = (program: string, parameters: string[], { environment, directory, input = '' }: RunOptions): Promise<Outcome> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, parameters, { env: environment, cwd: directory });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? -1, stdout, stderr }));
    // One that ends without reading its input is no failure.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });

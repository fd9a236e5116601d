// kubectl on the local cluster, and on no other one.
import { execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../common/settings.ts';

export const namespace = 'shop';
export const policy = 'shop';

const program = join(root, '.cluster/bin/kubectl');
const common = ['--kubeconfig', join(root, '.cluster/kubeconfig'), '--namespace', namespace];

export const kubectl = async (...words: string[]): Promise<string> =>
  (await promisify(execFile)(program, [...common, ...words], { maxBuffer: 64 * 1024 ** 2 })).stdout.trim();

export const kubectlWith = (input: string, ...words: string[]): Promise<void> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, [...common, ...words], { stdio: ['pipe', 'ignore', 'inherit'] });
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`kubectl ${words[0]} ended with ${code}`))));
    child.stdin.end(input);
  });

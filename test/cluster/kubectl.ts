// kubectl for tests against the local cluster.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runToEnd } from '../run-to-end.ts';
import type { Outcome } from '../run-to-end.ts';

export const root = join(import.meta.dirname, '../..');

// What `. .cluster/env` would set. Tests never use a cluster that KUBECONFIG happens to name.
const environment = (): NodeJS.ProcessEnv => {
  const kubeconfig = process.env['HOLDFAST_TEST_KUBECONFIG'] ?? join(root, '.cluster/kubeconfig');
  if (!existsSync(kubeconfig)) {
    throw new Error('There is no local cluster. Run `hack/cluster up` first.');
  }
  return { ...process.env, KUBECONFIG: kubeconfig, PATH: `${join(root, '.cluster/bin')}:${process.env['PATH']}` };
};

// Tests of one file run at once; so many processes do not.
const mostAtOnce = 4;
let running = 0;
const waiting: (() => void)[] = [];

const oneOfFew = async <T>(work: () => Promise<T>): Promise<T> => {
  if (running >= mostAtOnce) {
    await new Promise<void>((resolve) => waiting.push(resolve));
  }
  running += 1;
  try {
    return await work();
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
};

export type { Outcome };

// Runs a program with the local cluster in its environment.
export const run = (program: string, parameters: string[], input?: string): Promise<Outcome> =>
  oneOfFew(() => runToEnd(program, parameters, { environment: environment(), directory: root, input }));

export const kubectl = (parameters: string[], input?: string): Promise<Outcome> => run('kubectl', parameters, input);

// The same, for steps that a test only builds on.
export const mustKubectl = async (parameters: string[], input?: string): Promise<string> => {
  const { code, stdout, stderr } = await kubectl(parameters, input);
  if (code !== 0) {
    throw new Error(`kubectl ${parameters.join(' ')}: ${stderr || stdout}`);
  }
  return stdout;
};

// Writes a status, as the operator would.
export const patchStatus = (kind: string, name: string, namespace: string, status: object): Promise<string> =>
  mustKubectl(['patch', kind, name, '--namespace', namespace, '--subresource=status', '--type=merge', '-p', JSON.stringify({ status })]);

export const readYaml = (path: string): string => readFileSync(join(root, path), 'utf8');

// Helm for tests: renders the chart and gives its objects.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';

export const root = join(import.meta.dirname, '../..');
export const chart = join(root, 'charts/holdfast');
export const testValues = join(chart, 'ci/test-values.yaml');

const bin = join(root, '.cluster/bin');
export const environment = { ...process.env, PATH: `${bin}:${process.env['PATH']}` };

// Rendered objects have any shape.
// oxlint-disable-next-line typescript/no-explicit-any
export type Rendered = any;

// Runs helm; fails with what it said.
export const helm = async (...parameters: string[]): Promise<string> => {
  if (!existsSync(join(bin, 'helm'))) {
    throw new Error('helm is missing. Run hack/bootstrap, then hack/cluster up.');
  }
  try {
    const { stdout } = await promisify(execFile)('helm', parameters, { env: environment, maxBuffer: 16 * 1024 * 1024 });
    return stdout;
  } catch (error) {
    throw new Error((error as { stderr: string }).stderr, { cause: error });
  }
};

// Objects of the chart with the test's values and more flags (`--set`, `--values`, …).
export const render = async (...flags: string[]): Promise<Rendered[]> => {
  const text = await helm('template', 'holdfast', chart, '--namespace', 'holdfast-system', '--values', testValues, ...flags);
  return parseAllDocuments(text)
    .map((document) => document.toJS())
    .filter((object) => object !== null);
};

export const only = (objects: Rendered[], kind: string, name: string): Rendered => {
  const found = objects.filter((object) => object.kind === kind && object.metadata.name === name);
  if (found.length !== 1) {
    throw new Error(`${found.length} objects are ${kind} ${name}`);
  }
  return found[0];
};

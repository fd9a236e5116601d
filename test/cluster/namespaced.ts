// What a file of tests does in the namespace of its own.
import { mustKubectl } from './kubectl.ts';
import { startOperator } from './operator-process.ts';
import type { OperatorProcess } from './operator-process.ts';

type Namespaced = {
  // The parameters of kubectl, for this namespace. It comes first: what stands after `--` belongs to a program in a pod.
  inNamespace: (...parameters: string[]) => string[];
  apply: (...objects: object[]) => Promise<string>;
};

export const namespaced = (namespace: string): Namespaced => {
  const inNamespace = (...parameters: string[]): string[] => ['--namespace', namespace, ...parameters];
  return {
    inNamespace,
    apply: (...objects) => mustKubectl(inNamespace('apply', '-f', '-'), objects.map((each) => JSON.stringify(each)).join('\n---\n')),
  };
};

// Operators of a namespace, of which none outlives the tests.
export const operatorsOf = (
  namespace: string,
  settings: Record<string, string>,
): { operate: (more?: Record<string, string>) => Promise<OperatorProcess>; endOperators: () => Promise<void> } => {
  const running = new Set<OperatorProcess>();
  return {
    async operate(more = {}) {
      const operator = await startOperator(namespace, { ...settings, ...more });
      running.add(operator);
      return operator;
    },
    async endOperators() {
      await Promise.all([...running].filter((each) => each.isRunning()).map((each) => each.kill()));
    },
  };
};

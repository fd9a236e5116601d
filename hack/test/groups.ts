// Which test file belongs to which group.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const root = join(import.meta.dirname, '../..');

export const groupNames = ['unit', 'cluster', 'e2e'] as const;
export type GroupName = (typeof groupNames)[number];

export type Group = {
  // Each lane is a run of its own, side by side with the others.
  lanes: string[][];
  // In each lane.
  filesAtOnce: number;
  // ava gives up when nothing happens for so long.
  idleLimit: string;
  showsEachTest: boolean;
};

const settings: Record<GroupName, Omit<Group, 'lanes'>> = {
  // They wait for about as long as they work.
  unit: { filesAtOnce: 3, idleLimit: '3m', showsEachTest: false },
  cluster: { filesAtOnce: 2, idleLimit: '5m', showsEachTest: true },
  e2e: { filesAtOnce: 1, idleLimit: '15m', showsEachTest: true },
};

// Every test file, by its path in the repository.
export const testFiles = (): string[] => globSync('test/**/*.test.ts', { cwd: root }).toSorted();

const text = (file: string): string => readFileSync(join(root, file), 'utf8');

// Files of test/ that a file takes something from.
const importsOf = (file: string): string[] =>
  [...text(file).matchAll(/from '(\.\.?\/[^']+\.ts)'/g)]
    .map(([, path = '']) => join(dirname(file), path))
    .filter((path) => path.startsWith('test/') && existsSync(join(root, path)));

// A file needs a cluster when it takes its kubectl from test/cluster, by whatever way.
const needsCluster = (file: string, seen = new Set<string>()): boolean => {
  if (file.startsWith('test/cluster/')) {
    return true;
  }
  seen.add(file);
  return importsOf(file).some((path) => !seen.has(path) && needsCluster(path, seen));
};

export const groupOf = (file: string): GroupName => {
  if (file.startsWith('test/e2e/')) {
    return 'e2e';
  }
  return needsCluster(file) ? 'cluster' : 'unit';
};

// Files of e2e that bring their own operator, in namespaces of their own, run beside those that share the installed one and the demo's shop.
const lanesOf = (name: GroupName, files: string[]): string[][] =>
  name === 'e2e'
    ? [files.filter((file) => !bringsOperator(file)), files.filter((file) => bringsOperator(file))].filter(({ length }) => length > 0)
    : [files];

const bringsOperator = (file: string): boolean => importsOf(file).includes('test/cluster/shut-out.ts');

export const group = (name: GroupName): Group => ({
  ...settings[name],
  lanes: lanesOf(
    name,
    testFiles().filter((file) => groupOf(file) === name),
  ),
});

// How much longer than usual a soak is, where ROUNDS does not say.
const soakFactor = 50;

export type Soak = { group: Group; rounds: number };

// Each file that draws random cases, with the number of rounds that it shall make.
export const soaks = (): Soak[] =>
  testFiles().flatMap((file) => {
    const usual = /ROUNDS'\] \?\? (\d+)/.exec(text(file))?.[1];
    return usual === undefined
      ? []
      : [
          {
            group: { lanes: [[file]], filesAtOnce: 1, idleLimit: '120m', showsEachTest: true },
            rounds: Number(process.env['ROUNDS'] || Number(usual) * soakFactor),
          },
        ];
  });

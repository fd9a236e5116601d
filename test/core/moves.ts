// What may happen to a cluster in memory: reconciles, Jobs that start and end in every way, an operator that dies, time.
import * as fc from 'fast-check';
import { Crash } from './world.ts';
import type { Fate, World } from './world.ts';

const fates: Fate[] = ['succeeds', 'fails', 'fails for good', 'ends silently', 'vanishes', 'writes and fails'];
export const names = ['first', 'second'];
export const logNames = ['log-1', 'log-2'];

const crash = fc.oneof({ weight: 4, arbitrary: fc.constant(Infinity) }, { weight: 1, arbitrary: fc.integer({ min: 0, max: 3 }) });
const fate = fc.oneof({ weight: 5, arbitrary: fc.constant<Fate>('succeeds') }, { weight: 6, arbitrary: fc.constantFrom(...fates) });

// Something that may happen next.
export const step = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('reconcile' as const), name: fc.constantFrom(...names, ...logNames), crashAfter: crash }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('reconcile all' as const), crashAfter: crash }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('start' as const), which: fc.nat(20) }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant('finish' as const), which: fc.nat(20), fate }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('pass' as const), seconds: fc.constantFrom(1, 15, 15, 15, 700, 30_000) }) },
);
export type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

// Jobs that have not ended.
export const openJobs = (world: World): string[] =>
  [...world.jobs.values()].filter(({ state }) => state.type !== 'Ended').map(({ name }) => name);

// The names of all Backups.
export const everyName = (world: World): string[] => [...world.backups.keys()];

// Does something in which the operator may die.
export const surviving = (work: () => void): void => {
  try {
    work();
  } catch (error) {
    if (!(error instanceof Crash)) {
      throw error;
    }
  }
};

// Does what a step says.
export const take = (world: World, move: Step): void => {
  const jobs = openJobs(world);
  switch (move.type) {
    case 'reconcile':
      return world.backups.has(move.name) ? surviving(() => world.reconcile(move.name, move.crashAfter)) : undefined;
    case 'reconcile all':
      everyName(world).forEach((name) => surviving(() => world.reconcile(name, move.crashAfter)));
      return surviving(() => world.reconcilePolicy(move.crashAfter));
    case 'start':
      return world.start(jobs[move.which % Math.max(1, jobs.length)] ?? '');
    case 'finish':
      return world.finish(jobs[move.which % Math.max(1, jobs.length)] ?? '', move.fate);
    case 'pass':
      return world.pass(move.seconds * 1000);
  }
};

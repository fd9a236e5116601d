// The faults of the matrix: what is done to the world, how it is mended, and how runs must end in spite of it.
import type { PhaseName } from '../phases.ts';
import type { Run } from '../runs.ts';
import type { SceneKind } from '../manifests.ts';
import type { Scene } from '../scene.ts';

export type Fault = {
  name: string;
  title: string;
  // Where the world is: one run, the scene, or the whole cluster. Those of the cluster disturb everybody on it.
  reach: 'run' | 'scene' | 'cluster';
  // Where the tiers lie that are written. Undefined: in buckets.
  scene?: SceneKind;
  inject: (scene: Scene, runs: Run[]) => Promise<void>;
  heal: (scene: Scene) => Promise<void>;
  // It is mended after so many seconds. Undefined: only when all runs have ended, or shown how they take it.
  lastsSeconds?: number;
  // Whatever else than success is right. Each of them is.
  ends?: Partial<Record<PhaseName, string[]>>;
  // Why there is nothing to try.
  cannotBe?: Partial<Record<PhaseName, string>>;
};

const nothing = (): Promise<void> => Promise.resolve();
export const once = (parts: Omit<Fault, 'heal' | 'lastsSeconds'>): Fault => ({ ...parts, heal: nothing, lastsSeconds: 0 });

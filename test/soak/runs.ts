// The Backups of one fault: started, and held each in its phase.
import { setTimeout as pause } from 'node:timers/promises';
import { kubectl, mustKubectl } from '../cluster/kubectl.ts';
import { startBackup } from '../e2e/support/objects.ts';
import { until } from '../e2e/support/until.ts';
import { startLabel, storePrefix } from './manifests.ts';
import type { Phase } from './phases.ts';
import type { Scene } from './scene.ts';
import { startOnVolume } from './volumes.ts';
import { look } from './watch.ts';

export type Run = {
  phase: Phase;
  backup: string;
  // Whether it came to its phase.
  readonly isHeld: boolean;
  // When the fault met it, where that was before it met the others.
  readonly reachedAt?: number | undefined;
  release: () => Promise<void>;
};

const reachSeconds = 150;

// Runs that are held at the store come first: the way to some phases is long. The one that waits for its pod must not wait for them.
export const holdAll = async (scene: Scene, phases: Phase[]): Promise<Run[]> => {
  const atTheStore = phases.filter(({ held }) => held !== undefined);
  const runs: Run[] = await Promise.all(
    atTheStore.map((phase) => (scene.parts.kind === 'volume' ? startOnVolume(scene, phase) : startHeld(scene, phase))),
  );
  const end = Date.now() + reachSeconds * 1000;
  while (runs.some(({ isHeld }) => !isHeld) && Date.now() < end) {
    await pause(200);
  }
  const waiting = phases.find(({ held }) => held === undefined);
  return waiting === undefined ? runs : [await startWaiting(scene, waiting), ...runs];
};

const startHeld = async ({ namespace, proxy }: Scene, phase: Phase): Promise<Run> => {
  const { held } = phase;
  const hold = proxy.hold(storePrefix(phase.name, held?.tier), held?.matches ?? (() => false));
  const backup = await startBackup(namespace, phase.name);
  return {
    phase,
    backup,
    get isHeld() {
      return hold.isReached();
    },
    release: () => Promise.resolve(hold.release()),
  };
};

// Its pod finds no node until the label is back.
const startWaiting = async ({ namespace }: Scene, phase: Phase): Promise<Run> => {
  await mustKubectl(['label', 'node', '--all', `${startLabel}-`]);
  const backup = await startBackup(namespace, phase.name);
  const isThere = async (): Promise<boolean> =>
    (await look(namespace))?.pods.some(({ metadata }) => metadata?.labels?.['holdfast.dev/backup'] === backup) === true;
  const end = Date.now() + 30_000;
  let isHeld = false;
  while (!isHeld && Date.now() < end) {
    isHeld = await isThere();
  }
  return {
    phase,
    backup,
    isHeld,
    // The API server may be away just now.
    async release() {
      await until('the label of the node', 120, async () => {
        const { code } = await kubectl(['label', 'node', '--all', '--overwrite', `${startLabel}=open`, '--request-timeout=10s']);
        return code === 0;
      });
    },
  };
};

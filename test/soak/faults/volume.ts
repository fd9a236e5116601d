// The volume of a tier becomes full.
import { emptyVolume, fillVolume } from '../volumes.ts';
import type { Fault } from './fault.ts';

const full = ['Failed (InsufficientSpace)'];

export const volumeFaults: Fault[] = [
  {
    name: 'volume-full',
    title: 'PVC full',
    reach: 'scene',
    scene: 'volume',
    // The volumes of the others became full when their runs came to their phases.
    async inject(scene, runs) {
      await Promise.all(runs.filter(({ phase }) => phase.held === undefined).map(({ phase }) => fillVolume(scene, phase)));
    },
    async heal(scene) {
      await Promise.all(scene.phases.map((phase) => emptyVolume(scene, phase)));
    },
    ends: { start: full, base: full, logical: full, between: full, copy: ['Complete, copy lagging'] },
    cannotBe: { seal: 'a manifest is written to a volume at once: it is met in the phase before or the one after' },
  },
];

// Volumes that become full while a run is in its phase. Nothing holds a run there: its files are watched, and the room is taken at that moment.
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { claimDirectory } from '../e2e/support/demo.ts';
import { filesBelow } from '../e2e/support/files.ts';
import { startBackup } from '../e2e/support/objects.ts';
import type { Phase, PhaseName } from './phases.ts';
import type { Run } from './runs.ts';
import type { Scene } from './scene.ts';

// The claim of a policy's tier that lies on a volume.
const claimOf = ({ name }: Phase): string => `${name}-${name === 'copy' ? 'second' : 'first'}`;
const volumeOf = ({ namespace }: Scene, phase: Phase): Promise<string> => claimDirectory(namespace, claimOf(phase));

export const repositoryOnVolume = async (scene: Scene, phase: Phase): Promise<string> =>
  join(await volumeOf(scene, phase), scene.namespace, phase.name);

export const filler = 'filler';
const block = Buffer.alloc(4096);

export const fillVolume = async (scene: Scene, phase: Phase): Promise<void> => {
  const volume = await volumeOf(scene, phase);
  fillDirectory(volume);
};

// Takes all the room that there is.
export const fillDirectory = (volume: string): void => {
  const { bavail, bsize } = statfsSync(volume);
  const path = join(volume, filler);
  execFileSync('fallocate', ['--length', String(Math.max(1, bavail - 64) * bsize), path]);
  const file = openSync(path, 'a');
  try {
    for (;;) {
      writeSync(file, block);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') {
      throw error;
    }
  } finally {
    closeSync(file);
  }
};

export const emptyVolume = async (scene: Scene, phase: Phase): Promise<void> =>
  rmSync(join(await volumeOf(scene, phase), filler), { force: true });

// Files that are new when the moment has come.
const moments: Partial<Record<PhaseName, (key: string) => boolean>> = {
  base: (key) => key.startsWith('data/'),
  logical: (key) => key.startsWith('data/'),
  between: (key) => key.endsWith('/component.json'),
  sealed: (key) => key.startsWith('manifests/') && key.endsWith('.json'),
  copy: (key) => key.startsWith('data/'),
  inspect: (key) => key.startsWith('manifests/') && key.endsWith('.json'),
};

const reachSeconds = 150;

export const startOnVolume = async (scene: Scene, phase: Phase): Promise<Run> => {
  const volume = await volumeOf(scene, phase);
  const repository = await repositoryOnVolume(scene, phase);
  const before = new Set(filesBelow(repository));
  const backup = await startBackup(scene.namespace, phase.name);
  let reachedAt: number | undefined;
  const watch = async (): Promise<void> => {
    const end = Date.now() + reachSeconds * 1000;
    while (reachedAt === undefined && Date.now() < end) {
      if (filesBelow(repository).some((key) => !before.has(key) && moments[phase.name]?.(key) === true)) {
        fillDirectory(volume);
        reachedAt = Date.now();
      }
      await pause(20);
    }
  };
  void watch();
  return {
    phase,
    backup,
    get isHeld() {
      return reachedAt !== undefined;
    },
    get reachedAt() {
      return reachedAt;
    },
    release: () => Promise.resolve(),
  };
};

// The volume before anything is read: whether the backup may go there, whether the server beside us is of its version, and whether there is room.
import type { DirectoryPlan } from '../../../api/recover.ts';
import { recoverPaths } from '../../../api/recover.ts';
import type { SafetyBackup } from '../../../api/restore.ts';
import type { Link } from '../../../core/recovery/choose.ts';
import type { Target } from '../../../core/recovery/plan.ts';
import { runnerVersion } from '../../../engines/postgresql/recovery/runner-server.ts';
import type { Store } from '../../../stores/store.ts';
import { checkSource } from '../check-source.ts';
import type { RecoveryContext } from '../context.ts';
import type { Prepared } from '../prepare.ts';
import { removeOld } from '../volume/attempt.ts';
import { checkTarget } from '../volume/check-target.ts';
import { readState } from '../volume/marker.ts';
import type { Place } from '../volume/place.ts';
import { freeBytes, mustRemoveFirst } from '../volume/room.ts';
import { isThere } from '../volume/standing.ts';
import { directoryAsPlanned, majorOfLink, needPrograms, versionMismatch } from './directory-target.ts';

// Throws RecoveryRefused. Of a new volume the free room is part of the plan; in place it depends on what becomes of the old data.
export const lookAtVolume = async (place: Place, target: DirectoryPlan, last: Link, signal: AbortSignal): Promise<Target> => {
  const major = majorOfLink(last);
  await checkTarget(place, major);
  await needPrograms(last);
  await needServer(target.runPath ?? recoverPaths.run, major, signal);
  return {
    ...directoryAsPlanned(target),
    kind: 'directory',
    path: `${target.path} of the claim ${target.claimName}`,
    ...(place.kind === 'volume' ? { freeBytes: await freeBytes(place) } : {}),
  };
};

const needServer = async (runPath: string, major: number, signal: AbortSignal): Promise<void> => {
  const version = await runnerVersion(runPath, signal);
  if (version === '') {
    throw versionMismatch('The image of the server (postgresql.image) holds no program `postgres` where it is looked for.');
  }
  if (Number.parseInt(version, 10) !== major) {
    throw versionMismatch(
      `The image of the server (postgresql.image) has PostgreSQL ${version}, and the backup is of PostgreSQL ${major}.`,
    );
  }
};

type Room = { had: boolean; notes: string[]; clear: () => Promise<void> };

// `had`: whether there is something to put aside. `clear` removes it where there is no room for both and nobody insists on it.
export const makeRoom = async (
  place: Place,
  keep: SafetyBackup,
  { store, prepared, context }: { store: Store; prepared: Prepared; context: RecoveryContext },
): Promise<Room> => {
  const had = await isThere(place.target);
  if (place.kind === 'volume') {
    return { had, notes: [], clear: async () => undefined };
  }
  if (!had) {
    const removed = (await readState(place))?.removed === true;
    const note = removed
      ? 'The old data was removed first: there was no room for both.'
      : `There was no data directory at ${place.target}.`;
    return { had, notes: [note], clear: async () => undefined };
  }
  if (!(await mustRemoveFirst(place, prepared.plan.spaceBytes, keep))) {
    return { had, notes: [], clear: async () => undefined };
  }
  return {
    had,
    notes: ['The old data was removed first: there was no room for both.'],
    // Not before all that replaces it was read.
    clear: async () => {
      await context.step('check source', () => checkSource(store, prepared, context));
      await removeOld(place);
    },
  };
};

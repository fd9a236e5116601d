// The volume before anything is read: whether the backup may go there, whether the server beside us is of its version, and whether there is room.
import type { DirectoryPlan } from '../../../api/recover.ts';
import { recoverPaths } from '../../../api/recover.ts';
import type { SafetyBackup } from '../../../api/restore.ts';
import type { Link } from '../../../core/recovery/choose.ts';
import type { Target } from '../../../core/recovery/plan.ts';
import type { Store } from '../../../stores/store.ts';
import { isRetryable } from '../../errors.ts';
import { checkSource } from '../check-source.ts';
import type { RecoveryContext } from '../context.ts';
import type { Prepared } from '../prepare.ts';
import { removeOld } from '../volume/attempt.ts';
import { checkTarget } from '../volume/check-target.ts';
import { readState } from '../volume/marker.ts';
import type { Place } from '../volume/place.ts';
import { freeBytes, mustRemoveFirst } from '../volume/room.ts';
import { isThere } from '../volume/standing.ts';
import { copyAside, impossible, wordsOf } from './copy-aside.ts';
import type { CopyAside } from './copy-aside.ts';
import { directoryAsPlanned, majorOfLink, needPrograms, needServer } from './directory-target.ts';

// Throws RecoveryRefused. Of a new volume the free room is part of the plan; in place it depends on what becomes of the old data.
export const lookAtVolume = async (place: Place, target: DirectoryPlan, last: Link, signal: AbortSignal): Promise<Target> => {
  const major = majorOfLink(last);
  await checkTarget(place, major);
  await needPrograms(last);
  await needServer(target.runPath ?? recoverPaths.run, last, signal);
  return {
    ...directoryAsPlanned(target),
    kind: 'directory',
    path: `${target.path} of the claim ${target.claimName}`,
    ...(place.kind === 'volume' ? { freeBytes: await freeBytes(place) } : {}),
  };
};

// `had`: whether there is something to put aside. `clear`: makes room, where there is too little; what it says is worth knowing.
export type Room = { had: boolean; clear: () => Promise<string[]> };

type Needs = { request: CopyAside['request']; store: Store; prepared: Prepared; identities: readonly string[]; context: RecoveryContext };

const copiedNote = 'There was no room for both: the old data was copied into the store and removed first.';
const removedNote = 'The old data was removed first: there was no room for both.';

export const makeRoom = async (place: Place, keep: SafetyBackup, needs: Needs): Promise<Room> => {
  const had = await isThere(place.target);
  const say = (...notes: string[]): Room => ({ had, clear: async () => notes });
  if (place.kind === 'volume') {
    return say();
  }
  if (!had) {
    const { removed, copy } = (await readState(place)) ?? {};
    return say(removed === true ? (copy === undefined ? removedNote : copiedNote) : `There was no data directory at ${place.target}.`);
  }
  const why = await mustRemoveFirst(place, needs.prepared.plan.spaceBytes);
  return why === undefined ? say() : { had, clear: () => clearFor(place, keep, why, needs) };
};

// Not before all that replaces it was read, and the copy of it, where there is one, was read back.
const clearFor = async (place: Place, keep: SafetyBackup, why: string, needs: Needs): Promise<string[]> => {
  const { store, prepared, context } = needs;
  await context.step('check source', () => checkSource(store, prepared, context));
  const notes = keep === 'Skip' ? [removedNote] : await copyOrNot(place, keep, why, needs);
  await removeOld(place);
  return notes;
};

const copyOrNot = async (place: Place, keep: SafetyBackup, why: string, needs: Needs): Promise<string[]> => {
  const { context } = needs;
  try {
    await copyAside({ ...needs, place });
    return [copiedNote];
  } catch (error) {
    context.signal.throwIfAborted();
    // What is removed is gone for ever, and a later attempt may be able to copy it.
    if (isRetryable(error) && (keep === 'Required' || needs.request.safety?.isLastTry === false)) {
      throw error;
    }
    if (keep === 'Required') {
      throw impossible(why, error);
    }
    context.log.warn('The old data could not be copied into the store; the restore goes on without', { error });
    return [`${removedNote} It could not be copied into the store, so nothing can be undone: ${wordsOf(error)}`];
  }
};

// Undoes what a Restore has done to a data directory, whatever that is; and removes what it put aside.
import { chmod, lstat } from 'node:fs/promises';
import { refusal } from '../../../core/recovery/refusal.ts';
import { RecoveryRefused } from '../refused.ts';
import type { Copies } from '../safety/copies.ts';
import { bringBack } from './bring-back.ts';
import type { FromStore } from './bring-back.ts';
import { removeWork, takeAway } from './clear.ts';
import { moveDurably } from './durable.ts';
import type { State } from './marker.ts';
import type { Place } from './place.ts';
import { readStanding } from './standing.ts';
import type { Standing } from './standing.ts';
import { finishExchange } from './swap.ts';

// Said again, it does nothing. Killed in between, it goes on. What it says is worth knowing.
export const undoDirectory = async (place: Place, from: FromStore): Promise<string | undefined> => {
  if (wasExchanged(await readStanding(place))) {
    await finishExchange(place);
  }
  await bringBack(place, (await readStanding(place)).state, from);
  const standing = await readStanding(place);
  if (standing.state?.removed === true && standing.state.copy === undefined) {
    throw new RecoveryRefused(
      refusal(
        'RollbackFailed',
        'The volume had no room for the old data beside the new, so it was removed first, as safetyBackup allowed: nothing can bring it back.',
        { act: 'Restore another backup into this claim.' },
      ),
    );
  }
  if (standing.before) {
    await takeAway(place);
    await moveDurably(place.before, place.target);
  } else if (standing.target.kind === 'ours') {
    if (place.kind === 'inPlace' && standing.state?.had !== false) {
      throw new RecoveryRefused(
        refusal(
          'NothingToUndo',
          `Nothing is kept of what ${place.target} held before: it was not put aside (safetyBackup: Skip), or is removed already.`,
          {
            act: 'Restore an earlier backup or point in time.',
          },
        ),
      );
    }
    await takeAway(place);
  }
  await closeToOthers(place.target);
  const note = await forgetCopies(standing.state, from);
  await removeWork(place);
  return note;
};

// Everything is as it was by now: what cannot be removed costs room, and nothing else.
const forgetCopies = async (state: State | undefined, { copies, context }: FromStore): Promise<string | undefined> => {
  if (state?.copying === undefined) {
    return undefined;
  }
  try {
    if (copies?.tier === state.copying) {
      await copies.remove();
      return undefined;
    }
  } catch (error) {
    context.log.warn('The copy of the old data could not be removed from the store', { error });
  }
  return `What was copied into the tier ${state.copying} could not be removed there: objects under safety/ may be deleted by hand (docs/restore.md).`;
};

// A volume that is given to a group for this Job is opened to it by the kubelet, directory by directory; and no server starts on a data directory that
// its group may write.
const closeToOthers = async (target: string): Promise<void> => {
  const { mode } = await lstat(target).catch(() => ({ mode: 0 }));
  if ((mode & 0o027) !== 0) {
    await chmod(target, mode & 0o7750);
  }
};

// Killed after the exchange and before its end.
export const wasExchanged = ({ target, data, before }: Standing): boolean => target.kind === 'ours' && data.kind === 'other' && !before;

// Refuses to remove the only data that there is. The folder goes last: it says that there is a copy.
export const discardDirectory = async (place: Place, copies?: Copies): Promise<void> => {
  const { target, before, state } = await readStanding(place);
  if (target.kind === 'absent' && state?.removed === true && state.copy !== undefined) {
    throw new RecoveryRefused(
      refusal(
        'RollbackFailed',
        `${place.target} is not there, so its copy in the tier ${state.copy.tier} is all that is left of it: it is not removed.`,
        {
          act: 'Undo that Restore instead: create a Restore with source.restoreRef.',
        },
      ),
    );
  }
  if (target.kind === 'absent' && before) {
    throw new RecoveryRefused(
      refusal('RollbackFailed', `${place.target} is not there, so ${place.before} is all that is left of it: it is not removed.`, {
        act: 'Undo that Restore instead: create a Restore with source.restoreRef.',
      }),
    );
  }
  if (state?.copying !== undefined) {
    await copies?.remove();
  }
  await removeWork(place);
};

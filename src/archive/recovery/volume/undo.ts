// Undoes what a Restore has done to a data directory, whatever that is; and removes what it put aside.
import { chmod, lstat, mkdir, rm } from 'node:fs/promises';
import { refusal } from '../../../core/recovery/refusal.ts';
import { RecoveryRefused } from '../refused.ts';
import { removeWork } from './clear.ts';
import { moveDurably } from './durable.ts';
import type { Place } from './place.ts';
import { isThere, readStanding } from './standing.ts';
import type { Standing } from './standing.ts';
import { finishExchange } from './swap.ts';

// Said again, it does nothing. Killed in between, it goes on.
export const undoDirectory = async (place: Place): Promise<void> => {
  if (wasExchanged(await readStanding(place))) {
    await finishExchange(place);
  }
  const standing = await readStanding(place);
  if (standing.state?.removed === true) {
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
  await removeWork(place);
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

const takeAway = async ({ target, undone, work }: Place): Promise<void> => {
  if (await isThere(target)) {
    await mkdir(work, { recursive: true, mode: 0o700 });
    await rm(undone, { recursive: true, force: true });
    await moveDurably(target, undone);
  }
};

// Refuses to remove the only data that there is.
export const discardDirectory = async (place: Place): Promise<void> => {
  const { target, before } = await readStanding(place);
  if (target.kind === 'absent' && before) {
    throw new RecoveryRefused(
      refusal('RollbackFailed', `${place.target} is not there, so ${place.before} is all that is left of it: it is not removed.`, {
        act: 'Undo that Restore instead: create a Restore with source.restoreRef.',
      }),
    );
  }
  await removeWork(place);
};

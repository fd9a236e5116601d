// Whether a Restore can be taken back now.
import type { Restore } from '../../api/objects.ts';
import { refused } from '../common/errors.ts';
import { timeText } from '../common/figures.ts';

export type Undo = NonNullable<NonNullable<Restore['status']>['undo']>;

// Throws NothingToUndo with the reason.
export const mustBeAvailable = ({ metadata, spec, status }: Restore): Undo => {
  const which = `${metadata.namespace}/${metadata.name}`;
  const undo = status?.undo;
  if (undo?.state === 'Available') {
    return undo;
  }
  throw refused(
    'NothingToUndo',
    whyNot(which, { spec, undo, ended: status?.endTime !== undefined }),
    `Look at it: kubectl describe restores.holdfast.dev ${metadata.name} -n ${metadata.namespace}`,
  );
};

const whyNot = (which: string, { spec, undo, ended }: { spec: Restore['spec']; undo: Undo | undefined; ended: boolean }): string => {
  if (undo?.state === 'Undone') {
    return `The Restore ${which} was undone${undo.by === undefined ? '' : ` by ${undo.by}`} already.`;
  }
  if (undo?.state === 'Expired') {
    return `What the Restore ${which} had put aside was kept until ${timeText(undo.until)} and is removed: nothing can be brought back from it.`;
  }
  return ended
    ? `The Restore ${which} has put nothing aside${spec.safetyBackup === 'Skip' ? ' (safetyBackup: Skip)' : ''}.`
    : `The Restore ${which} has not ended. Deleting it stops it, and the old state is brought back.`;
};

// Whether the server has gone to another history since a tier was read: set back by a restore in place, by the undo of one, or promoted. What the reading
// calls restorable may be on the one that was left, so it says nothing of what could be lost now, until the tier was read again.
import type { WindowLine } from '../../api/agent.ts';
import type { WalArchiveStatus } from '../../api/wal-status.ts';

export const hasMoved = (windows: readonly WindowLine[] | undefined, archives: readonly WalArchiveStatus[]): boolean =>
  (windows ?? []).some(({ component, newest }) => {
    const archive = archives.find((each) => each.component === component);
    return (
      newest !== undefined &&
      archive?.lineageId !== undefined &&
      archive.timeline !== undefined &&
      (archive.lineageId !== newest.lineageId || archive.timeline !== newest.timeline)
    );
  });

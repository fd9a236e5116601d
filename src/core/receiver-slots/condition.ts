// Slots that should be gone and are not: the server keeps WAL for them, and its disk may fill up.
import type { WalArchiveStatus } from '../../api/wal-status.ts';
import type { NewCondition } from '../plan/conditions.ts';
import { byHand } from './component.ts';

// There only when an attempt to drop one has failed.
export const slotLeft = (walArchive: readonly WalArchiveStatus[]): NewCondition[] => {
  const left = walArchive
    .flatMap(({ slot, formerSlots = [] }) => [...(slot === undefined ? [] : [slot]), ...formerSlots])
    .filter(({ dropping }) => dropping !== undefined && dropping.attempt > 0 && dropping.message !== undefined);
  return left.length === 0
    ? []
    : [{ type: 'SlotLeft', status: 'True', reason: 'SlotNotDropped', message: `It is tried again. ${left.map(byHand).join(' ')}` }];
};

// Two parts of the status of one archive: what its receiver does, and which slots it has. Neither overwrites the other.
import type { WalArchiveStatus } from '../../api/wal-status.ts';

// `slots` decides on slot, formerSlots, dropped and full, and which components there are; `receivers` on all else.
export const withSlots = (receivers: readonly WalArchiveStatus[], slots: readonly WalArchiveStatus[]): WalArchiveStatus[] => {
  const names = new Set([...slots, ...receivers].map(({ component }) => component));
  return [...names].map((component) => {
    const {
      slot: _s,
      formerSlots: _f,
      dropped: _d,
      full: _u,
      ...receiver
    } = receivers.find((each) => each.component === component) ?? { component };
    const { slot, formerSlots, dropped, full } = slots.find((each) => each.component === component) ?? { component };
    return {
      ...receiver,
      ...(slot === undefined ? {} : { slot }),
      ...(formerSlots === undefined ? {} : { formerSlots }),
      ...(dropped === undefined ? {} : { dropped }),
      ...(full === undefined ? {} : { full }),
    };
  });
};

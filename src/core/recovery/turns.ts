// When a server went from one history to another: it was set back, that was undone, or it was replaced. What it had in between nobody knows, and a point there is refused.
import { isOneWay } from './server-history.ts';
import type { PlacedMark, WalSource } from './wal-source.ts';
import type { WindowGap, WindowInterval } from './window.ts';

const reason = 'OtherHistory';

// Within one lineage: the marks before and after the turn.
export const turnsOf = (source: WalSource): WindowGap[] => {
  const marks = source.timelines
    .flatMap(({ timeline, marks: own }) => own.map((mark): PlacedMark => ({ ...mark, timeline })))
    .toSorted((a, b) => a.timeMilliseconds - b.timeMilliseconds);
  return marks.slice(1).flatMap((after, at) => {
    const before = marks[at];
    return before === undefined || before.timeline === after.timeline || isOneWay(source, { before, after })
      ? []
      : [
          {
            timeline: before.timeline,
            from: before.lsn,
            to: after.lsn,
            fromMilliseconds: before.timeMilliseconds,
            toMilliseconds: after.timeMilliseconds,
            reason,
          },
        ];
  });
};

// Between lineages: from the last instant of the earlier ones up to the first that a backup of this one leads to. `earlier`, `own`: what can be recovered.
export const turnBetween = (earlier: readonly WindowInterval[], own: readonly WindowInterval[]): WindowGap[] => {
  const last = latest(earlier);
  const first = own
    .filter(({ fromMilliseconds }) => fromMilliseconds !== undefined)
    .toSorted((a, b) => (a.fromMilliseconds ?? 0) - (b.fromMilliseconds ?? 0))[0];
  const [from, to] = [last?.toMilliseconds, first?.fromMilliseconds];
  return last === undefined || first === undefined || from === undefined || to === undefined || to <= from
    ? []
    : [{ timeline: last.timeline, from: last.to, to: first.from, fromMilliseconds: from, toMilliseconds: to, reason }];
};

const latest = (intervals: readonly WindowInterval[]): WindowInterval | undefined =>
  intervals
    .filter(({ toMilliseconds }) => toMilliseconds !== undefined)
    .toSorted((a, b) => (a.toMilliseconds ?? 0) - (b.toMilliseconds ?? 0))
    .at(-1);

// The newest WAL of a component without a hole, and whether a backup leads into it. Where none does, nothing of it can be recovered yet.
import { currentTimeline, intervalsOf } from '../wal/coverage.ts';
import type { WalSource } from './wal-source.ts';

export type NewestStretch = {
  readonly lineageId: string;
  readonly timeline: number;
  readonly from: bigint;
  readonly to: bigint;
  readonly isReached: boolean;
};

type Reach = { readonly timeline: number; readonly from: bigint; readonly to: bigint };
type StretchBase = { readonly timeline: number; readonly stop: bigint };

// `intervals`: what can be recovered of this lineage, by `bases`.
export const newestStretch = (
  { lineageId, timelines }: WalSource,
  intervals: readonly Reach[],
  bases: readonly StretchBase[],
): NewestStretch | undefined => {
  const newest = currentTimeline(timelines.filter(({ objects }) => objects.length > 0));
  const range = newest === undefined ? undefined : intervalsOf(newest).at(-1);
  if (newest === undefined || range === undefined) {
    return undefined;
  }
  const { timeline } = newest;
  const { to } = range;
  const isCovered = intervals.some((each) => each.timeline === timeline && each.from <= to && each.to >= to);
  // A backup may end where the WAL has not come to yet.
  const isAhead = bases.some(({ timeline: on, stop }) => on === timeline && stop >= range.from);
  return { lineageId, timeline, from: range.from, to, isReached: isCovered || isAhead };
};

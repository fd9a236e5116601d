// What a lineage holds: intervals and gaps of each timeline, from its pages and its newest tail alone.
import { lsnBytes } from '../../api/lsn.ts';
import type { WalGap, WalPage, WalTail } from '../../api/stored/wal.ts';
import type { WalGapReason } from '../../api/wal-gap.ts';
import { parseMark } from './marks.ts';
import type { Mark } from './marks.ts';
import { inPlaceOrder, joinRanges, placed } from './objects.ts';
import type { Placed, Range } from './objects.ts';

export type SpanDocument = WalPage | WalTail;

// One timeline of a lineage, all its documents put together.
export type TimelineContents = {
  readonly timeline: number;
  // In the order of their places.
  readonly objects: readonly Placed[];
  // Sorted by time.
  readonly marks: readonly Mark[];
  // When the newest of its documents was written.
  readonly writtenMilliseconds?: number;
};

// Puts pages and the newest tail of each timeline together. Other tails must be left out: they name pieces that may be gone.
export const contentsOf = (documents: readonly SpanDocument[]): TimelineContents[] => {
  const timelines = Map.groupBy(documents, ({ timeline }) => timeline);
  return [...timelines.keys()]
    .toSorted((a, b) => a - b)
    .map((timeline) => {
      const own = timelines.get(timeline) ?? [];
      return {
        timeline,
        objects: inPlaceOrder(own.flatMap(({ objects }) => objects.map(placed))),
        marks: sortMarks(own.flatMap(({ marks }) => marks.map(parseMark))),
        writtenMilliseconds: Math.max(...own.map(({ createdTime }) => Date.parse(createdTime))),
      };
    });
};

// The timeline that the server is on, as far as the archive knows: the one that was written last. A restore in place leaves a timeline, and its undo
// comes back to it: the highest number says nothing.
export const currentTimeline = <C extends { readonly timeline: number; readonly writtenMilliseconds?: number }>(
  timelines: readonly C[],
): C | undefined => timelines.reduce<C | undefined>((best, each) => (best === undefined || isLater(each, best) ? each : best), undefined);

type Written = { readonly timeline: number; readonly writtenMilliseconds?: number };
const isLater = (
  { timeline, writtenMilliseconds: written = 0 }: Written,
  { timeline: than, writtenMilliseconds: before = 0 }: Written,
): boolean => written > before || (written === before && timeline > than);

const sortMarks = (marks: readonly Mark[]): Mark[] =>
  marks.toSorted((a, b) => a.timeMilliseconds - b.timeMilliseconds || Number(a.lsn - b.lsn));

// WAL without a hole, with what its marks say of time. A time is absent where no mark lies in it.
export type Interval = Range & { readonly timeline: number; readonly fromMilliseconds?: number; readonly toMilliseconds?: number };
export type Gap = Range & { readonly timeline: number; readonly reason?: WalGapReason; readonly sinceMilliseconds?: number };

export const intervalsOf = ({ timeline, objects, marks }: TimelineContents): Interval[] =>
  joinRanges(objects).map((range) => {
    // A mark at the very beginning speaks of commits that may lie before it.
    const inside = marks.filter(({ lsn }) => lsn > range.from && lsn <= range.to);
    const [first] = inside;
    const last = inside.at(-1);
    return {
      timeline,
      ...range,
      ...(first === undefined || last === undefined
        ? {}
        : { fromMilliseconds: first.timeMilliseconds, toMilliseconds: last.timeMilliseconds }),
    };
  });

// The holes between the intervals of one timeline, with the reason where one was given.
export const gapsOf = (intervals: readonly Interval[], reasons: readonly WalGap[]): Gap[] =>
  intervals.slice(1).map(({ timeline, from: to }, at) => {
    const before = intervals[at] as Interval;
    const given = reasons.find((gap) => {
      const start = lsnBytes(gap.from);
      return gap.timeline === timeline && start >= before.to && start < to;
    });
    return {
      timeline,
      from: before.to,
      to,
      ...(given === undefined ? {} : { reason: given.reason }),
      ...(before.toMilliseconds === undefined ? {} : { sinceMilliseconds: before.toMilliseconds }),
    };
  });

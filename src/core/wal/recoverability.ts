// From base backups and the WAL of one lineage to the points that can be recovered: every one of an interval, and none of a gap.
import { intervalsOf } from './coverage.ts';
import type { Interval, TimelineContents } from './coverage.ts';
import { wayTo } from './timelines.ts';
import type { Ancestor } from './timelines.ts';

// A physical backup that holds its own WAL up to `stop`.
export type Base = { readonly backupId: string; readonly timeline: number; readonly stop: bigint };

export type Reachable = {
  readonly timeline: number;
  // Any LSN between these two, and any time.
  readonly from: bigint;
  readonly to: bigint;
  readonly fromMilliseconds?: number;
  readonly toMilliseconds?: number;
  // The backups that recovery can start from, oldest first.
  readonly bases: readonly string[];
};

type Lineage = { readonly timelines: readonly TimelineContents[]; readonly histories: ReadonlyMap<number, readonly Ancestor[]> };

// What can be reached on each timeline. Bases of other servers must be left out by the caller.
export const reachableOf = ({ timelines, histories }: Lineage, bases: readonly Base[]): Reachable[] => {
  const intervals = new Map(timelines.map((contents) => [contents.timeline, intervalsOf(contents)]));
  return timelines.flatMap((contents) => {
    const ancestors = histories.get(contents.timeline) ?? [];
    const fork = ancestors.at(-1)?.end;
    return (intervals.get(contents.timeline) ?? []).flatMap((interval) => {
      const entries = bases.flatMap((base) => entryOf(base, contents, interval, ancestors, intervals) ?? []);
      return entries.length === 0 ? [] : [reachable(contents, interval, fork, entries)];
    });
  });
};

type Entry = { readonly base: Base; readonly lsn: bigint };

// Where recovery from this base comes into the interval, if it does: all WAL on the way there must be held.
const entryOf = (
  base: Base,
  { timeline }: TimelineContents,
  interval: Interval,
  ancestors: readonly Ancestor[],
  intervals: ReadonlyMap<number, readonly Interval[]>,
): Entry | undefined => {
  const way = wayTo(timeline, ancestors, { timeline: base.timeline, lsn: base.stop });
  const last = way?.at(-1);
  if (way === undefined || last === undefined || last.from < interval.from || last.from > interval.to) {
    return undefined;
  }
  const isHeld = way
    .slice(0, -1)
    .every(({ timeline: on, from, to }) => intervals.get(on)?.some((one) => one.from <= from && to !== undefined && one.to >= to));
  return isHeld ? { base, lsn: last.from } : undefined;
};

const reachable = (
  { timeline, marks }: TimelineContents,
  interval: Interval,
  fork: bigint | undefined,
  entries: readonly Entry[],
): Reachable => {
  const from = entries.map(({ lsn }) => lsn).reduce((a, b) => (a < b ? a : b));
  // The first time that certainly lies behind every commit up to `from`. After a promotion the new server's clock is such a time; else it is that of
  // the second mark there, whose clock was read after the first one's place.
  const behind = marks.filter(({ lsn }) => lsn >= from && lsn <= interval.to);
  const earliest = behind[from === fork ? 0 : 1];
  const latest = behind.at(-1);
  return {
    timeline,
    from,
    to: interval.to,
    ...(earliest === undefined || latest === undefined
      ? {}
      : { fromMilliseconds: earliest.timeMilliseconds, toMilliseconds: latest.timeMilliseconds }),
    bases: entries.toSorted((a, b) => (a.base.stop < b.base.stop ? -1 : 1)).map(({ base }) => base.backupId),
  };
};

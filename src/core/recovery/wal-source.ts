// The WAL archive of one server, as the planning of a recovery sees it, and the ways through it from a backup to a point.
import type { WalGap } from '../../api/stored/wal.ts';
import { currentTimeline } from '../wal/coverage.ts';
import type { TimelineContents } from '../wal/coverage.ts';
import type { Mark } from '../wal/marks.ts';
import { reachableOf } from '../wal/recoverability.ts';
import type { Base } from '../wal/recoverability.ts';
import { wayTo } from '../wal/timelines.ts';
import type { Ancestor, Step } from '../wal/timelines.ts';

export type WalSource = {
  readonly lineageId: string;
  readonly systemIdentifier: string;
  readonly createdTime: string;
  // Where it begins.
  readonly begin: { readonly timeline: number; readonly lsn: bigint };
  readonly timelines: readonly TimelineContents[];
  readonly ancestors: ReadonlyMap<number, readonly Ancestor[]>;
  readonly gaps: readonly WalGap[];
};

// Of one server the newest lineage that was there when the backup ended; before the first one there was none.
export const lineageOfBackup = <S extends Pick<WalSource, 'systemIdentifier' | 'createdTime'>>(
  sources: readonly S[],
  systemIdentifier: string,
  endTime: string,
): S | undefined => {
  const own = sources.filter((source) => source.systemIdentifier === systemIdentifier);
  return own.findLast(({ createdTime }) => Date.parse(createdTime) <= Date.parse(endTime)) ?? own[0];
};

// `commitsUntil`: no commit in it is later, in milliseconds.
export type TimedBase = Base & { readonly commitsUntil?: number };

// From the end of a backup to the end of the WAL of one timeline, without a hole.
export type Way = {
  readonly base: TimedBase;
  readonly timeline: number;
  readonly steps: readonly Step[];
  // Where its WAL ends.
  readonly to: bigint;
  // Marks on it, in order.
  readonly marks: readonly PlacedMark[];
};

export type PlacedMark = Mark & { readonly timeline: number };

// Every way, the timeline that the server is on first, then the other ones by their number, then the WAL that goes farthest, then the newest backup. A
// timeline that was left is held as far as the server went on it: what was undone can be recovered, too.
export const waysOf = ({ timelines, ancestors }: WalSource, bases: readonly TimedBase[]): Way[] => {
  const reachable = reachableOf({ timelines, histories: ancestors }, bases);
  const ways = reachable.flatMap(({ timeline, to, bases: ids }) =>
    bases
      .filter(({ backupId }) => ids.includes(backupId))
      .flatMap((base) => {
        const steps = wayTo(timeline, ancestors.get(timeline) ?? [], { timeline: base.timeline, lsn: base.stop });
        return steps === undefined || base.stop > to ? [] : [{ base, timeline, steps, to, marks: marksOn(timelines, steps, to) }];
      }),
  );
  const current = currentTimeline(timelines)?.timeline;
  const rank = ({ timeline }: Way): number => (timeline === current ? Number.POSITIVE_INFINITY : timeline);
  return ways.toSorted((a, b) => Math.sign(rank(b) - rank(a)) || compare(b.to, a.to) || compare(b.base.stop, a.base.stop));
};

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

const marksOn = (timelines: readonly TimelineContents[], steps: readonly Step[], end: bigint): PlacedMark[] =>
  steps.flatMap(({ timeline, from, to = end }) =>
    (timelines.find((contents) => contents.timeline === timeline)?.marks ?? [])
      .filter(({ lsn }) => lsn >= from && lsn <= to)
      .map((mark) => ({ ...mark, timeline })),
  );

// The first instant that certainly lies behind every commit of the backup. Where that does not say so itself: the clock of the second mark behind it was
// read after the place of the first one.
export const earliestOf = ({ base, marks }: Way): number | undefined => base.commitsUntil ?? marks[1]?.timeMilliseconds;

// The last instant of which all commits are in the WAL.
export const latestOf = ({ marks }: Way): number | undefined => marks.at(-1)?.timeMilliseconds;

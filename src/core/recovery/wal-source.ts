// The WAL archive of one server, as the planning of a recovery sees it, and the ways through it from a backup to a point.
import type { WalGap } from '../../api/stored/wal.ts';
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
  readonly marks: readonly Mark[];
};

// Every way, the newest timeline first, then the WAL that goes farthest, then the newest backup.
export const waysOf = ({ timelines, ancestors }: WalSource, bases: readonly TimedBase[]): Way[] => {
  const reachable = reachableOf({ timelines, histories: ancestors }, bases);
  const ways = reachable.flatMap(({ timeline, to: held, bases: ids }) => {
    const end = timelines.find((contents) => contents.timeline === timeline)?.end?.lsn;
    // WAL past the place where a timeline was left is kept, and never served.
    const to = end === undefined || end > held ? held : end;
    return bases
      .filter(({ backupId }) => ids.includes(backupId))
      .flatMap((base) => {
        const steps = wayTo(timeline, ancestors.get(timeline) ?? [], { timeline: base.timeline, lsn: base.stop });
        return steps === undefined || base.stop > to ? [] : [{ base, timeline, steps, to, marks: marksOn(timelines, steps, to) }];
      });
  });
  return ways.toSorted((a, b) => b.timeline - a.timeline || compare(b.to, a.to) || compare(b.base.stop, a.base.stop));
};

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

const marksOn = (timelines: readonly TimelineContents[], steps: readonly Step[], end: bigint): Mark[] =>
  steps.flatMap(({ timeline, from, to = end }) =>
    (timelines.find((contents) => contents.timeline === timeline)?.marks ?? []).filter(({ lsn }) => lsn >= from && lsn <= to),
  );

// The first instant that certainly lies behind every commit of the backup. Where that does not say so itself: the clock of the second mark behind it was
// read after the place of the first one.
export const earliestOf = ({ base, marks }: Way): number | undefined => base.commitsUntil ?? marks[1]?.timeMilliseconds;

// The last instant of which all commits are in the WAL.
export const latestOf = ({ marks }: Way): number | undefined => marks.at(-1)?.timeMilliseconds;

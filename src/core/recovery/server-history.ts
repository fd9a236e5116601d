// Which history a server lived at an instant, and which one it lives now. After a restore in place there are two from one place on, and both are archived.
import { currentTimeline } from '../wal/coverage.ts';
import { isOnLine } from '../wal/timelines.ts';
import type { PlacedMark, WalSource } from './wal-source.ts';

export type Place = { readonly timeline: number; readonly lsn: bigint };

// The marks next to an instant, of all timelines.
export type Around = { readonly before?: PlacedMark; readonly after?: PlacedMark };

export const marksAround = ({ timelines }: Pick<WalSource, 'timelines'>, micros: number): Around => {
  let before: PlacedMark | undefined;
  let after: PlacedMark | undefined;
  for (const { timeline, marks } of timelines) {
    for (const mark of marks) {
      const { timeMilliseconds } = mark;
      if (timeMilliseconds * 1000 <= micros && (before === undefined || timeMilliseconds >= before.timeMilliseconds)) {
        before = { ...mark, timeline };
      }
      if (timeMilliseconds * 1000 >= micros && (after === undefined || timeMilliseconds < after.timeMilliseconds)) {
        after = { ...mark, timeline };
      }
    }
  }
  return { ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
};

// Whether the server went from the one to the other without being set back in between.
export const isOneWay = ({ ancestors }: Pick<WalSource, 'ancestors'>, { before, after }: Around): boolean =>
  before === undefined || after === undefined || isOnLine(before, after.timeline, ancestors.get(after.timeline) ?? []);

// The timeline on which the server was at that instant. Undefined: nobody knows; it lies behind all WAL, or the server was set back around it.
export const timelineAt = (source: Pick<WalSource, 'timelines' | 'ancestors'>, micros: number): number | undefined => {
  const around = marksAround(source, micros);
  return isOneWay(source, around) ? around.after?.timeline : undefined;
};

const isPastOf = ({ ancestors }: WalSource, timeline: number, place: Place): boolean =>
  isOnLine(place, timeline, ancestors.get(timeline) ?? []);

// Tells whether a place of an archive lies in the past of the server as it is now. `sources` oldest first. What a lineage holds from behind the place at
// which a later one begins was left: the server is no continuation of that.
export const presentHistory = (sources: readonly WalSource[]): ((source: WalSource, place: Place) => boolean) => {
  return (source, place) => {
    const later = sources.slice(sources.indexOf(source) + 1);
    const current = currentTimeline(source.timelines)?.timeline ?? source.begin.timeline;
    return later.length === 0
      ? isPastOf(source, current, place)
      : later.every(
          (each) => isPastOf(each, each.begin.timeline, place) && (place.timeline !== each.begin.timeline || place.lsn <= each.begin.lsn),
        );
  };
};

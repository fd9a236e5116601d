// Of all ways through the WAL those that lead to what was asked for. Where timelines fork, one place or instant may lie on several: the server lived one.
import { currentTimeline } from '../wal/coverage.ts';
import { timelineAt } from './server-history.ts';
import type { WalSource, Way } from './wal-source.ts';
import type { Point } from './wish.ts';

export type SourceWay = { readonly source: WalSource; readonly way: Way };

// `timeline`: the one that was asked for by its number.
export const waysTo = (
  ways: readonly SourceWay[],
  point: Exclude<Point, { kind: 'backup' }>,
  timeline: number | undefined,
): SourceWay[] => {
  if (timeline !== undefined) {
    return ways.filter(({ way }) => way.timeline === timeline);
  }
  switch (point.kind) {
    case 'time': {
      const lived = new Map([...new Set(ways.map(({ source }) => source))].map((source) => [source, timelineAt(source, point.micros)]));
      return ways.filter(({ source, way }) => way.timeline === lived.get(source));
    }
    case 'lsn':
      return ways.map((each) => shortest(ways, each, point.lsn));
    case 'latest':
      return ways.flatMap(onPresentWay);
    case 'name':
      return [...ways];
  }
};

// A server that follows a timeline which forks off behind the place where it stops writes a history that never was. It is told to follow the one that the
// place lies on.
const shortest = (ways: readonly SourceWay[], { source, way }: SourceWay, lsn: bigint): SourceWay => {
  const step = way.steps.find(({ to }) => to === undefined || lsn <= to);
  const found = ways.find(
    (each) =>
      each.source === source && each.way.timeline === step?.timeline && each.way.base.backupId === way.base.backupId && lsn <= each.way.to,
  );
  return found ?? { source, way };
};

// The newest point is one of the history that the server lives now: on the timeline it is on, or else where that forked off.
const onPresentWay = ({ source, way }: SourceWay): SourceWay[] => {
  const current = currentTimeline(source.timelines)?.timeline;
  if (way.timeline === current) {
    return [{ source, way }];
  }
  const fork = source.ancestors.get(current ?? 0)?.find(({ timeline }) => timeline === way.timeline)?.end;
  if (fork === undefined || way.base.stop > fork) {
    return [];
  }
  const to = way.to < fork ? way.to : fork;
  return [{ source, way: { ...way, to, marks: way.marks.filter((mark) => mark.timeline !== way.timeline || mark.lsn <= to) } }];
};

// Why a point cannot be reached: before, behind, or in a hole of what is there. The message has the window, the remedy the nearest point that works.
import { lsnText } from '../../api/lsn.ts';
import { gapsOf, intervalsOf } from '../wal/coverage.ts';
import type { Gap } from '../wal/coverage.ts';
import { refusal } from './refusal.ts';
import type { Refusal, Remedy } from './refusal.ts';
import { isOneWay, marksAround } from './server-history.ts';
import { earliestOf, latestOf } from './wal-source.ts';
import type { WalSource, Way } from './wal-source.ts';
import { microsText } from './wish.ts';
import type { Point } from './wish.ts';

type Window = { timeline: number; fromLsn: bigint; toLsn: bigint; fromMilliseconds?: number; toMilliseconds?: number };

// Ways that overlap are one window: it begins with the oldest backup.
const windowsOf = (ways: readonly Way[]): Window[] => {
  const windows = new Map<string, Window>();
  for (const way of ways) {
    const key = `${way.timeline} ${way.to}`;
    const known = windows.get(key);
    if (known === undefined || way.base.stop < known.fromLsn) {
      const [from, to] = [earliestOf(way), latestOf(way)];
      windows.set(key, {
        timeline: way.timeline,
        fromLsn: way.base.stop,
        toLsn: way.to,
        ...(from === undefined ? {} : { fromMilliseconds: from }),
        ...(to === undefined ? {} : { toMilliseconds: to }),
      });
    }
  }
  return [...windows.values()];
};

const timeOf = (milliseconds: number | undefined): string =>
  milliseconds === undefined ? 'an unknown time' : new Date(milliseconds).toISOString();

const windowText = ({ timeline, fromLsn, toLsn, fromMilliseconds, toMilliseconds }: Window): string =>
  `${timeOf(fromMilliseconds)} to ${timeOf(toMilliseconds)} (timeline ${timeline}, LSN ${lsnText(fromLsn)} to ${lsnText(toLsn)})`;

export const outsideWindow = (point: Point, ways: readonly Way[], sources: readonly WalSource[], wrong: readonly string[]): Refusal => {
  const windows = windowsOf(ways);
  const wanted = pointText(point);
  const besides = wrong.length === 0 ? '' : ` Not usable: ${wrong.join(' ')}`;
  if (windows.length === 0) {
    return refusal(
      'PointOutsideWindow',
      `${wanted} cannot be reached: no usable backup leads into the WAL that is stored here.${besides}`,
      {
        options: { latest: true },
        act: 'gives the end of the newest backup',
      },
    );
  }
  const reach = `What can be reached: ${windows.map(windowText).join('; ')}.`;
  const gap = sources.flatMap(gapsIn).find((one) => liesIn(point, one));
  if (gap !== undefined) {
    const why = gap.reason === undefined ? '' : ` (${gap.reason})`;
    return refusal(
      'WALGap',
      `${wanted} lies in a gap of the WAL archive, from LSN ${lsnText(gap.from)} to ${lsnText(gap.to)} of timeline ${gap.timeline}${why}. ${reach}${besides}`,
      nearest(point, windows),
    );
  }
  const turn = turnAt(point, sources);
  return turn === undefined
    ? refusal('PointOutsideWindow', `${wanted} is outside of what can be reached. ${reach}${besides}`, nearest(point, windows))
    : refusal('PointOutsideWindow', `${wanted} ${turn.text} ${reach}${besides}`, { options: { 'to-time': turn.before } });
};

// While a server is set back to an earlier point, or that is undone, nobody knows what it has.
const turnAt = (point: Point, sources: readonly WalSource[]): { text: string; before: string } | undefined => {
  const source = sources.at(-1);
  if (point.kind !== 'time' || source === undefined) {
    return undefined;
  }
  const around = marksAround(source, point.micros);
  const { before, after } = around;
  if (before === undefined || after === undefined || isOneWay(source, around)) {
    return undefined;
  }
  const [last, first] = [before, after].map(({ timeMilliseconds, timeline }) => `${timeOf(timeMilliseconds)} (timeline ${timeline})`);
  return {
    text: `lies between ${last} and ${first}, when the server went from one history to another: what it had then is not known.`,
    before: microsText(before.timeMilliseconds * 1000),
  };
};

export const pointText = (point: Point): string => {
  switch (point.kind) {
    case 'time':
      return `The time ${point.text}`;
    case 'lsn':
      return `The LSN ${lsnText(point.lsn)}`;
    case 'name':
      return `The restore point "${point.name}"`;
    case 'latest':
      return 'The newest point';
    case 'backup':
      return `The backup ${point.id}`;
  }
};

type TimedGap = Gap & { untilMilliseconds?: number };

// A gap with the first instant behind it, as far as a mark tells.
const gapsIn = ({ timelines, gaps }: WalSource): TimedGap[] =>
  timelines.flatMap((contents) =>
    gapsOf(intervalsOf(contents), gaps).map((gap) => {
      const until = contents.marks.find(({ lsn }) => lsn >= gap.to)?.timeMilliseconds;
      return { ...gap, ...(until === undefined ? {} : { untilMilliseconds: until }) };
    }),
  );

const liesIn = (point: Point, { from, to, sinceMilliseconds, untilMilliseconds }: TimedGap): boolean => {
  if (point.kind === 'lsn') {
    return point.lsn > from && point.lsn < to;
  }
  return (
    point.kind === 'time' &&
    sinceMilliseconds !== undefined &&
    point.micros > sinceMilliseconds * 1000 &&
    point.micros < (untilMilliseconds ?? Number.POSITIVE_INFINITY) * 1000
  );
};

// The nearest point before the wanted one, else the first one there is.
const nearest = (point: Point, windows: readonly Window[]): Remedy => {
  if (point.kind === 'lsn') {
    const before = windows.filter(({ toLsn }) => toLsn <= point.lsn).map(({ toLsn }) => toLsn);
    const best =
      before.length > 0
        ? before.reduce((a, b) => (a > b ? a : b))
        : windows.map(({ fromLsn }) => fromLsn).reduce((a, b) => (a < b ? a : b));
    return { options: { 'to-lsn': lsnText(best) } };
  }
  if (point.kind !== 'time') {
    return { options: { latest: true } };
  }
  const ends = windows.flatMap(({ toMilliseconds }) => toMilliseconds ?? []).filter((end) => end * 1000 <= point.micros);
  const starts = windows.flatMap(({ fromMilliseconds }) => fromMilliseconds ?? []).filter((start) => start * 1000 > point.micros);
  const best = ends.length > 0 ? Math.max(...ends) : starts.length > 0 ? Math.min(...starts) : undefined;
  return { options: best === undefined ? { latest: true } : { 'to-time': microsText(best * 1000) } };
};

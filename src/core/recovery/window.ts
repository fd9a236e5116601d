// Every point that the WAL of a component leads to, and the gaps between them: by the same ways that a recovery would take.
import { lsnBytes } from '../../api/lsn.ts';
import type { WalGap } from '../../api/stored/wal.ts';
import type { WalGapReason } from '../../api/wal-gap.ts';
import { currentTimeline } from '../wal/coverage.ts';
import type { TimelineContents } from '../wal/coverage.ts';
import type { Mark } from '../wal/marks.ts';
import { newestStretch } from './newest-stretch.ts';
import type { NewestStretch } from './newest-stretch.ts';
import { presentHistory } from './server-history.ts';
import { turnBetween, turnsOf } from './turns.ts';
import { earliestOf, latestOf, lineageOfBackup, waysOf } from './wal-source.ts';
import type { TimedBase, WalSource } from './wal-source.ts';

// A physical backup that is whole, with all that it builds on.
export type WindowBase = TimedBase & { readonly systemIdentifier: string; readonly endTime: string };

type Span = { readonly timeline: number; readonly from: bigint; readonly to: bigint };
// Any LSN and any instant of it can be recovered. Without instants: too few marks say when it was.
export type WindowInterval = Span & { readonly fromMilliseconds?: number; readonly toMilliseconds?: number };
// Nothing between the two can be recovered. No end in time: no backup leads on behind it. `OtherHistory`: WAL is there, and nobody knows which of it was the server's then.
export type WindowGap = WindowInterval & { readonly reason?: WalGapReason | 'OtherHistory' };

export type Window = {
  // Oldest lineage first, then by timeline and place.
  readonly intervals: readonly WindowInterval[];
  readonly gaps: readonly WindowGap[];
  // The newest mark of the timeline that the server is on, whether a backup leads there or not.
  readonly mark?: Mark & { readonly timeline: number };
  readonly newest?: NewestStretch;
  // The newest instant that can be recovered, in the history of the server as it is now.
  readonly restorableMilliseconds?: number;
  // The newest backup of that history. Others are of one that it has left: it was set back to before them, or was another server.
  readonly present?: string;
  // Where the interval ends that the next WAL of the timeline that the server is on carries on. None where no backup leads there.
  readonly leadsOn?: { readonly lineageId: string; readonly timeline: number; readonly to: bigint; readonly fromMilliseconds?: number };
};

// `sources` oldest first, as the planning of a recovery takes them.
export const windowOf = (sources: readonly WalSource[], bases: readonly WindowBase[]): Window => {
  const parts = sources.map((source) => {
    const own = bases.filter(({ systemIdentifier, endTime }) => lineageOfBackup(sources, systemIdentifier, endTime) === source);
    const intervals = intervalsOfSource(source, own);
    const missing = source.timelines.flatMap((contents) => gapsOfTimeline(source, contents, intervals));
    return { source, own, intervals, gaps: [...missing, ...turnsOf(source)] };
  });
  const isPresent = presentHistory(sources);
  const newest = parts.flatMap(({ source, own }) => newestInstant(source, own, isPresent) ?? []);
  const present = parts
    .flatMap(({ source, own }) => own.filter(({ timeline, stop }) => isPresent(source, { timeline, lsn: stop })))
    .toSorted((a, b) => Date.parse(a.endTime) - Date.parse(b.endTime))
    .at(-1);
  const mark = newestMark(sources.at(-1));
  const last = parts.at(-1);
  const leading = leadingOn(sources.at(-1), last?.own ?? []);
  const stretch = last && newestStretch(last.source, last.intervals, last.own);
  return {
    intervals: parts.flatMap(({ intervals }) => intervals),
    gaps: parts.flatMap(({ gaps, intervals }, at) => [
      ...turnBetween(
        parts.slice(0, at).flatMap((earlier) => earlier.intervals),
        intervals,
      ),
      ...gaps,
    ]),
    ...(mark === undefined ? {} : { mark }),
    ...(stretch === undefined ? {} : { newest: stretch }),
    ...(newest.length === 0 ? {} : { restorableMilliseconds: Math.max(...newest) }),
    ...(present === undefined ? {} : { present: present.backupId }),
    ...(leading === undefined ? {} : { leadsOn: leading }),
  };
};

const leadingOn = (source: WalSource | undefined, bases: readonly TimedBase[]): Window['leadsOn'] => {
  const contents = currentTimeline(source?.timelines ?? []);
  if (source === undefined || contents === undefined) {
    return undefined;
  }
  const { timeline } = contents;
  const to = heldTo(contents);
  const ways = waysOf(source, bases).filter((way) => way.timeline === timeline && way.to === to);
  if (ways.length === 0) {
    return leadingAhead(source.lineageId, timeline, to, bases);
  }
  const earliest = ways.flatMap((way) => earliestOf(way) ?? []);
  return { lineageId: source.lineageId, timeline, to, ...(earliest.length === 0 ? {} : { fromMilliseconds: Math.min(...earliest) }) };
};

// A backup may end where the WAL has not come to yet. Once it has, an interval begins there.
const leadingAhead = (lineageId: string, timeline: number, held: bigint, bases: readonly TimedBase[]): Window['leadsOn'] => {
  const [first] = bases.filter((base) => base.timeline === timeline && base.stop > held).toSorted((a, b) => (a.stop < b.stop ? -1 : 1));
  const { stop: to, commitsUntil } = first ?? {};
  return to === undefined
    ? undefined
    : { lineageId, timeline, to, ...(commitsUntil === undefined ? {} : { fromMilliseconds: commitsUntil }) };
};

// All ways to one end are one interval: each goes on to the end from where its backup ends.
const intervalsOfSource = (source: WalSource, bases: readonly TimedBase[]): WindowInterval[] =>
  [...Map.groupBy(waysOf(source, bases), ({ timeline, to }) => `${timeline} ${to}`).values()]
    .flatMap((ways): WindowInterval[] => {
      const [first] = ways;
      if (first === undefined) {
        return [];
      }
      const latest = latestOf(first);
      // A way whose backup ends behind the last mark has no instant of its own.
      const starts = ways.flatMap((way) => earliestOf(way) ?? []).filter((earliest) => latest !== undefined && earliest <= latest);
      return [
        {
          timeline: first.timeline,
          from: ways.map(({ base }) => base.stop).reduce((a, b) => (a < b ? a : b)),
          to: first.to,
          ...(latest === undefined || starts.length === 0 ? {} : { fromMilliseconds: Math.min(...starts), toMilliseconds: latest }),
        },
      ];
    })
    .toSorted((a, b) => a.timeline - b.timeline || (a.from < b.from ? -1 : 1));

type Reach = { readonly lsn: bigint; readonly milliseconds?: number | undefined };

// The holes between what can be recovered on a timeline, from where its past can be recovered up to where its WAL ends. Before the first backup that can
// be the start there is no gap: there is nothing.
const gapsOfTimeline = (source: WalSource, contents: TimelineContents, intervals: readonly WindowInterval[]): WindowGap[] => {
  const { timeline } = contents;
  const gaps: WindowGap[] = [];
  let reach = reachAtFork(source, timeline, intervals);
  for (const { from, to, fromMilliseconds, toMilliseconds } of intervals.filter((each) => each.timeline === timeline)) {
    if (reach !== undefined && from > reach.lsn) {
      gaps.push(gapBetween(source, timeline, reach, { lsn: from, milliseconds: fromMilliseconds }));
    }
    if (reach === undefined || to > reach.lsn) {
      reach = { lsn: to, milliseconds: toMilliseconds };
    }
  }
  const held = heldTo(contents);
  return reach !== undefined && held > reach.lsn ? [...gaps, gapBetween(source, timeline, reach, { lsn: held })] : gaps;
};

// How far the timeline before this one can be recovered, up to where this one begins.
const reachAtFork = ({ ancestors }: WalSource, timeline: number, intervals: readonly WindowInterval[]): Reach | undefined => {
  const parent = ancestors.get(timeline)?.at(-1);
  const before = intervals.findLast((each) => each.timeline === parent?.timeline && each.from <= parent.end);
  if (parent === undefined || before === undefined) {
    return undefined;
  }
  return before.to > parent.end ? { lsn: parent.end } : { lsn: before.to, milliseconds: before.toMilliseconds };
};

const heldTo = ({ objects }: TimelineContents): bigint => objects.map(({ to }) => to).reduce((a, b) => (a > b ? a : b), 0n);

const gapBetween = ({ gaps }: WalSource, timeline: number, before: Reach, after: Reach): WindowGap => {
  const given = gaps.find((gap) => gap.timeline === timeline && isBetween(gap, before.lsn, after.lsn));
  return {
    timeline,
    from: before.lsn,
    to: after.lsn,
    ...(before.milliseconds === undefined ? {} : { fromMilliseconds: before.milliseconds }),
    ...(after.milliseconds === undefined ? {} : { toMilliseconds: after.milliseconds }),
    ...(given === undefined ? {} : { reason: given.reason }),
  };
};

const isBetween = ({ from }: WalGap, start: bigint, end: bigint): boolean => lsnBytes(from) >= start && lsnBytes(from) < end;

const newestInstant = (
  source: WalSource,
  bases: readonly TimedBase[],
  isPresent: ReturnType<typeof presentHistory>,
): number | undefined => {
  const times = waysOf(source, bases)
    .filter(({ base: { timeline, stop } }) => isPresent(source, { timeline, lsn: stop }))
    .flatMap((way) => {
      const earliest = earliestOf(way);
      const latest = way.marks.findLast((mark) => isPresent(source, mark))?.timeMilliseconds;
      return earliest === undefined || latest === undefined || earliest > latest ? [] : [latest];
    });
  return times.length === 0 ? undefined : Math.max(...times);
};

// One whose WAL is not there any more says nothing.
const newestMark = (source: WalSource | undefined): Window['mark'] => {
  const timelines = source?.timelines ?? [];
  for (const contents of new Set([currentTimeline(timelines), ...timelines.toReversed()].filter((each) => each !== undefined))) {
    const held = heldTo(contents);
    const mark = contents.marks.findLast(({ lsn }) => lsn <= held);
    if (mark !== undefined) {
      return { ...mark, timeline: contents.timeline };
    }
  }
  return undefined;
};

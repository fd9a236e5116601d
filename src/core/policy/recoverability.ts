// The window of points that WAL leads to, by one tier that was read lately. What was not measured stays as it was.
import type { WindowLine, WindowSpan } from '../../api/agent.ts';
import type { PolicyStatus } from '../../api/policy.ts';
import type { WalArchiveStatus } from '../../api/wal-status.ts';
import { instantOf, isoTime, second } from '../plan/time.ts';
import { believedMilliseconds } from './belief.ts';
import { carriedTime, carriedWindow } from './carried.ts';
import type { PolicyObserved } from './observed.ts';

export type Recoverability = NonNullable<PolicyStatus['recoverability']>;
type Interval = NonNullable<Recoverability['intervals']>[number];

// Of all components together: a status stays under 32 KiB.
const mostIntervals = 50;
const mostGaps = 20;

// The first tier, in the order of the spec, that holds WAL of components of the policy, with what receivers stored since it was read.
// Undefined: none does, as far as is known.
export const recoverability = (observed: PolicyObserved, archives: readonly WalArchiveStatus[]): Recoverability | undefined => {
  const { policy, catalogue } = observed;
  const before = policy.status?.recoverability;
  for (const { name } of policy.spec.tiers) {
    const measuredTime = catalogue[name]?.measuredTime ?? 0;
    const isBelieved = measuredTime + believedMilliseconds(policy.spec, observed.now) > observed.now;
    const windows = windowsOn(observed, name).map((window) => (isBelieved ? carriedWindow(name, window, archives) : window));
    if (windows.length > 0) {
      return summarised(name, measuredTime, windows);
    }
    // It was not read since, or not its WAL: that it held some is not forgotten.
    if (before?.tier === name && catalogue[name]?.windows === undefined) {
      return before;
    }
  }
  return undefined;
};

// The newest instant that WAL of a component leads to from a whole backup on one tier: as it was read, or carried on by what a receiver stored since.
export const restorableByWal = (
  observed: PolicyObserved,
  tier: string,
  component: string,
  archives: readonly WalArchiveStatus[],
): number | undefined => {
  const window = windowsOn(observed, tier).find((each) => each.component === component);
  const known = [instantOf(window?.restorableTo), window && carriedTime(tier, window, archives)].filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
};

const windowsOn = ({ policy, catalogue }: PolicyObserved, tier: string): WindowLine[] =>
  (catalogue[tier]?.windows ?? []).filter(({ component }) => policy.spec.components.some(({ name }) => name === component));

const summarised = (tier: string, measuredTime: number, windows: readonly WindowLine[]): Recoverability => {
  const intervals = windows.flatMap(({ component, intervals: own }) => own.flatMap((each) => intervalOf(component, each)));
  const gaps = windows.flatMap(({ component, gaps: own }) =>
    own.map(({ timeline, fromLsn, toLsn, reason, ...times }) => ({
      component,
      timeline,
      fromLsn,
      toLsn,
      ...timesOf(times),
      ...(reason === undefined ? {} : { reason }),
    })),
  );
  const left = {
    olderIntervals: Math.max(0, intervals.length - mostIntervals) + sum(windows.map(({ olderIntervals }) => olderIntervals)),
    olderGaps: Math.max(0, gaps.length - mostGaps) + sum(windows.map(({ olderGaps }) => olderGaps)),
  };
  return {
    tier,
    measuredTime: isoTime(measuredTime),
    ...commonWindow(windows),
    intervals: newest(intervals, mostIntervals),
    ...(left.olderIntervals > 0 ? { olderIntervals: left.olderIntervals } : {}),
    gaps: newest(gaps, mostGaps),
    ...(left.olderGaps > 0 ? { olderGaps: left.olderGaps } : {}),
  };
};

const sum = (counts: readonly (number | undefined)[]): number => counts.reduce<number>((all, count) => all + (count ?? 0), 0);

// By their beginning; those without one are the least useful.
const newest = <S extends { from?: string }>(spans: readonly S[], most: number): S[] =>
  spans.toSorted((a, b) => (a.from ?? '').localeCompare(b.from ?? '')).slice(-most);

// Without times there is nothing that a person could ask for.
const intervalOf = (component: string, { timeline, from, to }: WindowSpan): Interval[] => {
  const [start, end] = [instantOf(from), instantOf(to)];
  return start === undefined || end === undefined || upSecond(start) > end
    ? []
    : [{ component, timeline, from: isoTime(upSecond(start)), to: isoTime(end) }];
};

const timesOf = ({ from, to }: Pick<WindowSpan, 'from' | 'to'>): { from?: string; to?: string } => {
  const [start, end] = [instantOf(from), instantOf(to)];
  return { ...(start === undefined ? {} : { from: isoTime(start) }), ...(end === undefined ? {} : { to: isoTime(upSecond(end)) }) };
};

// A status holds whole seconds: a window is never said to be larger than it is.
const upSecond = (milliseconds: number): number => Math.ceil(milliseconds / second) * second;

// From when until when all of these components can be recovered, gaps aside. None while one has no window.
const commonWindow = (windows: readonly WindowLine[]): { earliestTime?: string; latestTime?: string } => {
  const starts = windows.map(({ intervals }) => Math.min(...intervals.flatMap(({ from }) => instantOf(from) ?? [])));
  const ends = windows.map(({ restorableTo }) => instantOf(restorableTo) ?? Number.NEGATIVE_INFINITY);
  const [earliest, latest] = [Math.max(...starts), Math.min(...ends)];
  return upSecond(earliest) <= latest ? { earliestTime: isoTime(upSecond(earliest)), latestTime: isoTime(latest) } : {};
};

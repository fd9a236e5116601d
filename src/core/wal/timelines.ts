// Timelines: how a server's history goes from one to the next, by the history files of PostgreSQL.
import { lsnBytes } from '../../api/lsn.ts';
import type { WalHistory } from '../../api/stored/wal.ts';

// `timeline` ends at `end`, where the next one of the list begins.
export type Ancestor = { readonly timeline: number; readonly end: bigint };

// Reads a history file, oldest ancestor first. Undefined: it is none.
export const parseHistory = (text: string): Ancestor[] | undefined => {
  const ancestors: Ancestor[] = [];
  for (const line of text.split('\n')) {
    if (line.trim() === '' || line.startsWith('#')) {
      continue;
    }
    const found = /^\s*(\d{1,10})\s+([0-9A-Fa-f]{1,8}\/[0-9A-Fa-f]{1,8})(\s|$)/.exec(line);
    const timeline = Number(found?.[1]);
    const before = ancestors.at(-1);
    if (found?.[2] === undefined || timeline < 1 || (before !== undefined && before.timeline >= timeline)) {
      return undefined;
    }
    ancestors.push({ timeline, end: lsnBytes(found[2]) });
  }
  return ancestors.length === 0 ? undefined : passedThrough(ancestors);
};

export const ancestorsOf = ({ ancestors }: Pick<WalHistory, 'ancestors'>): Ancestor[] =>
  passedThrough(ancestors.map(({ timeline, endLsn }) => ({ timeline, end: lsnBytes(endLsn) })));

// A recovery that was told to follow timeline 2, and stopped on timeline 1 before that had forked off, leaves a history that names 2 all the same: it
// ends before it begins. The server was never there.
const passedThrough = (ancestors: readonly Ancestor[]): Ancestor[] => {
  const passed: Ancestor[] = [];
  let limit: bigint | undefined;
  for (const [at, { timeline, end: own }] of [...ancestors.entries()].toReversed()) {
    const end = limit !== undefined && limit < own ? limit : own;
    const begin = ancestors[at - 1]?.end;
    limit = end;
    if (begin === undefined || begin < end) {
      passed.unshift({ timeline, end });
    }
  }
  return passed;
};

// Whether two timelines have one and the same past.
export const isSamePast = (a: readonly Ancestor[], b: readonly Ancestor[]): boolean =>
  a.length === b.length && a.every(({ timeline, end }, at) => b[at]?.timeline === timeline && b[at].end === end);

// Whether a place of a timeline lies on the way of a server that is on `timeline` now.
export const isOnLine = (
  place: { readonly timeline: number; readonly lsn: bigint },
  timeline: number,
  ancestors: readonly Ancestor[],
): boolean => place.timeline === timeline || ancestors.some((each) => each.timeline === place.timeline && place.lsn <= each.end);

// One step of the way to a place on a timeline: WAL of `timeline` from `from` on, up to `to` or, on the last one, as far as it goes.
export type Step = { readonly timeline: number; readonly from: bigint; readonly to: bigint | undefined };

// The way from a place on an older timeline to `timeline`. Undefined: the place does not lie on its way.
export const wayTo = (timeline: number, ancestors: readonly Ancestor[], start: { timeline: number; lsn: bigint }): Step[] | undefined => {
  const line: { timeline: number; end: bigint | undefined }[] = [...ancestors, { timeline, end: undefined }];
  const first = line.findIndex((one) => one.timeline === start.timeline);
  const end = line[first]?.end;
  if (first < 0 || (end !== undefined && start.lsn > end)) {
    return undefined;
  }
  let from = start.lsn;
  return line.slice(first).map((one) => {
    const step = { timeline: one.timeline, from, to: one.end };
    from = one.end ?? from;
    return step;
  });
};

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
  return ancestors.length === 0 ? undefined : ancestors;
};

export const ancestorsOf = ({ ancestors }: Pick<WalHistory, 'ancestors'>): Ancestor[] =>
  ancestors.map(({ timeline, endLsn }) => ({ timeline, end: lsnBytes(endLsn) }));

// Whether two timelines have one past, as far as both go: what one says of a timeline's end, the other must not contradict.
export const agree = (a: readonly Ancestor[], b: readonly Ancestor[]): boolean =>
  a.slice(0, b.length).every(({ timeline, end }, at) => b[at]?.timeline === timeline && b[at].end === end);

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

// What a server is told to replay, and what must be true afterwards.
import { lsnText } from '../../api/lsn.ts';
import type { Step } from '../wal/timelines.ts';
import { latestOf } from './wal-source.ts';
import type { Way } from './wal-source.ts';
import { microsText } from './wish.ts';
import type { Point } from './wish.ts';

// Where PostgreSQL stops. `end`: at the end of the WAL.
export type ReplayTarget =
  | { kind: 'end' }
  | { kind: 'time'; text: string; inclusive: boolean }
  | { kind: 'lsn'; lsn: bigint; inclusive: boolean }
  | { kind: 'name'; name: string };

export type Replay = {
  lineageId: string;
  timeline: number;
  steps: readonly Step[];
  // WAL is served up to here.
  to: bigint;
  // Every commit that was answered before it is in the WAL; absent where no mark says so.
  latestMilliseconds?: number;
  target: ReplayTarget;
  // The end of redo must not lie before it.
  atLeast: bigint;
  // Where nothing in the WAL lies behind the point, the end of the WAL is the point: every commit up to it is there, and no other.
  endIsPoint: boolean;
};

export const replayOf = (lineageId: string, way: Way, point: Exclude<Point, { kind: 'backup' }>): Replay => {
  const latest = latestOf(way);
  const common = {
    lineageId,
    timeline: way.timeline,
    steps: way.steps,
    to: way.to,
    ...(latest === undefined ? {} : { latestMilliseconds: latest }),
  };
  switch (point.kind) {
    case 'latest':
      return { ...common, target: { kind: 'end' }, atLeast: way.to, endIsPoint: true };
    case 'time':
      return {
        ...common,
        target: { kind: 'time', text: microsText(point.micros), inclusive: point.inclusive },
        atLeast: certainlyBefore(way, point.micros),
        endIsPoint: true,
      };
    case 'lsn':
      return { ...common, target: { kind: 'lsn', lsn: point.lsn, inclusive: point.inclusive }, atLeast: point.lsn, endIsPoint: true };
    case 'name':
      return { ...common, target: { kind: 'name', name: point.name }, atLeast: way.base.stop, endIsPoint: false };
  }
};

// A place that the server had passed before that instant: that of a mark after which another one was made in time.
const certainlyBefore = ({ marks, base }: Way, micros: number): bigint => {
  const passed = marks.filter(({ timeMilliseconds }) => timeMilliseconds * 1000 <= micros);
  return passed.at(-2)?.lsn ?? base.stop;
};

// For people.
export const targetText = (target: ReplayTarget): string => {
  switch (target.kind) {
    case 'end':
      return 'to its end';
    case 'time':
      return `up to ${target.text}, commits of that very instant ${target.inclusive ? 'included' : 'left out'}`;
    case 'lsn':
      return `up to LSN ${lsnText(target.lsn)}, the record there ${target.inclusive ? 'included' : 'left out'}`;
    case 'name':
      return `up to the restore point "${target.name}"`;
  }
};

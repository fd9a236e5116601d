// As of when: exactly one of the options that name a point.
import { readInstant, readLsn } from '../../core/recovery/wish.ts';
import type { Point } from '../../core/recovery/wish.ts';
import { wrongUse } from '../common/errors.ts';

export type PointOptions = {
  latest?: true;
  backup?: string;
  toTime?: string;
  toLsn?: string;
  toName?: string;
  exclusive?: true;
  timeline?: string;
  base?: string;
};

export const readPoint = (options: PointOptions): Point => {
  const { latest, backup, toTime, toLsn, toName } = options;
  const inclusive = options.exclusive !== true;
  const points: Point[] = [
    ...(latest === true ? [{ kind: 'latest' as const }] : []),
    ...(backup === undefined ? [] : [{ kind: 'backup' as const, id: backup }]),
    ...(toTime === undefined ? [] : [{ kind: 'time' as const, text: toTime, micros: microsOf(toTime), inclusive }]),
    ...(toLsn === undefined ? [] : [{ kind: 'lsn' as const, lsn: lsnOf(toLsn), inclusive }]),
    ...(toName === undefined ? [] : [{ kind: 'name' as const, name: toName }]),
  ];
  const [point] = points;
  if (point === undefined || points.length > 1) {
    throw wrongUse(
      point === undefined ? 'It is not said as of when.' : 'Only one point can be restored.',
      'Give exactly one of --latest, --backup <id>, --to-time <time>, --to-lsn <lsn> and --to-name <name>.',
    );
  }
  if (!inclusive && point.kind !== 'time' && point.kind !== 'lsn') {
    throw wrongUse('--exclusive goes with --to-time or --to-lsn.', 'Leave it out.');
  }
  if (point.kind === 'backup' && (options.base !== undefined || options.timeline !== undefined)) {
    throw wrongUse(
      'A backup has its own timeline, and nothing is replayed behind it.',
      'Leave out --base and --timeline, or name a point instead of --backup.',
    );
  }
  return point;
};

const microsOf = (text: string): number => {
  const micros = readInstant(text);
  if (micros === undefined) {
    throw wrongUse(
      `"${text}" is no point in time.`,
      'Write it in RFC 3339 with its offset, such as 2026-11-22T14:03:07Z or 2026-11-22T15:03:07.250+01:00: without an offset nobody knows which hour is meant.',
    );
  }
  return micros;
};

const lsnOf = (text: string): bigint => {
  const lsn = readLsn(text);
  if (lsn === undefined) {
    throw wrongUse(`"${text}" is no LSN.`, 'Write it as PostgreSQL does, such as 0/3000028.');
  }
  return lsn;
};

export const readTimeline = (text: string | undefined): number | undefined => {
  if (text === undefined) {
    return undefined;
  }
  if (!/^[1-9]\d{0,9}$/.test(text)) {
    throw wrongUse(`"${text}" is no timeline.`, 'Write a number; `plan restore` shows which there are.');
  }
  return Number(text);
};

// What somebody wants back: which component, in which form, and as of when.
import { lsnBytes } from '../../api/lsn.ts';

// A point in the history of a database. `micros`: microseconds since 1970. Exclusive: what happened at that very point is left out.
export type Point =
  | { kind: 'backup'; id: string }
  | { kind: 'latest' }
  | { kind: 'time'; text: string; micros: number; inclusive: boolean }
  | { kind: 'lsn'; lsn: bigint; inclusive: boolean }
  | { kind: 'name'; name: string };

// physical: a data directory that a server starts on. logical: dumps for a server that runs.
export type Form = 'physical' | 'logical';

export type Wish = {
  // Undefined: the only one.
  component?: string;
  form: Form;
  point: Point;
  // Where to start from, for a point behind it. Undefined: the newest backup before the point.
  base?: string;
  // Undefined: the one that leads to the newest point.
  timeline?: number;
  // With a base, for the newest point: what was the newest when it was planned. WAL behind it is left out.
  upTo?: bigint;
};

const instant = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?([Zz]|[+-]\d{2}:\d{2})$/;

// An instant in RFC 3339 with its offset, to the microsecond as PostgreSQL counts. Undefined where the text is none: without an offset nobody knows which hour is meant.
export const readInstant = (text: string): number | undefined => {
  const [, date = '', time = '', fraction = '', offset = ''] = instant.exec(text) ?? [];
  const milliseconds = Date.parse(`${date}T${time}${offset.toUpperCase()}`);
  // Date.parse takes 24:00:00 and turns 30 February into March.
  const wall = Date.parse(`${date}T${time}Z`);
  if (Number.isNaN(milliseconds) || new Date(wall).toISOString().slice(0, 19) !== `${date}T${time}`) {
    return undefined;
  }
  return milliseconds * 1000 + Number(fraction.padEnd(6, '0'));
};

// Such as 2026-11-22T14:03:07.000000Z.
export const microsText = (micros: number): string => {
  const seconds = Math.floor(micros / 1_000_000);
  const fraction = String(micros - seconds * 1_000_000).padStart(6, '0');
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${fraction}Z`;
};

// A place in the WAL as a number of bytes, or undefined where the text is none.
export const readLsn = (text: string): bigint | undefined => {
  try {
    return lsnBytes(text);
  } catch {
    return undefined;
  }
};

// Histories of WAL for tests of plans. A minute of WAL is 1000 bytes, so that the place of a time is easy to see, and there is a mark each minute.
import type { WalSource } from '../../src/core/recovery/wal-source.ts';

export const start = Date.parse('2026-11-22T00:00:00Z');
export const at = (minutes: number): number => start + minutes * 60_000;
export const place = (minutes: number): bigint => BigInt(minutes * 1000);
export const idAt = (minutes: number): string =>
  `${new Date(at(minutes)).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z-full-${String(minutes).padStart(8, '0')}`;

export type Stretch = readonly [from: number, to: number];

// What is held of one timeline.
export const contents = (timeline: number, stretches: readonly Stretch[], end?: { minutes: number; next: number }) => ({
  timeline,
  objects: stretches.map(([from, to]) => ({ from: place(from), to: place(to), keyId: 'k', bytes: 1, sha256: 'x' })),
  marks: stretches.flatMap(([from, to]) =>
    Array.from({ length: to - from + 1 }, (_, index) => ({ timeMilliseconds: at(from + index), lsn: place(from + index) })),
  ),
  ...(end === undefined ? {} : { end: { lsn: place(end.minutes), nextTimeline: end.next } }),
});

export const source = (timelines: ReturnType<typeof contents>[], changes: Partial<WalSource> = {}): WalSource => ({
  lineageId: 'l1',
  systemIdentifier: 'sys',
  createdTime: new Date(start).toISOString(),
  timelines,
  ancestors: new Map(),
  gaps: [],
  ...changes,
});

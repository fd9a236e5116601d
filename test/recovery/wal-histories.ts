// Histories of WAL for tests of plans. A minute of WAL is 1000 bytes, so that the place of a time is easy to see, and there is a mark each minute.
import type { WalSource } from '../../src/core/recovery/wal-source.ts';

export const start = Date.parse('2026-11-22T00:00:00Z');
export const at = (minutes: number): number => start + minutes * 60_000;
export const place = (minutes: number): bigint => BigInt(minutes * 1000);
export const idAt = (minutes: number): string =>
  `${new Date(at(minutes)).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z-full-${String(minutes).padStart(8, '0')}`;

export type Stretch = readonly [from: number, to: number];

// What is held of one timeline. `written`: when the newest of its documents was, in minutes; else the highest timeline is the newest.
export const contents = (timeline: number, stretches: readonly Stretch[], written?: number) => ({
  timeline,
  objects: stretches.map(([from, to]) => ({ from: place(from), to: place(to), keyId: 'k', bytes: 1, sha256: 'x' })),
  marks: stretches.flatMap(([from, to]) =>
    Array.from({ length: to - from + 1 }, (_, index) => ({ timeMilliseconds: at(from + index), lsn: place(from + index) })),
  ),
  ...(written === undefined ? {} : { writtenMilliseconds: at(written) }),
});

export const source = (timelines: ReturnType<typeof contents>[], changes: Partial<WalSource> = {}): WalSource => ({
  lineageId: 'l1',
  systemIdentifier: 'sys',
  createdTime: new Date(start).toISOString(),
  begin: { timeline: timelines[0]?.timeline ?? 1, lsn: timelines[0]?.objects[0]?.from ?? 0n },
  timelines,
  ancestors: new Map(),
  gaps: [],
  ...changes,
});

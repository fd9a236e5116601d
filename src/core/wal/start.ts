// Where a receiver goes on: by what the archive holds and what the server says of itself.
import { segmentStart } from '../../api/lsn.ts';
import type { LineageDocument } from '../../api/stored/wal.ts';
import { blockOf } from './pieces.ts';
import { agree } from './timelines.ts';
import type { Ancestor } from './timelines.ts';

export type ServerPlace = {
  readonly systemIdentifier: string;
  readonly segmentBytes: number;
  readonly timeline: number;
  readonly flushed: bigint;
  readonly inRecovery: boolean;
  // Of its timeline.
  readonly ancestors: readonly Ancestor[];
};

// The newest lineage of the component.
export type ArchivePlace = {
  readonly lineageId: string;
  readonly systemIdentifier: string;
  readonly segmentBytes: number;
  // The newest timeline, and how far it is stored.
  readonly timeline: number;
  readonly to: bigint;
  // Of the newest timeline that has a history.
  readonly ancestors: readonly Ancestor[];
};

// WAL of one timeline, from the beginning of a block on; up to `until`, or without an end.
export type Leg = { readonly timeline: number; readonly from: bigint; readonly until?: bigint };

export type StartDecision =
  | { readonly kind: 'foreign'; readonly archived: string; readonly found: string }
  // A standby that has not received yet what is archived already.
  | { readonly kind: 'wait' }
  | { readonly kind: 'begin'; readonly reason: LineageDocument['reason']; readonly parent?: LineageDocument['parent'] }
  | { readonly kind: 'continue'; readonly legs: readonly Leg[] };

export const decideStart = (server: ServerPlace, archive: ArchivePlace | undefined, text: (lsn: bigint) => string): StartDecision => {
  if (archive === undefined) {
    return { kind: 'begin', reason: 'FirstArchive' };
  }
  if (archive.systemIdentifier !== server.systemIdentifier) {
    return { kind: 'foreign', archived: archive.systemIdentifier, found: server.systemIdentifier };
  }
  const parent = { lineageId: archive.lineageId, timeline: archive.timeline, lsn: text(archive.to) };
  if (archive.segmentBytes !== server.segmentBytes) {
    return { kind: 'begin', reason: 'OtherSegmentSize', parent };
  }
  const isBehind = server.timeline < archive.timeline || (server.timeline === archive.timeline && server.flushed < archive.to);
  if (isBehind) {
    return server.inRecovery ? { kind: 'wait' } : { kind: 'begin', reason: 'ServerBehindArchive', parent };
  }
  const line: readonly Ancestor[] = server.ancestors;
  if (
    !agree(archive.ancestors, line) ||
    (server.timeline !== archive.timeline && !line.some(({ timeline }) => timeline === archive.timeline))
  ) {
    return { kind: 'begin', reason: 'OtherHistory', parent };
  }
  return { kind: 'continue', legs: legsOf(server, archive) };
};

// The rest of the archive's timeline up to its end, then each later one from the segment in which it begins.
const legsOf = ({ timeline, ancestors, segmentBytes }: ServerPlace, archive: ArchivePlace): Leg[] => {
  const line = [
    ...ancestors.map(({ timeline: id, end }) => ({ id, until: end as bigint | undefined })),
    { id: timeline, until: undefined },
  ];
  const first = line.findIndex(({ id }) => id === archive.timeline);
  return line.slice(first).map(({ id, until }, at): Leg => {
    const from = at === 0 ? blockOf(archive.to, segmentBytes).from : segmentStart(line[first + at - 1]?.until ?? 0n, segmentBytes);
    return { timeline: id, from, ...(until === undefined ? {} : { until }) };
  });
};

// Where a receiver goes on: by what the archive holds and what the server says of itself.
import { segmentStart } from '../../api/lsn.ts';
import type { LineageDocument } from '../../api/stored/wal.ts';
import { blockOf } from './pieces.ts';
import { isSamePast } from './timelines.ts';
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

// How far a timeline is stored, and what it came from, where the archive says so.
export type HeldTimeline = { readonly timeline: number; readonly to: bigint; readonly ancestors?: readonly Ancestor[] };

// The newest lineage of the component.
export type ArchivePlace = {
  readonly lineageId: string;
  readonly systemIdentifier: string;
  readonly segmentBytes: number;
  // Where it begins.
  readonly begin: { readonly timeline: number; readonly lsn: bigint };
  // The timeline that was written last, and how far it is stored.
  readonly timeline: number;
  readonly to: bigint;
  readonly timelines: readonly HeldTimeline[];
};

// WAL of one timeline, from the beginning of a block on; up to `until`, or without an end.
export type Leg = { readonly timeline: number; readonly from: bigint; readonly until?: bigint };

// Where the server's WAL must be that of the archive: before `to`, on `timeline`. `isRequired`: where nobody can tell, it does not count as that.
export type Comparison = { readonly timeline: number; readonly to: bigint; readonly isRequired: boolean };

export type StartDecision =
  | { readonly kind: 'foreign'; readonly archived: string; readonly found: string }
  // A standby that has not received yet what is archived already.
  | { readonly kind: 'wait' }
  | { readonly kind: 'begin'; readonly reason: LineageDocument['reason']; readonly parent?: LineageDocument['parent'] }
  | { readonly kind: 'continue'; readonly legs: readonly Leg[]; readonly compare: Comparison };

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
  // A standby of the server that was archived comes there yet.
  const isEarlier = server.timeline < archive.timeline;
  if (server.inRecovery && isEarlier) {
    return { kind: 'wait' };
  }
  const held = heldOnLine(server, archive);
  if (held === undefined) {
    return { kind: 'begin', reason: isEarlier ? 'ServerBehindArchive' : 'OtherHistory', parent };
  }
  const left = server.ancestors.find(({ timeline }) => timeline === held.timeline)?.end;
  if (left === undefined && server.flushed < held.to) {
    return server.inRecovery ? { kind: 'wait' } : { kind: 'begin', reason: 'ServerBehindArchive', parent };
  }
  if (left !== undefined && held.timeline === archive.begin.timeline && left < archive.begin.lsn) {
    return { kind: 'begin', reason: 'OtherHistory', parent };
  }
  return {
    kind: 'continue',
    legs: legsOf(server, held, archive.segmentBytes),
    // A timeline that was left and is there again: after a restore in place was undone, or with the old server of a failover.
    compare: {
      timeline: held.timeline,
      to: left !== undefined && left < held.to ? left : held.to,
      isRequired: left === undefined && held.timeline !== archive.timeline,
    },
  };
};

// The newest timeline on the server's way that the archive holds. None where one of them is held that came from elsewhere: two timelines of one number
// never share a lineage.
const heldOnLine = ({ timeline, ancestors }: ServerPlace, { timelines }: ArchivePlace): HeldTimeline | undefined => {
  const line = [...ancestors.map((each) => each.timeline), timeline];
  const found = line.flatMap((id, at) => {
    const held = timelines.find((each) => each.timeline === id);
    return held === undefined ? [] : [{ held, isSame: held.ancestors === undefined || isSamePast(held.ancestors, ancestors.slice(0, at)) }];
  });
  return found.every(({ isSame }) => isSame) ? found.at(-1)?.held : undefined;
};

// The rest of that timeline up to where the server left it, then each later one from the segment in which it begins.
const legsOf = ({ timeline, ancestors }: ServerPlace, held: HeldTimeline, segmentBytes: number): Leg[] => {
  const line = [
    ...ancestors.map(({ timeline: id, end }) => ({ id, until: end as bigint | undefined })),
    { id: timeline, until: undefined },
  ];
  const first = line.findIndex(({ id }) => id === held.timeline);
  return line.slice(first).map(({ id, until }, at): Leg => {
    const from = at === 0 ? blockOf(held.to, segmentBytes).from : segmentStart(line[first + at - 1]?.until ?? 0n, segmentBytes);
    return { timeline: id, from, ...(until === undefined ? {} : { until }) };
  });
};

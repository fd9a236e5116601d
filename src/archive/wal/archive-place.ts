// Where the archive of a component ends, on each of its timelines, as the start of a receiver asks it.
import { lsnBytes } from '../../api/lsn.ts';
import type { ArchivePlace, HeldTimeline } from '../../core/wal/start.ts';
import { newestOf } from './follower.ts';
import type { Lineage } from './read-lineage.ts';

export const archivePlace = ({ document, pages, tails, ancestors }: Lineage): ArchivePlace => {
  const { lineageId, systemIdentifier, segmentBytes } = document;
  const begin = { timeline: document.timeline, lsn: lsnBytes(document.lsn) };
  const spans = [...pages, ...tails];
  const timelines = [...new Set([begin.timeline, ...spans.map(({ timeline }) => timeline)])].map((timeline): HeldTimeline => {
    const known = ancestors.get(timeline);
    const ends = spans.filter((span) => span.timeline === timeline).map(({ to }) => lsnBytes(to));
    return {
      timeline,
      to: ends.reduce((a, b) => (a > b ? a : b), timeline === begin.timeline ? begin.lsn : 0n),
      ...(known === undefined ? {} : { ancestors: known }),
    };
  });
  const newest = newestOf(spans, lineageId) ?? { timeline: begin.timeline, to: begin.lsn };
  return { lineageId, systemIdentifier, segmentBytes, begin, timeline: newest.timeline, to: newest.to, timelines };
};

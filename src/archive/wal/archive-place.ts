// Where the archive of a component ends, as the start of a receiver asks it.
import { lsnBytes } from '../../api/lsn.ts';
import type { ArchivePlace } from '../../core/wal/start.ts';
import { newestOf } from './follower.ts';
import type { Lineage } from './read-lineage.ts';

export const archivePlace = ({ document, pages, tails, ancestors }: Lineage): ArchivePlace => {
  const { lineageId, systemIdentifier, segmentBytes } = document;
  const newest = newestOf([...pages, ...tails], lineageId) ?? { timeline: document.timeline, to: lsnBytes(document.lsn) };
  return {
    lineageId,
    systemIdentifier,
    segmentBytes,
    timeline: newest.timeline,
    to: newest.to,
    ancestors: ancestors.get(Math.max(0, ...ancestors.keys())) ?? [],
  };
};

// The WAL archives of a component, read once: what the plan says is what is served.
import { lsnBytes } from '../../../api/lsn.ts';
import type { WalSource } from '../../../core/recovery/wal-source.ts';
import { lineagesOf, readLineage } from '../../wal/read-lineage.ts';
import type { Lineage } from '../../wal/read-lineage.ts';
import type { Source } from '../source.ts';

// Oldest first.
export const readWalSources = async (
  source: Source,
  component: string,
): Promise<{ sources: WalSource[]; lineages: Map<string, Lineage> }> => {
  const { store } = source;
  const documents = await lineagesOf(store, component, source);
  const read = await Promise.all(documents.map(({ lineageId }) => readLineage(store, lineageId, source)));
  const lineages = new Map<string, Lineage>(read.map((lineage) => [lineage.document.lineageId, lineage]));
  const sources = [...lineages.values()]
    .toSorted((a, b) => Date.parse(a.document.createdTime) - Date.parse(b.document.createdTime))
    .map(({ document, timelines, ancestors, gaps }) => ({
      lineageId: document.lineageId,
      systemIdentifier: document.systemIdentifier,
      createdTime: document.createdTime,
      begin: { timeline: document.timeline, lsn: lsnBytes(document.lsn) },
      timelines,
      ancestors,
      gaps,
    }));
  return { sources, lineages };
};

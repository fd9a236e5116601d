// What a recovering server is given when it asks for a file of its archive: the file, or the word that it does not exist, which must be proven.
import { createWriteStream } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseSegmentName, segmentNames } from '../../../api/lsn.ts';
import type { Replay } from '../../../core/recovery/replay.ts';
import type { Store } from '../../../stores/store.ts';
import { ArchiveError } from '../../errors.ts';
import { readObject } from '../../volumes.ts';
import type { Lineage } from '../../wal/read-lineage.ts';
import { segmentReader } from '../../wal/read-segment.ts';
import { writeUsed } from './used-timelines.ts';
import type { UsedTimelines } from './used-timelines.ts';

export type Supply = {
  // Segments in the order in which they will be asked for.
  order: readonly string[];
  // Writes it to a new file. False: it is proven not to exist. Throws where it should be there and is not.
  write(name: string, path: string, signal: AbortSignal): Promise<boolean>;
};

type SupplyOptions = {
  store: Store;
  lineage: Lineage;
  replay: Replay;
  identities: readonly string[];
  // Where the backup begins: what lies before the end of it may come from its own pg_wal.
  start: bigint;
  dataDirectory: string;
  usedTimelines: UsedTimelines;
};

export const makeSupply = ({ store, lineage, replay, identities, start, dataDirectory, usedTimelines }: SupplyOptions): Supply => {
  const { segmentBytes } = lineage.document;
  const reader = segmentReader(store, lineage, identities);
  const steps = replay.steps.map(({ timeline, from, to }, at) => ({ timeline, from: at === 0 ? start : from, to: to ?? replay.to }));

  const writeSegment = async (name: string, path: string, signal: AbortSignal): Promise<boolean> => {
    const place = parseSegmentName(name, segmentBytes);
    const step = place === undefined ? undefined : steps.find(({ timeline }) => timeline === place.timeline);
    // Not on the way, or behind its end: the signed documents say that the server needs nothing of it.
    if (place === undefined || step === undefined || place.start >= step.to) {
      return false;
    }
    const end = place.start + BigInt(segmentBytes);
    const needed = end < step.to ? end : step.to;
    if (place.start + BigInt(reader.stored(name)) >= needed) {
      await reader.write(name, path, { upTo: step.to, signal });
      return true;
    }
    // The backup brought its own copy of what it needs to be consistent.
    const first = replay.steps[0];
    if (
      first?.timeline === place.timeline &&
      place.start < first.from &&
      needed <= first.from &&
      (await isThere(join(dataDirectory, 'pg_wal', name)))
    ) {
      return false;
    }
    throw new ArchiveError(
      'WalMissing',
      `The WAL segment ${name} is not stored whole, although the index said so. Find out who changed the store.`,
    );
  };

  const writeHistory = async (timeline: number, path: string, signal: AbortSignal): Promise<boolean> => {
    const history = lineage.histories.get(timeline);
    if (history !== undefined) {
      await pipeline(readObject(store, history.file, signal), createWriteStream(path, { mode: 0o600 }), { signal });
      return true;
    }
    // It looks for a number that is free.
    const isUsed = timeline > replay.timeline && (await usedTimelines()).has(timeline);
    await (isUsed ? writeUsed(path) : undefined);
    return isUsed;
  };

  return {
    order: steps.flatMap(({ timeline, from, to }) => segmentNames(timeline, from, to, segmentBytes)),
    async write(name, path, signal) {
      const [, timeline] = /^([0-9A-F]{8})\.history$/.exec(name) ?? [];
      return timeline === undefined ? writeSegment(name, path, signal) : writeHistory(Number.parseInt(timeline, 16), path, signal);
    },
  };
};

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

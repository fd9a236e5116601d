// What a replay needs besides the backup, looked at before anything is read: PostgreSQL itself, the stored WAL, its keys.
import { lsnBytes, lsnText } from '../../../api/lsn.ts';
import type { Link } from '../../../core/recovery/choose.ts';
import type { ReplayFacts } from '../../../core/recovery/plan.ts';
import type { Replay } from '../../../core/recovery/replay.ts';
import { selectObjects } from '../../../core/wal/objects.ts';
import type { Placed } from '../../../core/wal/objects.ts';
import { findPrograms } from '../../../engines/postgresql/recovery/programs.ts';
import type { Programs } from '../../../engines/postgresql/recovery/programs.ts';
import type { Store } from '../../../stores/store.ts';
import { ArchiveError } from '../../errors.ts';
import { walObjectKey, walTimelinePrefix } from '../../layout.ts';
import type { Lineage } from '../../wal/read-lineage.ts';
import { openSidecar } from '../keys.ts';
import type { Source } from '../source.ts';

// What the replay works with, once the plan was accepted.
export type ReplayTools = { replay: Replay; lineage: Lineage; start: bigint; programs: Programs };
export type PreparedReplay = { facts: ReplayFacts; tools?: ReplayTools };

type Options = {
  source: Source;
  replay: Replay;
  lineage: Lineage;
  last: Link;
  identities: readonly string[] | undefined;
  programs: string | undefined;
};

export const prepareReplay = async ({ source, replay, lineage, last, identities, programs: wanted }: Options): Promise<PreparedReplay> => {
  const { facts } = last.component;
  const major = Number.parseInt(facts.versions['postgresql'] ?? '', 10);
  const start = lsnBytes(facts.postgresql?.startLsn ?? facts.postgresql?.stopLsn ?? '0/0');
  const needed = neededObjects(replay, lineage);
  const [programs, missing, closed] = await Promise.all([
    findPrograms(major, 'postgres', wanted),
    missingObject(source.store, lineage, needed),
    identities === undefined ? undefined : closedKey(source.store, lineage, needed, identities),
  ]);
  return {
    facts: {
      target: replay.target,
      timeline: replay.timeline,
      to: lsnText(replay.to),
      ...(replay.latestMilliseconds === undefined ? {} : { latestTime: new Date(replay.latestMilliseconds).toISOString() }),
      storedBytes: needed.reduce((sum, { object }) => sum + object.bytes, 0),
      rawBytes: Number(replay.to - start),
      segmentBytes: lineage.document.segmentBytes,
      major,
      ...(programs === undefined ? {} : { server: programs.version }),
      ...(missing === undefined ? {} : { missing }),
      ...(closed === undefined ? {} : { closed }),
    },
    ...(programs === undefined ? {} : { tools: { replay, lineage, start, programs } }),
  };
};

export type NeededWal = { timeline: number; object: Placed };

// What is read of the archive.
export const neededObjects = ({ steps, to: end }: Replay, { timelines }: Lineage): NeededWal[] =>
  steps.flatMap(({ timeline, from, to = end }) => {
    const objects = timelines.find((contents) => contents.timeline === timeline)?.objects ?? [];
    return selectObjects(objects, { from, to }).parts.map(({ object }) => ({ timeline, object }));
  });

// The first one that the index names and the store does not have. A list costs one request for a thousand of them.
const missingObject = async (store: Store, { document }: Lineage, needed: readonly NeededWal[]): Promise<string | undefined> => {
  const sizes = new Map<string, number>();
  for (const timeline of new Set(needed.map((each) => each.timeline))) {
    for await (const { key, sizeBytes } of store.list(walTimelinePrefix(document.lineageId, timeline))) {
      sizes.set(key, sizeBytes);
    }
  }
  return needed
    .map(({ timeline, object }) => ({ key: walObjectKey(document, timeline, object), bytes: object.bytes }))
    .find(({ key, bytes }) => sizes.get(key) !== bytes)?.key;
};

// What the identity does not open.
const closedKey = async (
  store: Store,
  { keys }: Lineage,
  needed: readonly NeededWal[],
  identities: readonly string[],
): Promise<string | undefined> => {
  for (const keyId of new Set(needed.map(({ object }) => object.keyId))) {
    const sidecar = keys.get(keyId);
    try {
      if (sidecar === undefined || (await openSidecar(store, sidecar, identities)) === undefined) {
        return keyId;
      }
    } catch (error) {
      if (!(error instanceof ArchiveError)) {
        throw error;
      }
      return keyId;
    }
  }
  return undefined;
};

// The archive against the truth: the server's own files, byte by byte.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lsnBytes, lsnText, parseSegmentName, segmentNames } from '../../src/api/lsn.ts';
import { findRepository } from '../../src/archive/repository.ts';
import { lineagesOf, readLineage } from '../../src/archive/wal/read-lineage.ts';
import type { Lineage } from '../../src/archive/wal/read-lineage.ts';
import { segmentReader } from '../../src/archive/wal/read-segment.ts';
import type { Placed } from '../../src/core/wal/objects.ts';
import { joinRanges, placed } from '../../src/core/wal/objects.ts';
import type { PostgresServer } from '../engines/postgres-server.ts';
import type { WalPolicy } from './receiver-run.ts';

// The newest lineage of a tier, whole; undefined where there is none.
export const newestLineage = async (policy: WalPolicy, tier = 'local'): Promise<Lineage | undefined> => {
  const store = await policy.store(tier);
  try {
    const repository = await findRepository(store);
    if (repository === undefined) {
      return undefined;
    }
    const trust = { repositoryId: repository.repositoryId, verifiers: policy.verifiers };
    const newest = (await lineagesOf(store, 'db', trust)).at(-1);
    return newest === undefined ? undefined : await readLineage(store, newest.lineageId, trust);
  } finally {
    await store.close();
  }
};

export const lineage = async (policy: WalPolicy, tier = 'local'): Promise<Lineage> => {
  const found = await newestLineage(policy, tier);
  if (found === undefined) {
    throw new Error('there is no lineage');
  }
  return found;
};

// How far a timeline is stored without a hole, from its newest beginning on. A lineage without WAL ends where it begins.
export const storedTo = (of: Lineage | undefined, timeline = 1): bigint =>
  joinRanges(of?.timelines.find((one) => one.timeline === timeline)?.objects ?? []).at(-1)?.to ?? lsnBytes(of?.document.lsn ?? '0/0');

export type Checked = { segments: number; bytes: number; objects: number };

// Compares every stored byte with the server's. `fileOf`: where the server's file of a segment lies. Throws at the first difference.
export const checkAgainst = async (
  policy: WalPolicy,
  { dataDirectory }: Pick<PostgresServer, 'dataDirectory'>,
  { tier = 'local', timeline = 1, of }: { tier?: string; timeline?: number; of?: Lineage } = {},
): Promise<Checked> => {
  const found = of ?? (await lineage(policy, tier));
  if (found.damaged.length > 0) {
    throw new Error(`damaged: ${JSON.stringify(found.damaged)}`);
  }
  const { segmentBytes } = found.document;
  const contents = found.timelines.find((one) => one.timeline === timeline);
  const ranges = joinRanges(contents?.objects ?? []);
  checkOverlaps(found, timeline);
  const store = await policy.store(tier);
  const reader = segmentReader(store, found, [policy.identity]);
  let segments = 0;
  let bytes = 0;
  try {
    for (const { from, to } of ranges) {
      for (const name of segmentNames(timeline, from, to, segmentBytes)) {
        const length = reader.stored(name);
        const parts: Buffer[] = [];
        const at = parseSegmentName(name, segmentBytes)?.start ?? 0n;
        for await (const part of reader.read(name, { upTo: at + BigInt(length) })) {
          parts.push(Buffer.from(part));
        }
        const ours = Buffer.concat(parts);
        const path = join(dataDirectory, 'pg_wal', name);
        const theirs = readFileSync(existsSync(path) ? path : `${path}.partial`);
        if (ours.length !== segmentBytes || !ours.subarray(0, length).equals(theirs.subarray(0, length))) {
          throw new Error(`${name} differs from the server's file within its first ${length} bytes`);
        }
        if (!ours.subarray(length).every((byte) => byte === 0)) {
          throw new Error(`${name} is not padded with zeros`);
        }
        segments += 1;
        bytes += length;
      }
    }
  } finally {
    await store.close();
  }
  return { segments, bytes, objects: contents?.objects.length ?? 0 };
};

// No two objects of one document hold the same byte, and none leaves a hole.
const checkOverlaps = (found: Lineage, timeline: number): void => {
  for (const document of [...found.pages, ...found.tails].filter((one) => one.timeline === timeline)) {
    let at = lsnBytes(document.from);
    for (const object of document.objects.map(placed).toSorted((a: Placed, b: Placed) => Number(a.from - b.from))) {
      if (object.from !== at) {
        throw new Error(`${document.key}: an object begins at ${lsnText(object.from)}, and ${lsnText(at)} was next`);
      }
      at = object.to;
    }
    if (at !== lsnBytes(document.to)) {
      throw new Error(`${document.key} ends at ${lsnText(at)}, and says ${document.to}`);
    }
  }
};

// What the server believes to be archived.
export const acknowledgedLsn = async (server: PostgresServer): Promise<bigint> => {
  const [row] = await server.query<{ lsn: string | null }>(
    `SELECT greatest((SELECT max(flush_lsn) FROM pg_stat_replication), (SELECT max(restart_lsn) FROM pg_replication_slots))::text AS lsn`,
  );
  return row?.lsn == null ? 0n : lsnBytes(row.lsn);
};

export const flushedLsn = async (server: PostgresServer): Promise<bigint> => {
  const [row] = await server.query<{ lsn: string }>('SELECT pg_current_wal_flush_lsn()::text AS lsn');
  return lsnBytes(row?.lsn ?? '0/0');
};

// The archive that a receiver writes to: its first tier, the rights to write there, and the newest lineage of the component.
import { lsnText } from '../../api/lsn.ts';
import type { ReceivePlan } from '../../api/agent.ts';
import type { LineageDocument, WalGap, WalHistory } from '../../api/stored/wal.ts';
import type { WalGapReason } from '../../api/wal-gap.ts';
import { parseHistory } from '../../core/wal/timelines.ts';
import type { Store } from '../../stores/store.ts';
import type { AgentContext } from '../context.ts';
import { ArchiveError } from '../errors.ts';
import { compactTime, lineageKey, walGapKey, walHistoryFileKey, walHistoryKey } from '../layout.ts';
import { ensureRepository } from '../repository.ts';
import type { Signer, Verifiers } from '../signing/keys.ts';
import { putOnce } from '../small-objects.ts';
import { ensureWriter, recheckWriter } from '../writers.ts';
import type { CurrentWriter } from '../writers.ts';
import { sealWal } from './documents.ts';
import type { Trust } from './documents.ts';
import { lineagesOf, readLineage } from './read-lineage.ts';
import type { Lineage } from './read-lineage.ts';

export type Archive = {
  readonly trust: Trust;
  readonly signer: Signer;
  readonly writer: CurrentWriter;
  // Throws where somebody else has become the writer.
  recheck(): Promise<void>;
};

export const openArchive = async (
  plan: ReceivePlan,
  store: Store,
  keys: { signer: Signer; verifiers: Verifiers },
  context: AgentContext,
): Promise<Archive> => {
  const { signer, verifiers } = keys;
  const time = context.now().toISOString();
  const repository = await ensureRepository(store, time);
  const { repositoryId } = repository;
  const writer = await ensureWriter(store, repository, { clusterId: plan.clusterId, ...plan.policy }, time, signer, verifiers);
  return {
    trust: { repositoryId, verifiers },
    signer,
    writer,
    recheck: () => recheckWriter(store, writer, repositoryId, verifiers),
  };
};

// The newest lineage of the component with the newest documents of each timeline, or undefined where there is none.
export const newestLineage = async (store: Store, component: string, trust: Trust): Promise<Lineage | undefined> => {
  const newest = (await lineagesOf(store, component, trust)).at(-1);
  return newest === undefined ? undefined : readLineage(store, newest.lineageId, trust, { recent: true });
};

const head = ({ trust, writer }: Archive, lineageId: string, key: string, now: Date) => ({
  minReader: 1,
  repositoryId: trust.repositoryId,
  key,
  epoch: writer.document.epoch,
  lineageId,
  createdTime: now.toISOString(),
});

type NewLineage = Omit<LineageDocument, 'schema' | 'minReader' | 'repositoryId' | 'key' | 'epoch' | 'lineageId' | 'createdTime'>;

// Begins a lineage. Ids sort by time.
export const beginLineage = async (
  store: Store,
  archive: Archive,
  unique: string,
  now: Date,
  content: NewLineage,
): Promise<LineageDocument> => {
  const lineageId = `${compactTime(now.toISOString())}-${unique}`;
  const key = lineageKey(lineageId);
  const document: LineageDocument = { schema: 'holdfast.dev/wal-lineage/v1', ...head(archive, lineageId, key, now), ...content };
  await putOnce(store, key, sealWal('lineage', document, archive.signer));
  return document;
};

// Stores the history file of a timeline as the server has it, and the signed document that names it.
export const storeHistory = async (
  store: Store,
  archive: Archive,
  { lineageId, timeline, now }: { lineageId: string; timeline: number; now: Date },
  file: Buffer,
): Promise<void> => {
  const ancestors = parseHistory(file.toString('utf8'));
  if (ancestors === undefined) {
    throw new ArchiveError('DocumentInvalid', `The server's history file of timeline ${timeline} cannot be read. Look at it in pg_wal.`);
  }
  const stored = await putOnce(store, walHistoryFileKey(lineageId, timeline), file);
  const key = walHistoryKey(lineageId, timeline);
  const document: WalHistory = {
    schema: 'holdfast.dev/wal-history/v1',
    ...head(archive, lineageId, key, now),
    timeline,
    ancestors: ancestors.map(({ timeline: id, end }) => ({ timeline: id, endLsn: lsnText(end) })),
    file: stored,
  };
  await store.put(key, sealWal('history', document, archive.signer));
};

// Says that WAL was given up, and why. The first word on a place stands.
export const storeGap = async (
  store: Store,
  archive: Archive,
  { lineageId, now }: { lineageId: string; now: Date },
  gap: { timeline: number; from: bigint; serverLsn: bigint; reason: WalGapReason },
): Promise<void> => {
  const key = walGapKey(lineageId, gap.timeline, gap.from);
  const document: WalGap = {
    schema: 'holdfast.dev/wal-gap/v1',
    ...head(archive, lineageId, key, now),
    timeline: gap.timeline,
    from: lsnText(gap.from),
    serverLsn: lsnText(gap.serverLsn),
    reason: gap.reason,
  };
  await store.put(key, sealWal('gap', document, archive.signer));
};

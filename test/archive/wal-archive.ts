// A WAL archive of a component as a receiver leaves it: signed documents, and objects that hold anything. No server is needed.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { lsnText } from '../../src/api/lsn.ts';
import type { LineageDocument, WalObject, WalPage } from '../../src/api/stored/wal.ts';
import {
  lineageKey,
  sidecarKey,
  walHistoryFileKey,
  walHistoryKey,
  walObjectKey,
  walPageKey,
  walTailKey,
} from '../../src/archive/layout.ts';
import { findRepository } from '../../src/archive/repository.ts';
import { readSigner } from '../../src/archive/signing/keys.ts';
import type { Signer } from '../../src/archive/signing/keys.ts';
import { sealWal } from '../../src/archive/wal/documents.ts';
import type { Store } from '../../src/stores/store.ts';
import type { Policy } from './repository.ts';

export const segmentBytes = 16 * 1024 ** 2;
export const segment = (index: number): bigint => BigInt(index * segmentBytes);

export type WalWriter = {
  readonly lineageId: string;
  objectKey(timeline: number, index: number): string;
  pageKey(timeline: number, from: number): string;
  // Whole segments, named by one page or by a tail; with a mark at the end of each, a minute after the one before.
  page(timeline: number, from: number, to: number, end?: WalPage['end']): Promise<void>;
  tail(timeline: number, from: number, to: number): Promise<string>;
  history(timeline: number, parent: number, end: bigint): Promise<string>;
};

// Minute by minute a segment is filled.
export const segmentTime = (index: number): string => new Date(Date.parse('2026-11-22T00:00:00Z') + index * 60_000).toISOString();

export const startLineage = async (
  policy: Policy,
  {
    component = 'db',
    lineageId = '20261122T000000Z-3f9a1c04',
    signer,
    reason = 'FirstArchive',
    createdTime = segmentTime(0),
  }: { component?: string; lineageId?: string; signer?: Signer; reason?: LineageDocument['reason']; createdTime?: string } = {},
): Promise<WalWriter> => {
  const store = policy.store();
  const repositoryId = (await findRepository(store))?.repositoryId ?? '';
  const own = signer ?? readSigner(await readFile(policy.signingKeyFile, 'utf8'));
  const common = { minReader: 1, repositoryId, epoch: 1, lineageId, createdTime };
  const keyId = `wal.${component}.20261122T000000Z-1`;
  const sidecar = { ...(await putContent(store, sidecarKey(keyId, '0123456789abcdef'), 'a wrapped identity')) };
  await store.put(
    lineageKey(lineageId),
    sealWal(
      'lineage',
      {
        ...common,
        schema: 'holdfast.dev/wal-lineage/v1',
        key: lineageKey(lineageId),
        component,
        systemIdentifier: 'sys',
        segmentBytes,
        version: 17,
        timeline: 1,
        lsn: '0/0',
        reason,
      },
      own,
    ),
  );
  const objectKey = (timeline: number, index: number): string =>
    walObjectKey({ lineageId, segmentBytes }, timeline, { from: segment(index), to: segment(index + 1), keyId });
  const span = async (timeline: number, from: number, to: number) => {
    const objects: WalObject[] = [];
    for (let index = from; index < to; index += 1) {
      const { bytes, sha256 } = await putContent(store, objectKey(timeline, index), `segment ${index} of ${timeline}`);
      objects.push({ from: lsnText(segment(index)), to: lsnText(segment(index + 1)), keyId, bytes, sha256 });
    }
    const marks = objects.map(({ to: lsn }, index) => ({ time: segmentTime(from + index + 1), lsn }));
    return { ...common, timeline, from: lsnText(segment(from)), to: lsnText(segment(to)), objects, marks, keys: [sidecar] };
  };
  return {
    lineageId,
    objectKey,
    pageKey: (timeline, from) => walPageKey(lineageId, timeline, segment(from)),
    async page(timeline, from, to, end) {
      const key = walPageKey(lineageId, timeline, segment(from));
      const document = { ...(await span(timeline, from, to)), schema: 'holdfast.dev/wal-page/v1' as const, key };
      await store.put(key, sealWal('page', { ...document, ...(end === undefined ? {} : { end }) }, own));
    },
    async tail(timeline, from, to) {
      const key = walTailKey(lineageId, timeline, { to: segment(to), time: segmentTime(to), count: to });
      await store.put(key, sealWal('tail', { ...(await span(timeline, from, to)), schema: 'holdfast.dev/wal-tail/v1', key }, own));
      return key;
    },
    async history(timeline, parent, end) {
      const file = await putContent(store, walHistoryFileKey(lineageId, timeline), `${parent}\t${lsnText(end)}\tno reason\n`);
      const key = walHistoryKey(lineageId, timeline);
      const ancestors = [{ timeline: parent, endLsn: lsnText(end) }];
      await store.put(key, sealWal('history', { ...common, schema: 'holdfast.dev/wal-history/v1', key, timeline, ancestors, file }, own));
      return file.key;
    },
  };
};

const putContent = async (store: Store, key: string, text: string) => {
  const content = Buffer.from(text);
  await store.put(key, content);
  return { key, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') };
};

// The signed documents of a WAL archive: written once, and believed only after every check.
import { lsnBytes } from '../../api/lsn.ts';
import { payloadTypes } from '../../api/stored/envelope.ts';
import type { PayloadType } from '../../api/stored/envelope.ts';
import { lineageSchema, walGapSchema, walHistorySchema, walPageSchema, walTailSchema } from '../../api/stored/wal.ts';
import type { LineageDocument, WalGap, WalHistory, WalPage, WalTail } from '../../api/stored/wal.ts';
import type { Store } from '../../stores/store.ts';
import { ArchiveError } from '../errors.ts';
import { lineageKey, walGapKey, walHistoryKey, walPageKey, walTailPlace } from '../layout.ts';
import { openDocument, sealDocument } from '../signing/envelope.ts';
import type { Signer, Verifiers } from '../signing/keys.ts';
import { largestDocumentBytes } from '../small-objects.ts';

export type Documents = { lineage: LineageDocument; page: WalPage; tail: WalTail; history: WalHistory; gap: WalGap };
export type WalKind = keyof Documents;

const schemas = { lineage: lineageSchema, page: walPageSchema, tail: walTailSchema, history: walHistorySchema, gap: walGapSchema };
const types: Record<WalKind, PayloadType> = {
  lineage: payloadTypes.walLineage,
  page: payloadTypes.walPage,
  tail: payloadTypes.walTail,
  history: payloadTypes.walHistory,
  gap: payloadTypes.walGap,
};

export type Trust = { readonly repositoryId: string; readonly verifiers: Verifiers };

// A document passes its schema before it is signed: what no reader could open is never written.
export const sealWal = <K extends WalKind>(kind: K, document: Documents[K], signer: Signer): Buffer =>
  sealDocument(types[kind], schemas[kind].parse(document), signer);

export const openWal = <K extends WalKind>(kind: K, bytes: Buffer, key: string, { repositoryId, verifiers }: Trust): Documents[K] => {
  const expected = { key, payloadType: types[kind], schema: schemas[kind] as typeof lineageSchema, repositoryId };
  const document = openDocument(bytes, expected, verifiers) as unknown as Documents[K];
  if (!isAtItsPlace(kind, document, key)) {
    throw new ArchiveError('DocumentInvalid', `${key} describes another place of the WAL than its key says.`);
  }
  return document;
};

export const readWal = async <K extends WalKind>(store: Store, kind: K, key: string, trust: Trust): Promise<Documents[K]> =>
  openWal(kind, await store.get(key, largestDocumentBytes), key, trust);

const isAtItsPlace = (kind: WalKind, document: Documents[WalKind], key: string): boolean => {
  const { lineageId } = document;
  switch (kind) {
    case 'lineage':
      return key === lineageKey(lineageId);
    case 'history':
      return key === walHistoryKey(lineageId, (document as WalHistory).timeline);
    case 'gap': {
      const { timeline, from } = document as WalGap;
      return key === walGapKey(lineageId, timeline, lsnBytes(from));
    }
    case 'page': {
      const { timeline, from } = document as WalPage;
      return key === walPageKey(lineageId, timeline, lsnBytes(from));
    }
    case 'tail': {
      const { timeline, to } = document as WalTail;
      return key.startsWith(`${walTailPlace(lineageId, timeline, lsnBytes(to))}-`);
    }
  }
};

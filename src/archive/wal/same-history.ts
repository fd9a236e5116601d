// Whether a server still has the WAL that was archived last. One that was set back, as by a snapshot of its disk, and has since written more than the
// archive holds looks like a continuation by its system identifier, timeline and position; only the bytes tell.
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { lsnBytes, lsnText, segmentStart } from '../../api/lsn.ts';
import type { WalCheck } from '../../api/stored/wal.ts';
import type { Range } from '../../core/wal/objects.ts';
import type { Comparison } from '../../core/wal/start.ts';
import { EngineError } from '../../engines/engine.ts';
import { readRange } from '../../engines/wal/read-range.ts';
import type { Store } from '../../stores/store.ts';
import { walTailPlace, walTailsPrefix } from '../layout.ts';
import { ArchiveError } from '../errors.ts';
import type { Signer } from '../signing/keys.ts';
import { readWal } from './documents.ts';
import type { Trust } from './documents.ts';
import type { Lineage } from './read-lineage.ts';
import type { Receiver } from './receiver.ts';
import { targetOf } from './server-side.ts';

// How much is compared. Fewer bytes than the least could be the same by chance: headers of pages, and little else.
export const checkedBytes = 64 * 1024;
const leastBytes = 256;

const digest = ({ privateKey }: Signer, bytes: Buffer): Buffer => {
  const secret = hkdfSync('sha256', privateKey.export({ type: 'pkcs8', format: 'der' }), '', 'holdfast.dev/wal-check/v1', 32);
  return createHmac('sha256', Buffer.from(secret)).update(bytes).digest();
};

// What a tail says of the WAL before `to`. Undefined: there is too little of it to tell.
export const makeCheck = (signer: Signer, to: bigint, bytes: Buffer): WalCheck | undefined =>
  bytes.length < leastBytes
    ? undefined
    : {
        from: lsnText(to - BigInt(bytes.length)),
        to: lsnText(to),
        keyId: signer.keyId,
        hmacSha256: digest(signer, bytes).toString('hex'),
      };

// `unknown`: nobody can tell, and the log says why.
export type Comparing = 'same' | 'other' | 'unknown';

// Whether the server has the same bytes at a place that is archived. `check`: the newest one of the timeline that lies on the server's way.
export const compareHistory = async (
  receiver: Receiver,
  { timeline, to }: Pick<Comparison, 'timeline' | 'to'>,
  check: WalCheck | undefined,
): Promise<Comparing> => {
  const { archive, context, plan } = receiver;
  const unknown = (why: string): 'unknown' => {
    context.log.warn('Whether the server is of the history that is archived was not checked', { why, timeline, to: lsnText(to) });
    return 'unknown';
  };
  if (check === undefined || lsnBytes(check.to) > to) {
    return unknown('the archive holds nothing to compare with');
  }
  if (check.keyId !== archive.signer.keyId) {
    return unknown(`the archive was signed with the key ${check.keyId} last`);
  }
  const range: Range = { from: lsnBytes(check.from), to: lsnBytes(check.to) };
  const bytes = await readRange({ ...targetOf(plan), timeline, ...range }).catch((error: unknown) => {
    if (error instanceof EngineError && error.code === 'WalRemoved') {
      return undefined;
    }
    throw error;
  });
  if (bytes === undefined) {
    return unknown('the server has removed that WAL');
  }
  return timingSafeEqual(digest(archive.signer, bytes), Buffer.from(check.hmacSha256, 'hex')) ? 'same' : 'other';
};

const unlessDamaged = (error: unknown): undefined => {
  if (!(error instanceof ArchiveError)) {
    throw error;
  }
};

// The check to compare with: of the newest tail, or of the newest one at or before a place within what is archived, in the segment of that place. A server
// that was recovered to there has that segment.
export const checkFor = async (
  store: Store,
  { document, tails }: Lineage,
  { timeline, to }: Pick<Comparison, 'timeline' | 'to'>,
  trust: Trust,
): Promise<WalCheck | undefined> => {
  const newest = tails.find((tail) => tail.timeline === timeline)?.check;
  if (newest === undefined || lsnBytes(newest.to) <= to) {
    return newest;
  }
  const { lineageId, segmentBytes } = document;
  const after = walTailPlace(lineageId, timeline, segmentStart(to, segmentBytes) + 1n);
  let found: string | undefined;
  for await (const { key } of store.list(walTailsPrefix(lineageId, timeline), { after })) {
    if (key >= walTailPlace(lineageId, timeline, to + 1n)) {
      break;
    }
    found = key;
  }
  return found === undefined ? undefined : (await readWal(store, 'tail', found, trust).catch(unlessDamaged))?.check;
};

// Whether a server still has the WAL that was archived last. One that was set back, as by a snapshot of its disk, and has since written more than the
// archive holds looks like a continuation by its system identifier, timeline and position; only the bytes tell.
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { lsnBytes, lsnText } from '../../api/lsn.ts';
import type { WalCheck } from '../../api/stored/wal.ts';
import type { Range } from '../../core/wal/objects.ts';
import type { Leg } from '../../core/wal/start.ts';
import { EngineError } from '../../engines/engine.ts';
import { readRange } from '../../engines/wal/read-range.ts';
import type { Signer } from '../signing/keys.ts';
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

// False: the server has other bytes at a place that is archived. True also where nobody can tell, which the log says.
export const isSameHistory = async (receiver: Receiver, { timeline, until }: Leg, check: WalCheck | undefined): Promise<boolean> => {
  const { archive, context, plan } = receiver;
  const unknown = (why: string): true => {
    context.log.warn('Whether the server is of the history that is archived was not checked', { why });
    return true;
  };
  if (check === undefined) {
    return unknown('the archive holds nothing to compare with');
  }
  if (check.keyId !== archive.signer.keyId) {
    return unknown(`the archive was signed with the key ${check.keyId} last`);
  }
  const range: Range = { from: lsnBytes(check.from), to: lsnBytes(check.to) };
  // WAL behind the place where the server left the timeline was never its own.
  if (until !== undefined && range.to > until) {
    return unknown('the archive goes further than the server did on that timeline');
  }
  const bytes = await readRange({ ...targetOf(plan), timeline, ...range }).catch((error: unknown) => {
    if (error instanceof EngineError && error.code === 'WalRemoved') {
      return undefined;
    }
    throw error;
  });
  return bytes === undefined
    ? unknown('the server has removed that WAL')
    : timingSafeEqual(digest(archive.signer, bytes), Buffer.from(check.hmacSha256, 'hex'));
};

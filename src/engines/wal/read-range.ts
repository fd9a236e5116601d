// Some WAL that the server still has, without a slot: nothing is kept for it, and nothing acknowledged.
import { EngineError } from '../engine.ts';
import type { Target } from '../postgresql/client.ts';
import { openStream } from './stream.ts';

// Throws WalRemoved where the server has it no longer.
export const readRange = async ({ from, to, ...place }: Target & { timeline: number; from: bigint; to: bigint }): Promise<Buffer> => {
  const wanted = Number(to - from);
  const parts: Buffer[] = [];
  let length = 0;
  const all = Promise.withResolvers<void>();
  const stream = await openStream({
    ...place,
    from,
    onWal(_, bytes) {
      if (length < wanted) {
        parts.push(Buffer.from(bytes));
        length += bytes.length;
      }
      if (length >= wanted) {
        all.resolve();
      }
    },
  });
  try {
    await Promise.race([all.promise, stream.ended]);
  } finally {
    await stream.close();
  }
  if (length < wanted) {
    throw new EngineError('SourceUnreachable', 'The server stopped to send WAL.', { retryable: true });
  }
  return Buffer.concat(parts).subarray(0, wanted);
};

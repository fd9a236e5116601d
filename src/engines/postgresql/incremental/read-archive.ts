// The stored form of an increment's archive, a stream in the format zstd, read as the tar that it holds.
import type { Readable } from 'node:stream';
import { feed } from '../feed.ts';
import { startTool } from '../tool.ts';

// Ends well only if the stream and zstd did.
export async function* decompressed(stream: Readable, signal: AbortSignal): AsyncGenerator<Buffer> {
  const tool = startTool({
    script: 'exec zstd -dcq',
    signal,
    failure: { code: 'VerificationFailed', what: 'Decompressing an increment', retryable: false },
  });
  const ended = Promise.all([feed(stream, tool), tool.ended]);
  // It may fail while nobody waits for it; it is looked at in the end.
  ended.catch(() => undefined);
  try {
    yield* tool.stdout as AsyncIterable<Buffer>;
    await ended;
  } finally {
    tool.stdout.destroy();
    stream.destroy();
  }
}

// Puts a stored data directory back on a disk. Raw bytes go from zstd to tar; this process sees compressed bytes only.
import type { Readable } from 'node:stream';
import { feed } from '../feed.ts';
import { startTool } from '../tool.ts';

// Owners are those of the server that was backed up, perhaps of another machine: whoever restores owns the files.
const script = `zstd -dcq | tar --extract --file=- --directory="$1" --no-same-owner --same-permissions`;

export const extractBase = async (stream: Readable, directory: string, signal: AbortSignal): Promise<void> => {
  const tool = startTool({
    script,
    parameters: [directory],
    signal,
    failure: { code: 'RestoreFailed', what: `Unpacking into ${directory}`, retryable: false },
  });
  tool.stdout.resume();
  // Where the stream breaks, tar must have ended before anybody clears up behind it.
  const [fed] = await Promise.allSettled([feed(stream, tool), tool.ended]);
  if (fed.status === 'rejected') {
    throw fed.reason;
  }
  await tool.ended;
};

// Hands a stream to a tool. Where the tool dies it is the tool's word that counts, and where the stream breaks it is the stream's.
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type { RunningTool } from './tool.ts';

// `enough`: aborted where the tool has what it needs; what is left of the stream is not read.
export const feed = async (
  stream: Readable,
  { stdin, ended }: Pick<RunningTool, 'stdin' | 'ended'>,
  enough?: AbortSignal,
): Promise<void> => {
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (enough?.aborted === true) {
        return;
      }
      if (!stdin.write(chunk)) {
        await Promise.race([once(stdin, 'drain'), ended]);
      }
    }
  } finally {
    stdin.end();
  }
};

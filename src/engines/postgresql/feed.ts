// Hands a stream to a tool. Where the tool dies it is the tool's word that counts, and where the stream breaks it is the stream's.
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type { RunningTool } from './tool.ts';

export const feed = async (stream: Readable, { stdin, ended }: Pick<RunningTool, 'stdin' | 'ended'>): Promise<void> => {
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (!stdin.write(chunk)) {
        await Promise.race([once(stdin, 'drain'), ended]);
      }
    }
  } finally {
    stdin.end();
  }
};

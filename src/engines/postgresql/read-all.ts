// Reads the output of a tool into memory, up to a limit.
import type { Readable } from 'node:stream';
import { EngineError } from '../engine.ts';

export const readAll = async (stream: Readable, mostBytes: number): Promise<Buffer> => {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of stream as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > mostBytes) {
      throw new EngineError(
        'VerificationFailed',
        `A document inside the backup is larger than ${mostBytes} bytes: it is not what was written.`,
      );
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
};

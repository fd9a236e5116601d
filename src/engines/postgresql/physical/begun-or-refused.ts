// Whether the server refuses to make an increment, which it may do although nothing that can be asked for speaks against it: a standby on whose primary
// little was written since the parent has no newer checkpoint to begin at.
import { once } from 'node:events';
import { PassThrough, pipeline } from 'node:stream';
import type { Readable } from 'node:stream';
import type { WholeCopy } from '../../../api/backup-type.ts';
import { EngineError } from '../../engine.ts';

// What pg_basebackup says, in its own words, when the server does not begin.
const notBegun = 'could not initiate base backup: ';

export type Copy = { stream: Readable; ended: Promise<void> };

// Waits for the first byte, or the end. A copy, too, where it has failed in a way in which a whole one would: its `ended` tells.
export const begunOrRefused = async ({ stream, ended }: Copy): Promise<{ copy: Copy } | { refused: WholeCopy }> => {
  // The output of a child that has ended is thrown away as soon as nobody listens, so somebody always does.
  const taken = pipeline(stream, new PassThrough(), () => undefined);
  await once(taken, 'readable').catch(() => undefined);
  if (taken.readableLength > 0) {
    return { copy: { stream: taken, ended } };
  }
  const error = await ended.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const [, words] = error instanceof EngineError ? error.message.split(notBegun) : [];
  return words === undefined
    ? { copy: { stream: taken, ended } }
    : { refused: { reason: 'ServerRefused', message: `The server made no increment: ${words}` } };
};

// What a contestant has stored: the files that are there, by their size. Links are not followed: some keep one to their newest backup.
import { runQuietly } from './measure.ts';
import type { Stored } from './contestant.ts';

export const storedIn = async (directory: string): Promise<Stored> => {
  const sizes = (await runQuietly(['find', directory, '-type', 'f', '-printf', String.raw`%s\n`])).split('\n').map(Number);
  return { bytes: sizes.reduce((sum, size) => sum + size, 0), objects: sizes.length };
};

// What has come since.
export const added = (before: Stored, after: Stored): Stored => ({
  bytes: after.bytes - before.bytes,
  objects: after.objects - before.objects,
});

// What reading a stored copy costs with stock tools: the yardstick for our own read-back, which also lists and compares what is in it.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { measure, runQuietly } from '../common/measure.ts';
import type { Measured } from '../common/measure.ts';

const script = `cat "\${@:2}" | age -d -i "$1" | zstd -dcq | sha256sum >/dev/null`;

const filesBelow = async (directory: string, pattern: RegExp): Promise<string[]> => {
  const names = await readdir(directory, { recursive: true });
  return names
    .filter((name) => pattern.test(name))
    .toSorted()
    .map((name) => join(directory, name));
};

// Opens the key of the attempt with the bench's identity, which is not measured, and then base.tar with that.
export const readBackByStockTools = async (repository: string, identityFile: string): Promise<Measured> => {
  const [sidecar = ''] = await filesBelow(repository, /^keys\/.*\.age$/);
  const volumes = await filesBelow(repository, /\/base\.tar\.zst\.age\.\d+$/);
  const attemptIdentity = `${identityFile}.attempt`;
  await runQuietly(['age', '-d', '-i', identityFile, '-o', attemptIdentity, sidecar]);
  return measure({ words: ['bash', '-o', 'pipefail', '-c', script, 'read-back', attemptIdentity, ...volumes] });
};

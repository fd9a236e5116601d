// Changes stored bytes behind everybody's back, on the disk of the S3 server.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bucketDirectory } from './demo.ts';

// One byte in the middle of the first object under the prefix whose key matches. Returns how to mend it.
export const damageObject = (prefix: string, key: RegExp): (() => void) => {
  const folder = join(bucketDirectory, prefix);
  const name = (readdirSync(folder, { recursive: true }) as string[]).toSorted().find((each) => key.test(each));
  if (name === undefined) {
    throw new Error(`No object under ${prefix} matches ${key}`);
  }
  const path = join(folder, name);
  const bytes = readFileSync(path);
  const changed = Buffer.from(bytes);
  const middle = Math.floor(changed.length / 2);
  changed[middle] = (changed[middle] ?? 0) ^ 0xff;
  writeFileSync(path, changed);
  return () => writeFileSync(path, bytes);
};

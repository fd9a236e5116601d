// Changes a page of what a Restore has built, behind everybody's back, before that is verified.
import { closeSync, existsSync, openSync, readdirSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { claimDirectory } from './demo.ts';
import { until } from './until.ts';

// By the time that WAL is replayed everything is unpacked. A page of a catalogue that no WAL changes.
export const tamperWith = async (namespace: string, claim: string): Promise<void> => {
  const volume = await until(`the claim ${claim}`, 60, () => claimDirectory(namespace, claim).catch(() => undefined));
  const file = await until('its WAL is replayed', 120, async () => builtIn(volume), 20);
  const handle = openSync(file, 'r+');
  const byte = Buffer.alloc(1);
  const at = 9000;
  readSync(handle, byte, 0, 1, at);
  writeSync(handle, Buffer.from([(byte[0] ?? 0) ^ 0xff]), 0, 1, at);
  closeSync(handle);
};

const builtIn = (volume: string): string | undefined =>
  readdirSync(volume)
    .filter((name) => /^\.holdfast-[0-9a-f]{8}$/.test(name) && existsSync(join(volume, name, 'spool')))
    .map((name) => join(volume, name, 'data/base/1/1255'))
    .find((file) => existsSync(file));

// What the person who measures may choose, by environment variables.
import { homedir } from 'node:os';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../..');

// Data and results of measurements; it can be deleted at any time.
export const benchDirectory = join(
  process.env['HOLDFAST_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'holdfast'),
  'bench',
);

// A whole number above 0. Throws RangeError.
export const numberSetting = (name: string, usual: number): number => {
  const text = process.env[name] ?? '';
  const value = text === '' ? usual : Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new RangeError(`${name}=${text} is no whole number above 0.`);
  }
  return value;
};

// Folders that are gone with the process that made them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const made: string[] = [];

export const temporaryFolder = (what: string): string => {
  if (made.length === 0) {
    process.once('exit', () => made.forEach((folder) => rmSync(folder, { recursive: true, force: true })));
  }
  const folder = mkdtempSync(join(tmpdir(), `holdfast-${what}-`));
  made.push(folder);
  return folder;
};

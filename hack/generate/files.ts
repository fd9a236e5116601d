// Generated files on disk: write those that changed, or say which are stale.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export type GeneratedFile = { path: string; text: string };

const root = join(import.meta.dirname, '../..');
const shownLines = 6;

const current = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(join(root, path), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
};

// Writes the files whose text changed; gives their paths.
export const writeAll = async (files: GeneratedFile[]): Promise<string[]> => {
  const written: string[] = [];
  for (const { path, text } of files) {
    if ((await current(path)) === text) {
      continue;
    }
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
    written.push(path);
  }
  return written;
};

// What is stale, how, and the command that mends it; undefined where nothing is.
export const staleReport = async (files: GeneratedFile[], remedy: string): Promise<string | undefined> => {
  const reports: string[] = [];
  for (const { path, text } of files) {
    const before = await current(path);
    if (before !== text) {
      reports.push(before === undefined ? `${path}: missing` : `${path}: stale\n${differences(before, text)}`);
    }
  }
  return reports.length === 0 ? undefined : `${reports.join('\n')}\nRun \`${remedy}\` and commit the result.`;
};

// The lines that one text has and the other has not, the first few of each.
const differences = (before: string, after: string): string => {
  const old = before.split('\n');
  const fresh = after.split('\n');
  const oldLines = new Set(old);
  const freshLines = new Set(fresh);
  const gone = old.filter((line) => !freshLines.has(line));
  const come = fresh.filter((line) => !oldLines.has(line));
  const shown = [...gone.slice(0, shownLines).map((line) => `  - ${line}`), ...come.slice(0, shownLines).map((line) => `  + ${line}`)];
  const hidden = gone.length + come.length - shown.length;
  return [...(shown.length > 0 ? shown : ['  lines moved']), ...(hidden > 0 ? [`  … ${hidden} more lines`] : [])].join('\n');
};

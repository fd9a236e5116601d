// Takes a restored data directory out of the world that it came from, in a way that a person can see and undo: all of it stands in one file.
import { access, appendFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { placeSettings, safeSettings, targetSettings, withoutBusyLibraries } from './dangerous-settings.ts';
import { commentOut, quoted, readSettings } from './settings-file.ts';
import type { Setting } from './settings-file.ts';

export const defuseFile = 'holdfast.conf';
const mark = '#holdfast: ';
const autoFile = 'postgresql.auto.conf';
const mainFile = 'postgresql.conf';
const fileMode = 0o600;

export type DefuseOptions = {
  major: number;
  // Names of settings that stay as they were.
  keep: readonly string[];
  // For the head of the file: what was restored, and when.
  origin: string;
};

// A setting that was in force and is not any more. `file`: where it stood.
export type Defused = { name: string; was: string; file: string };

export const defuse = async (directory: string, { major, keep, origin }: DefuseOptions): Promise<Defused[]> => {
  const { files, settings } = await readAllSettings(directory);
  const inForce = new Map(settings.map(({ name, value, file }) => [name, { value, file }]));
  const safe = safeValues(major, inForce.get('shared_preload_libraries')?.value).filter(({ name }) => !keep.includes(name));
  const safeNames = new Set(safe.map(({ name }) => name));
  for (const { path, text } of files) {
    // postgresql.auto.conf is read last: what it says would win.
    await takeOut(directory, path, text, ({ name }) =>
      placeSettings.includes(name) || targetSettings.includes(name) ? true : path === autoFile && safeNames.has(name),
    );
  }
  await writeFile(join(directory, defuseFile), page(safe, inForce, origin), { mode: fileMode });
  await includeIt(directory);
  await provideHba(directory);
  return [...safe, ...placeSettings.map((name) => ({ name, value: '' }))].flatMap(({ name, value }) => {
    const before = inForce.get(name);
    return before === undefined || before.value === value ? [] : [{ name, was: before.value, file: before.file }];
  });
};

type Safe = { name: string; value: string; why: string };

const safeValues = (major: number, libraries: string | undefined): Safe[] => {
  const settings: Safe[] = safeSettings.filter(({ since }) => since === undefined || major >= since);
  const { kept, dropped } = withoutBusyLibraries(libraries ?? '');
  return dropped.length === 0
    ? settings
    : [...settings, { name: 'shared_preload_libraries', value: kept, why: `without ${dropped.join(', ')}, which would run jobs` }];
};

const page = (safe: Safe[], inForce: ReadonlyMap<string, { value: string; file: string }>, origin: string): string =>
  [
    `# Written by Holdfast: ${origin}.`,
    '# These settings keep the restored server from acting on the world that it is a copy of.',
    `# To undo one, delete its line here. To undo all, delete the last line of ${mainFile}. Then restart the server.`,
    `# Lines of ${autoFile} and other files that would have won begin with "${mark.trim()}" now; take that away to have them back.`,
    '',
    ...safe.map(({ name, value, why }) => {
      const before = inForce.get(name);
      const was = before === undefined ? '' : `  Was ${quoted(before.value)} in ${before.file}.`;
      return `${name} = ${quoted(value)}  # ${why}.${was.replaceAll(/[\r\n]/g, ' ')}`;
    }),
    '',
  ].join('\n');

const takeOut = async (directory: string, path: string, text: string, takes: (setting: Setting) => boolean): Promise<void> => {
  const changed = commentOut(text, mark, takes);
  if (changed.taken.length > 0) {
    await writeFile(join(directory, path), changed.text);
  }
};

// The last line of postgresql.conf wins over all lines before it. Where the server had its settings elsewhere, this one is all there is.
const includeIt = async (directory: string): Promise<void> => {
  const path = join(directory, mainFile);
  const line = `include_if_exists = '${defuseFile}'  # Added by Holdfast when it restored this directory.\n`;
  if (await exists(path)) {
    await appendFile(path, `\n${line}`);
    return;
  }
  const head = `# Written by Holdfast: the backup holds no ${mainFile}, since the server had its settings outside of its data directory.\n# Put yours above the last line.\n`;
  await writeFile(path, `${head}${line}`, { mode: fileMode });
};

// A server without pg_hba.conf does not start. This one lets in only the user of the operating system that has the role's name.
const provideHba = async (directory: string): Promise<void> => {
  const path = join(directory, 'pg_hba.conf');
  if (!(await exists(path))) {
    await writeFile(path, '# Written by Holdfast: the backup holds no pg_hba.conf. Put yours here.\nlocal all all peer\n', {
      mode: fileMode,
    });
  }
};

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

type Known = { files: { path: string; text: string }[]; settings: (Setting & { file: string })[] };

// In the order in which the server reads them: postgresql.conf with what it includes, then postgresql.auto.conf. What lies outside of the directory is left alone.
const readAllSettings = async (directory: string): Promise<Known> => {
  const known: Known = { files: [], settings: [] };
  const read = async (path: string): Promise<void> => {
    const seen = known.files.some((file) => file.path === path);
    const text = seen ? undefined : await readFile(join(directory, path), 'utf8').catch(() => undefined);
    if (text === undefined) {
      return;
    }
    known.files.push({ path, text });
    for (const { name, value } of readSettings(text)) {
      known.settings.push({ name, value, file: path });
      for (const included of await includedBy(directory, path, name, value)) {
        await read(included);
      }
    }
  };
  await read(mainFile);
  await read(autoFile);
  return known;
};

// Paths are relative to the file that includes them.
const includedBy = async (directory: string, path: string, name: string, value: string): Promise<string[]> => {
  if (name !== 'include' && name !== 'include_if_exists' && name !== 'include_dir') {
    return [];
  }
  const target = relative(directory, resolve(directory, dirname(path), value));
  if (target.startsWith('..')) {
    return [];
  }
  if (name !== 'include_dir') {
    return [target];
  }
  const names = await readdir(join(directory, target)).catch(() => []);
  return names
    .filter((each) => each.endsWith('.conf') && !each.startsWith('.'))
    .toSorted()
    .map((each) => join(target, each));
};

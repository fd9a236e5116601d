// Writes the files of keygen. What is there already stays, unless --force is given.
import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError, exitCode, refused } from '../common/errors.ts';
import { fileName } from './contents.ts';
import type { KeyFile } from './contents.ts';

type WriteOptions = { force: boolean; createdTime: string };

const secretMode = 0o600;
const publicMode = 0o644;
const directoryMode = 0o700;

// Gives the path of an older identity that was set aside, where there was one.
export const writeKeyFiles = async (
  directory: string,
  files: KeyFile[],
  { force, createdTime }: WriteOptions,
): Promise<string | undefined> => {
  try {
    await mkdir(directory, { recursive: true, mode: directoryMode });
    if (!force) {
      await refuseOverwriting(directory, files);
    }
    const kept = force ? await setAside(join(directory, fileName.identity), createdTime) : undefined;
    for (const file of files) {
      await writeOne(join(directory, file.name), file, force);
    }
    return kept;
  } catch (error) {
    if (error instanceof CommandError) {
      throw error;
    }
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandError(
      exitCode.failed,
      'WriteFailed',
      `The keys could not be written: ${why}.`,
      'Give another folder with --output-dir.',
      {
        cause: error,
      },
    );
  }
};

const exists = async (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

const refuseOverwriting = async (directory: string, files: KeyFile[]): Promise<void> => {
  for (const { name } of files) {
    const path = join(directory, name);
    if (await exists(path)) {
      throw refused('FileExists', `${path} is there already. Backups made with it need it.`, 'Give another --output-dir, or --force.');
    }
  }
};

// Backups sealed to the old identity can be opened by nothing else, so it is never destroyed.
const setAside = async (path: string, createdTime: string): Promise<string | undefined> => {
  if (!(await exists(path))) {
    return undefined;
  }
  const kept = `${path}.before-${createdTime.replaceAll(/[-:]/g, '')}`;
  if (await exists(kept)) {
    throw refused('FileExists', `${kept} is there already.`, 'Run the command again in a second.');
  }
  await rename(path, kept);
  return kept;
};

// With --force under a temporary name first, so that the new file has its own mode. No hard links: a memory stick has none.
const writeOne = async (path: string, { text, secret }: KeyFile, force: boolean): Promise<void> => {
  const options = { mode: secret ? secretMode : publicMode, flag: 'wx' } as const;
  if (!force) {
    await writeFile(path, text, options);
    return;
  }
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, text, options);
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
};

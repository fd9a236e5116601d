// The files of --identity.
import { readFile } from 'node:fs/promises';
import { wrongUse } from './errors.ts';

// The text of each file. Throws a usage error that names what cannot be read.
export const readIdentityFiles = (files: readonly string[]): Promise<string[]> =>
  Promise.all(
    files.map((file) =>
      readFile(file, 'utf8').catch((error: unknown) => {
        throw wrongUse(
          `The identity cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
          'Check the path after --identity.',
        );
      }),
    ),
  );

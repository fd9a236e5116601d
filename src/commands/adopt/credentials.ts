// The store's credentials, from where this machine has them: a folder, or the environment.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { wrongUse } from '../common/errors.ts';

const variables = {
  accessKeyId: 'AWS_ACCESS_KEY_ID',
  secretAccessKey: 'AWS_SECRET_ACCESS_KEY',
  sessionToken: 'AWS_SESSION_TOKEN',
} as const;

type Name = keyof typeof variables;

export const readCredentials = async (directory: string | undefined, environment: NodeJS.ProcessEnv): Promise<Record<string, string>> => {
  const names = Object.keys(variables) as Name[];
  const read = async (name: Name): Promise<[Name, string]> => [
    name,
    directory === undefined ? (environment[variables[name]] ?? '') : (await readFile(join(directory, name), 'utf8').catch(() => '')).trim(),
  ];
  const found = Object.fromEntries((await Promise.all(names.map(read))).filter(([, value]) => value !== ''));
  const missing = names.find((name) => name !== 'sessionToken' && found[name] === undefined);
  if (missing !== undefined) {
    throw wrongUse(
      directory === undefined ? `${variables[missing]} is not set.` : `There is no file ${join(directory, missing)} with something in it.`,
      'The cluster needs credentials of the store, too: name a folder with --credentials-dir, set the AWS_* variables, or name a Secret that is there with --credentials-secret.',
    );
  }
  return found;
};

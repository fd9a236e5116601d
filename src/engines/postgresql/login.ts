// Role and password of a connection: files of a mounted Secret, read when they are needed, so that a rotated one is seen.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { registerSecret } from '../../telemetry/redact.ts';
import { EngineError } from '../engine.ts';

export type Login = { readonly user: string; readonly password: string };

// Reads the files `username` and `password` of a folder. Throws AuthenticationFailed where one is missing or empty.
export const readLogin = async (directory: string): Promise<Login> => {
  const user = await readPart(directory, 'username');
  const password = await readPart(directory, 'password');
  registerSecret(password);
  return { user, password };
};

// A line feed at the end is a habit of editors and belongs to nobody's password.
const readPart = async (directory: string, name: 'username' | 'password'): Promise<string> => {
  let text: string;
  try {
    text = (await readFile(join(directory, name), 'utf8')).replace(/\r?\n$/, '');
  } catch (cause) {
    throw new EngineError('AuthenticationFailed', `The Secret of the connection has no ${name}. Check credentialsSecretRef and its keys.`, {
      cause,
    });
  }
  if (text === '') {
    throw new EngineError('AuthenticationFailed', `The ${name} in the Secret of the connection is empty. Fill it in.`);
  }
  return text;
};

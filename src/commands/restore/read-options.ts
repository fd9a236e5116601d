// What the options of `restore` mean: a wish, a place, keys.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { VerificationKey } from '../../api/agent.ts';
import { identitiesIn } from '../../archive/recovery/keys.ts';
import type { Form, Wish } from '../../core/recovery/wish.ts';
import { wrongUse } from '../common/errors.ts';
import { keysInText, readVerificationKeys } from '../common/verification-keys.ts';
import type { RecoveryOptions } from './options.ts';
import { readPoint } from './point.ts';

export const wishOf = (options: RecoveryOptions): Wish => {
  const form: Form = 'physical';
  const { component } = options;
  return { form, point: readPoint(options), ...(component === undefined ? {} : { component }) };
};

export const targetPath = ({ to }: RecoveryOptions): string => {
  if (to === undefined) {
    throw wrongUse('It is not said where to restore to.', 'Name a folder that is empty or not there with --to.');
  }
  return resolve(to);
};

type Keys = { identities?: string[]; verificationKeys: VerificationKey[] };

// The identity opens, the verification key tells genuine from forged. One file may hold both.
export const readKeys = async ({ identity: files = [], verificationKey }: RecoveryOptions, identityNeeded: boolean): Promise<Keys> => {
  if (identityNeeded && files.length === 0) {
    throw wrongUse(
      'Without the identity nobody can open a backup.',
      'Name identity.txt, which keygen wrote and you keep in a safe, with --identity.',
    );
  }
  const texts = await Promise.all(files.map(readText));
  const beside = texts.flatMap(keysInText);
  const verificationKeys = verificationKey === undefined && beside.length > 0 ? beside : await readVerificationKeys(verificationKey);
  return { verificationKeys, ...(files.length === 0 ? {} : { identities: texts.flatMap(identitiesIn) }) };
};

const readText = (file: string): Promise<string> =>
  readFile(file, 'utf8').catch((error: unknown) => {
    throw wrongUse(
      `The identity cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
      'Check the path after --identity.',
    );
  });

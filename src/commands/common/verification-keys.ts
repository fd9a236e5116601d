// Whose signatures to believe, from the files that people keep: verification-keys.yaml, encryption.yaml, a policy, one key alone, or identity.txt.
import { readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { VerificationKey } from '../../api/agent.ts';
import { wrongUse } from './errors.ts';

const keySchema = z.object({ id: z.string().min(1), key: z.string().min(1) });
const keysSchema = z.array(keySchema).min(1);

const document = z.looseObject({
  verificationKeys: keysSchema.optional(),
  encryption: z.looseObject({ verificationKeys: keysSchema.optional() }).optional(),
  spec: z.looseObject({ encryption: z.looseObject({ verificationKeys: keysSchema.optional() }).optional() }).optional(),
});

// identity.txt carries them in its comments.
const commentedKey = /^# verification key: ([0-9a-f]{16}) (\S+)$/gm;

export const readVerificationKeys = async (files: string[] = []): Promise<VerificationKey[]> => {
  if (files.length === 0) {
    throw wrongUse(
      'Without a verification key nobody can tell a genuine backup from a forged one.',
      'Name verification-keys.yaml or identity.txt of keygen with --verification-key. The policy has the keys too: spec.encryption.verificationKeys.',
    );
  }
  return (await Promise.all(files.map(readFileOfKeys))).flat();
};

// Those in the comments of identity.txt.
export const keysInText = (text: string): VerificationKey[] =>
  [...text.matchAll(commentedKey)].map(([, id = '', key = '']) => ({ id, key }));

const readFileOfKeys = async (file: string): Promise<VerificationKey[]> => {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw wrongUse(`The verification key cannot be read: ${why}.`, 'Check the path after --verification-key.');
  });
  const commented = keysInText(text);
  const found = commented.length > 0 ? commented : keysInYaml(text);
  if (found.length === 0) {
    throw wrongUse(
      `${file} holds no verification key.`,
      'Name verification-keys.yaml or identity.txt, as `kubectl holdfast keygen` wrote them.',
    );
  }
  return found;
};

// Every scalar stays text: an id such as 1234567890123456 is no number. Errors of YAML would repeat lines of the file, which may be a secret: they are not shown.
const keysInYaml = (text: string): VerificationKey[] => {
  try {
    return parseAllDocuments(text, { schema: 'failsafe' }).flatMap((each) => {
      const content: unknown = each.toJS();
      const single = keySchema.safeParse(content);
      if (single.success) {
        return [single.data];
      }
      const { verificationKeys, encryption, spec } = document.parse(content);
      return verificationKeys ?? encryption?.verificationKeys ?? spec?.encryption?.verificationKeys ?? [];
    });
  } catch {
    return [];
  }
};

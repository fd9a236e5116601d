// Keys of the policy that is measured, and the login to the server.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeIdentity } from '../../src/archive/age/header.ts';
import { makeSigningPair } from '../../src/archive/signing/keys.ts';
import { benchDirectory } from './settings.ts';

export const keysDirectory = join(benchDirectory, 'keys');
export const signingKeyFile = join(keysDirectory, 'signing.key');
export const stateRecipientFile = join(keysDirectory, 'state-recipient');
export const stateIdentityFile = join(keysDirectory, 'state-identity');

// `identityFile`: as keygen writes it, with the verification key in its comments.
export type Keys = { identityFile: string; recipient: string; verificationKey: { id: string; key: string } };

export const makeKeys = async (): Promise<Keys> => {
  await mkdir(keysDirectory, { recursive: true });
  const { identity, recipient } = await makeIdentity();
  const state = await makeIdentity();
  const { privateKeyPem, verificationKey } = makeSigningPair();
  const identityFile = join(keysDirectory, 'identity.txt');
  await writeFile(identityFile, `# verification key: ${verificationKey.id} ${verificationKey.key}\n${identity}\n`, { mode: 0o600 });
  await writeFile(signingKeyFile, privateKeyPem, { mode: 0o600 });
  await writeFile(stateIdentityFile, `${state.identity}\n`, { mode: 0o600 });
  await writeFile(stateRecipientFile, `${state.recipient}\n`);
  await writeFile(join(keysDirectory, 'username'), 'postgres');
  await writeFile(join(keysDirectory, 'password'), 'nobody-asks-for-it');
  return { identityFile, recipient, verificationKey };
};

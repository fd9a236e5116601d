// Ed25519 keys: who may sign what is stored, and whose signatures are believed.
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { VerificationKey } from '../../api/agent.ts';
import { ArchiveError } from '../errors.ts';

export type Signer = { readonly keyId: string; readonly privateKey: KeyObject };

// Public keys by key id.
export type Verifiers = ReadonlyMap<string, KeyObject>;

const spki = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });

// The id of a key is made from its public half, so that nobody can give two keys one name.
export const signingKeyId = (publicKey: KeyObject): string => createHash('sha256').update(spki(publicKey)).digest('hex').slice(0, 16);

// The signing key of a run that writes. One that the policy does not list is refused before the first object: nobody would ever believe what it signs,
// and a repository that begins with such a writer could never be written again.
export const readListedSigner = (pem: string, verifiers: Verifiers): Signer => {
  const signer = readSigner(pem);
  if (!verifiers.has(signer.keyId)) {
    throw new ArchiveError(
      'KeyInvalid',
      `The signing key has the id ${signer.keyId}, which is not among spec.encryption.verificationKeys. Add its public half there, or mount the right key.`,
    );
  }
  return signer;
};

// Reads a private key in PKCS#8 PEM. Throws KeyInvalid.
export const readSigner = (pem: string): Signer => {
  try {
    const privateKey = createPrivateKey(pem);
    if (privateKey.asymmetricKeyType !== 'ed25519') {
      throw new TypeError(`The key is of type ${privateKey.asymmetricKeyType}.`);
    }
    return { keyId: signingKeyId(createPublicKey(privateKey)), privateKey };
  } catch (cause) {
    throw new ArchiveError('KeyInvalid', 'The signing key is no Ed25519 private key in PEM. Make one with `kubectl holdfast keygen`.', {
      cause,
    });
  }
};

// Reads the public keys of a policy. A key whose id is not its own is refused: it would make signatures impossible to find.
export const readVerifiers = (keys: readonly VerificationKey[]): Verifiers => {
  const verifiers = new Map<string, KeyObject>();
  for (const { id, key } of keys) {
    let publicKey: KeyObject;
    try {
      publicKey = createPublicKey({ key: Buffer.from(key, 'base64'), format: 'der', type: 'spki' });
      if (publicKey.asymmetricKeyType !== 'ed25519') {
        throw new TypeError(`The key is of type ${publicKey.asymmetricKeyType}.`);
      }
    } catch (cause) {
      throw new ArchiveError(
        'KeyInvalid',
        `The verification key "${id}" is no Ed25519 public key. Copy it again from the output of keygen.`,
        { cause },
      );
    }
    if (signingKeyId(publicKey) !== id) {
      throw new ArchiveError('KeyInvalid', `The verification key "${id}" has the id ${signingKeyId(publicKey)}. Use that id.`);
    }
    verifiers.set(id, publicKey);
  }
  return verifiers;
};

// A new pair: the private key as PKCS#8 PEM, the public one as policies name it.
export const makeSigningPair = (): { privateKeyPem: string; verificationKey: VerificationKey } => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    verificationKey: { id: signingKeyId(publicKey), key: spki(publicKey).toString('base64') },
  };
};

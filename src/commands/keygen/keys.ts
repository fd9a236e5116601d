// The three pairs that a policy needs.
import type { VerificationKey } from '../../api/agent.ts';
import { makeIdentity } from '../../archive/age/header.ts';
import type { AgeIdentity } from '../../archive/age/header.ts';
import { makeSigningPair } from '../../archive/signing/keys.ts';

export type PolicyKeys = {
  // Opens the backups.
  identity: AgeIdentity;
  // Opens lists and backup manifests, never contents.
  state: AgeIdentity;
  signing: { privateKeyPem: string; verificationKey: VerificationKey };
};

export const makeKeys = async (): Promise<PolicyKeys> => ({
  identity: await makeIdentity(),
  state: await makeIdentity(),
  signing: makeSigningPair(),
});

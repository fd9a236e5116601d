// Who can open the backups, and who signs them.
import { z } from 'zod';
import { formatted, mapList, objectName, secretKey, secretKeyRef, setList, withRules } from './common.ts';

// A secret key in the wrong field is refused by a rule on the whole list, so that the API server's answer does not repeat it.
const recipient = () =>
  formatted(
    128,
    /^age1[02-9ac-hj-np-z]{58}$/,
    'a recipient is 62 characters that begin with age1: copy it from the output of "kubectl holdfast keygen" or "age-keygen -y"',
    "self.startsWith('AGE-SECRET-KEY-')",
  );

const recipients = setList(
  withRules(z.array(recipient()).min(1).max(16), [
    {
      rule: "!self.exists(r, r.startsWith('AGE-SECRET-KEY-'))",
      message:
        'a secret identity (AGE-SECRET-KEY-…) stands where public recipients belong. Write its public recipient (age-keygen -y prints it). The identity was sent to the cluster just now: make a new one',
    },
  ]),
);

const publicKey = () =>
  formatted(
    512,
    /^MCowBQYDK2VwAyEA[A-Za-z0-9+/]{43}=$/,
    'a verification key is the base64 text of an Ed25519 public key on one line, 60 characters that begin with MCowBQYDK2VwAyEA: copy it from the output of "kubectl holdfast keygen"',
    "self.contains('PRIVATE KEY') || self.startsWith('MC4CAQAw')",
  );

const verificationKeys = mapList(
  withRules(
    z
      .array(
        z.object({
          id: formatted(
            63,
            /^[0-9a-f]{16}$/,
            'the id of a key is 16 hexadecimal digits: copy it from the output of "kubectl holdfast keygen"',
          ).describe('Id of the key, as `kubectl holdfast keygen` printed it: the first 16 hexadecimal digits of the SHA-256 of its DER.'),
          key: publicKey().describe('Ed25519 public key: the base64 text of its SubjectPublicKeyInfo (DER).'),
        }),
      )
      .min(1)
      .max(8),
    [
      {
        rule: "!self.exists(k, k.key.contains('PRIVATE KEY') || k.key.startsWith('MC4CAQAw'))",
        message:
          'a private signing key stands where public verification keys belong. Write the public key. The private one was sent to the cluster just now: make a new pair with "kubectl holdfast keygen"',
      },
    ],
  ),
  ['id'],
);

export const encryptionSchema = z.object({
  recipients: recipients.describe(
    'Public age recipients. Who holds the identity of one of them can open the backups. Keep the identity outside the cluster.',
  ),
  stateIdentitySecretRef: z
    .object({
      name: objectName().describe('Name of the Secret, in the namespace of the policy.'),
      key: secretKey().default('recipient').describe('Key of the public recipient.'),
      identityKey: secretKey()
        .default('identity')
        .describe(
          'Key of the identity itself. Only the Job that makes an increment sees it. Where it is missing, the next backup is whole.',
        ),
    })
    .optional()
    .describe('The state identity. It opens lists and manifests of backups, never contents; increments need it.'),
  signingKeySecretRef: secretKeyRef('The Ed25519 private key (PKCS#8 PEM) that signs what is stored.', 'signing.key'),
  verificationKeys: verificationKeys.describe('Public keys whose signatures are believed. Rotation adds one.'),
});

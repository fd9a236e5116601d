// What stands in the files of keygen.
import { stringify } from 'yaml';
import type { PolicyKeys } from './keys.ts';

export type KeyNames = { namespace: string; policy: string; signingSecret: string; stateSecret: string };

export const fileName = {
  identity: 'identity.txt',
  secrets: 'secrets.yaml',
  encryption: 'encryption.yaml',
  verificationKeys: 'verification-keys.yaml',
} as const;

export type KeyFile = { name: string; text: string; secret: boolean };

const yaml = (value: unknown): string => stringify(value, { lineWidth: 0 });
const comments = (...lines: string[]): string => lines.map((line) => `# ${line}\n`).join('');

export const keyFiles = (keys: PolicyKeys, names: KeyNames, createdTime: string): KeyFile[] => [
  { name: fileName.identity, text: identityFile(keys, names, createdTime), secret: true },
  { name: fileName.secrets, text: secretsFile(keys, names), secret: true },
  { name: fileName.encryption, text: encryptionFile(keys, names), secret: false },
  { name: fileName.verificationKeys, text: verificationKeysFile(keys, names), secret: false },
];

// As `age -i` reads it. The verification key travels with the identity: who restores must also know whose signatures to believe.
const identityFile = ({ identity, signing }: PolicyKeys, { namespace, policy }: KeyNames, createdTime: string): string =>
  comments(
    `Opens the backups of the Holdfast policy ${namespace}/${policy}. Keep it in a safe: not in the cluster, not in git, not in the bucket.`,
    `created: ${createdTime}`,
    `public key: ${identity.recipient}`,
    `verification key: ${signing.verificationKey.id} ${signing.verificationKey.key}`,
  ) + `${identity.identity}\n`;

const secret = (namespace: string, name: string, stringData: Record<string, string>): string =>
  yaml({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, type: 'Opaque', stringData });

const secretsFile = ({ state, signing }: PolicyKeys, { namespace, policy, signingSecret, stateSecret }: KeyNames): string =>
  [
    comments(`Secrets of the Holdfast policy ${namespace}/${policy}: apply them to the cluster. Never into git.`),
    '# Signs what is stored.\n',
    secret(namespace, signingSecret, { 'signing.key': signing.privateKeyPem }),
    '---\n',
    '# Opens lists and manifests of backups, never contents.\n',
    secret(namespace, stateSecret, { identity: `${state.identity}\n`, recipient: `${state.recipient}\n` }),
  ].join('');

const encryptionFile = ({ identity, signing }: PolicyKeys, { namespace, policy, signingSecret, stateSecret }: KeyNames): string =>
  comments(`spec.encryption of the BackupPolicy ${namespace}/${policy}. It holds no secret.`) +
  yaml({
    encryption: {
      recipients: [identity.recipient],
      stateIdentitySecretRef: { name: stateSecret, key: 'recipient' },
      signingKeySecretRef: { name: signingSecret, key: 'signing.key' },
      verificationKeys: [signing.verificationKey],
    },
  });

const verificationKeysFile = ({ signing }: PolicyKeys, { namespace, policy }: KeyNames): string =>
  comments(
    `Whose signatures are believed in the backups of the Holdfast policy ${namespace}/${policy}. Part of spec.encryption; it holds no secret.`,
    'Without a cluster: kubectl holdfast list --from <location> --verification-key <this file>',
  ) + yaml({ verificationKeys: [signing.verificationKey] });

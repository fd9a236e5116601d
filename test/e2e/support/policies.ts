// Policies of the tests' own, which back the demo's server up.
import { mustKubectl } from '../../cluster/kubectl.ts';
import { demoSecret, demoVerificationKey } from './demo.ts';

type Fields = Record<string, unknown>;

export const connection = (changes: Fields = {}): Fields => ({
  host: 'postgres.shop.svc',
  port: 5432,
  database: 'shop',
  sslMode: 'verify-full',
  caSecretRef: { name: 'postgres-ca' },
  credentialsSecretRef: { name: 'holdfast-physical' },
  ...changes,
});

const logical = (databases: string[]): Fields => ({
  enabled: true,
  databases,
  globals: true,
  credentialsSecretRef: { name: 'holdfast-dump' },
});

// Both copies of the shop's server.
export const shopDatabase = (changes: Fields = {}): Fields => ({
  version: 17,
  connection: connection(),
  physical: { enabled: true },
  logical: logical(['shop']),
  ...changes,
});

// Only the dumps of some databases.
export const dumpsOf = (databases: string[]): Fields => ({
  version: 17,
  connection: connection({ credentialsSecretRef: { name: 'holdfast-dump' } }),
  physical: { enabled: false },
  logical: { enabled: true, databases, globals: false },
});

export const volumeTier = (size: string, storageClassName = 'standard'): Fields => ({
  name: 'local',
  persistentVolumeClaim: { size, storageClassName },
});

export const bucketTier = (prefix: string): Fields => ({
  name: 'cloud',
  s3: {
    bucket: 'holdfast',
    prefix,
    endpoint: 'https://store.shop-store.svc:7070',
    credentialsSecretRef: { name: 'holdfast-store' },
    caSecretRef: { name: 'holdfast-store-ca' },
  },
});

export type PolicyParts = { namespace: string; name: string; components: Fields[]; tiers: Fields[]; jobs?: Fields; schedules?: Fields };

export const policyObject = ({ namespace, name, components, tiers, jobs = {}, schedules = {} }: PolicyParts): Fields => ({
  apiVersion: 'holdfast.dev/v1alpha1',
  kind: 'BackupPolicy',
  metadata: { name, namespace },
  spec: {
    schedules,
    components,
    encryption: {
      recipients: [demoSecret('holdfast/recipient')],
      stateIdentitySecretRef: { name: 'holdfast-state' },
      signingKeySecretRef: { name: 'holdfast-signing' },
      verificationKeys: [demoVerificationKey()],
    },
    tiers,
    jobs,
  },
});

// Applies the policy and waits until the operator has armed it.
export const armPolicy = async (parts: PolicyParts): Promise<void> => {
  await mustKubectl(['apply', '-f', '-'], JSON.stringify(policyObject(parts)));
  await mustKubectl(['wait', `backuppolicy/${parts.name}`, '-n', parts.namespace, '--for=condition=Ready', '--timeout=60s']);
};

// The objects of an adopted policy: Secrets, and the policy itself, suspended.
import type { VerificationKey } from '../../api/agent.ts';
import { annotation, apiVersion } from '../../api/group.ts';
import type { Resource } from '../../kube/resource.ts';
import type { Location } from '../common/location.ts';
import { backupPolicies, secrets } from '../common/resources.ts';
import type { StoreFacts, StoredComponent } from './read-store.ts';

export type NewObject = {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace: string; annotations?: Record<string, string> };
  [field: string]: unknown;
};
// `what`: what it is for, in words.
export type Wanted = { resource: Resource; what: string; object: NewObject };

export type Ingredients = {
  namespace: string;
  name: string;
  facts: StoreFacts;
  location: Extract<Location, { kind: 's3' }>;
  // Of the store: what its Secret holds, or the name of one that is there.
  credentials: { values: Record<string, string> } | { secret: string };
  ca: string | undefined;
  recipients: string[];
  verificationKeys: VerificationKey[];
  signing: { privateKeyPem: string; verificationKey: VerificationKey };
};

// What stands in the policy until a person writes the real server: no such host can ever exist.
export const unknownHost = 'unknown.invalid';
export const tierName = 'cloud';

export const secretNames = (name: string) => ({
  store: `${name}-store`,
  ca: `${name}-store-ca`,
  signing: `${name}-signing`,
  login: (component: string) => `${name}-${component}-login`,
  serverCa: (component: string) => `${name}-${component}-ca`,
});

// In the order in which they are made: the policy comes last.
export const wantedObjects = (of: Ingredients): Wanted[] => {
  const { namespace, name, credentials, ca, signing } = of;
  const names = secretNames(name);
  const secret = (called: string, stringData: Record<string, string>, what: string): Wanted => ({
    resource: secrets,
    what,
    object: { apiVersion: 'v1', kind: 'Secret', metadata: { name: called, namespace }, type: 'Opaque', stringData },
  });
  return [
    ...('values' in credentials ? [secret(names.store, credentials.values, 'the credentials of the store')] : []),
    ...(ca === undefined ? [] : [secret(names.ca, { 'ca.crt': ca }, 'the certificates that the store is checked against')]),
    secret(names.signing, { 'signing.key': signing.privateKeyPem }, 'a new key to sign with; nothing is signed before the take-over'),
    { resource: backupPolicies, what: 'suspended: it only reads', object: policyObject(of) },
  ];
};

const policyObject = (of: Ingredients): NewObject => {
  const { namespace, name, facts, recipients, verificationKeys, signing } = of;
  const { writer } = facts;
  return {
    apiVersion,
    kind: 'BackupPolicy',
    metadata: { name, namespace, annotations: { [annotation.reads]: `${writer.namespace}/${writer.name}` } },
    spec: {
      suspend: true,
      components: facts.components.map((component) => componentObject(name, component)),
      encryption: {
        recipients,
        signingKeySecretRef: { name: secretNames(name).signing, key: 'signing.key' },
        verificationKeys: [...verificationKeys, signing.verificationKey],
      },
      tiers: [{ name: tierName, s3: bucketObject(of) }],
    },
  };
};

const componentObject = (policy: string, { name, version, physical, logical, wal }: StoredComponent): object => ({
  name,
  postgresql: {
    version,
    connection: {
      host: unknownHost,
      sslMode: 'verify-full',
      caSecretRef: { name: secretNames(policy).serverCa(name) },
      credentialsSecretRef: { name: secretNames(policy).login(name) },
    },
    physical: { enabled: physical || wal },
    logical: { enabled: logical || !(physical || wal) },
    ...(wal ? { walArchive: {} } : {}),
  },
});

const bucketObject = ({ name, location, credentials, ca }: Ingredients): object => {
  const { bucket, prefix, region, endpoint } = location;
  const names = secretNames(name);
  return {
    bucket,
    prefix,
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    credentialsSecretRef: { name: 'secret' in credentials ? credentials.secret : names.store },
    ...(ca === undefined ? {} : { caSecretRef: { name: names.ca } }),
  };
};

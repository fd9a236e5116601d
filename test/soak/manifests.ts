// Every object of a scene.
import { demoSecret, demoVerificationKey } from '../e2e/support/demo.ts';
import type { Phase } from './phases.ts';

export type SceneKind = 'bucket' | 'volume';

export type SceneParts = {
  kind: SceneKind;
  namespace: string;
  phases: Phase[];
  storePort: number;
  storeCa: string;
  storeLogin: Record<string, string>;
  postgresImage: string;
};

type Fields = Record<string, unknown>;

// A node without this label keeps the pods of one policy waiting.
export const startLabel = 'holdfast-soak/start';
// The bridge's own address: this machine, as pods see it.
const gateway = '10.244.0.1';
export const databaseLogin = { username: 'holdfast', password: 'holdfast-of-the-matrix' };
// Many parts are needed, so that the server still has something to send while the store holds the first ones.
const largeMebibytes = 44;

export const manifestsOf = (parts: SceneParts): { base: object[]; policies: object[] } => ({
  base: [namespaceOf(parts), ...secretsOf(parts), ...storeService(parts), ...postgres(parts)],
  policies: parts.phases.map((phase) => policyOf(parts, phase)),
});

const namespaceOf = ({ namespace }: SceneParts) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: namespace, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
});

const secretsOf = ({ namespace, storeCa, storeLogin }: SceneParts): object[] => {
  const secrets: Record<string, Record<string, string>> = {
    signing: { 'signing.key': demoSecret('holdfast/signing.key') },
    login: databaseLogin,
    superuser: { password: 'superuser-of-the-matrix' },
    store: storeLogin,
    'store-ca': { 'ca.crt': storeCa },
  };
  return Object.entries(secrets).map(([name, stringData]) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace },
    stringData,
  }));
};

// A name in the cluster for the proxy on this machine.
export const storeService = ({ namespace, storePort }: Pick<SceneParts, 'namespace' | 'storePort'>): object[] => [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'store', namespace },
    spec: { ports: [{ name: 's3', port: 7070, targetPort: storePort }] },
  },
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'store', namespace, labels: { 'kubernetes.io/service-name': 'store' } },
    addressType: 'IPv4',
    ports: [{ name: 's3', port: storePort }],
    endpoints: [{ addresses: [gateway] }],
  },
];

const init = `
  CREATE ROLE ${databaseLogin.username} LOGIN REPLICATION PASSWORD '${databaseLogin.password}';
  GRANT pg_read_all_data TO ${databaseLogin.username};
  CREATE DATABASE small;
  CREATE DATABASE large;
  \\connect small
  CREATE TABLE t AS SELECT n, md5(n::text) FROM generate_series(1, 1000) AS n;
  \\connect large
  CREATE EXTENSION pgcrypto;
  CREATE TABLE noise (id int PRIMARY KEY, bytes bytea);
  ALTER TABLE noise ALTER bytes SET STORAGE EXTERNAL;
  INSERT INTO noise SELECT n, (SELECT string_agg(gen_random_bytes(1024), '') FROM generate_series(1, 64 + 0 * n)) FROM generate_series(1, ${largeMebibytes * 16}) AS n;
`;
const hba = ['local all all trust', 'host all all all scram-sha-256', 'host replication all all scram-sha-256', ''].join('\n');
const userId = 65_532;

const postgres = ({ namespace, postgresImage }: SceneParts): object[] => [
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'postgres', namespace },
    data: { 'pg_hba.conf': hba, '10-data.sql': init },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'postgres', namespace },
    spec: { selector: { app: 'postgres' }, ports: [{ port: 5432 }] },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'postgres', namespace },
    spec: {
      serviceName: 'postgres',
      replicas: 1,
      selector: { matchLabels: { app: 'postgres' } },
      template: { metadata: { labels: { app: 'postgres' } }, spec: serverPod(postgresImage) },
      volumeClaimTemplates: [
        { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
      ],
    },
  },
];

const serverPod = (image: string): Fields => ({
  terminationGracePeriodSeconds: 5,
  securityContext: {
    runAsNonRoot: true,
    runAsUser: userId,
    runAsGroup: userId,
    fsGroup: userId,
    fsGroupChangePolicy: 'OnRootMismatch',
    seccompProfile: { type: 'RuntimeDefault' },
  },
  containers: [
    {
      name: 'postgres',
      image,
      args: ['-c', 'listen_addresses=*'],
      env: [
        { name: 'PGDATA', value: '/data/pgdata' },
        { name: 'POSTGRES_PASSWORD_FILE', value: '/secrets/password' },
      ],
      readinessProbe: { exec: { command: ['pg_isready', '--host=127.0.0.1', '--username=postgres'] }, periodSeconds: 2 },
      resources: { requests: { cpu: '10m', memory: '128Mi' } },
      securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
      volumeMounts: [
        { name: 'data', mountPath: '/data' },
        { name: 'tmp', mountPath: '/tmp' },
        { name: 'shm', mountPath: '/dev/shm' },
        { name: 'init', mountPath: '/init' },
        { name: 'superuser', mountPath: '/secrets' },
      ],
    },
  ],
  volumes: [
    { name: 'tmp', emptyDir: {} },
    { name: 'shm', emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } },
    { name: 'init', configMap: { name: 'postgres' } },
    { name: 'superuser', secret: { secretName: 'superuser', defaultMode: 0o440 } },
  ],
});

const databasesOf: Record<Phase['dumps'], Fields> = {
  server: { physical: { enabled: true }, logical: { enabled: false } },
  large: { physical: { enabled: false }, logical: { enabled: true, databases: ['large'], globals: false } },
  small: { physical: { enabled: false }, logical: { enabled: true, databases: ['small'], globals: false } },
};

export const storePrefix = (phase: string, tier: 'first' | 'second' = 'first'): string =>
  `matrix/${phase}${tier === 'second' ? '-second' : ''}`;

const bucketTier = ({ namespace }: SceneParts, phase: Phase, name: 'first' | 'second'): Fields => ({
  name,
  s3: {
    bucket: 'holdfast',
    prefix: storePrefix(phase.name, name),
    endpoint: `https://store.${namespace}.svc:7070`,
    credentialsSecretRef: { name: 'store' },
    caSecretRef: { name: 'store-ca' },
  },
});

// Room for two runs, and hardly more.
const volumeTier = (name: 'first' | 'second'): Fields => ({ name, persistentVolumeClaim: { size: '320Mi', storageClassName: 'sized' } });

// On volumes lies what the fault is about: the tier that a copy writes, or the only one.
const tiersOf = (parts: SceneParts, phase: Phase): Fields[] => {
  if (parts.kind === 'volume') {
    return phase.tiers === 2 ? [bucketTier(parts, phase, 'first'), volumeTier('second')] : [volumeTier('first')];
  }
  return [bucketTier(parts, phase, 'first'), ...(phase.tiers === 2 ? [bucketTier(parts, phase, 'second')] : [])];
};

// Short, so that ends come soon; long enough for a busy machine.
export const deadlines = { start: 120, dump: 300, seal: 180, copy: 300, inspect: 180 };

const policyOf = (parts: SceneParts, phase: Phase): Fields => ({
  apiVersion: 'holdfast.dev/v1alpha1',
  kind: 'BackupPolicy',
  metadata: { name: phase.name, namespace: parts.namespace },
  spec: {
    components: [
      {
        name: 'db',
        postgresql: {
          version: 17,
          connection: { host: 'postgres', database: 'small', sslMode: 'disable', credentialsSecretRef: { name: 'login' } },
          ...databasesOf[phase.dumps],
        },
      },
    ],
    encryption: {
      recipients: [demoSecret('holdfast/recipient')],
      signingKeySecretRef: { name: 'signing' },
      verificationKeys: [demoVerificationKey()],
    },
    tiers: tiersOf(parts, phase),
    jobs: {
      resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '256Mi' } },
      deadlines: Object.fromEntries(Object.entries(deadlines).map(([name, seconds]) => [name, `${seconds}s`])),
      ...(phase.held === undefined ? { nodeSelector: { [startLabel]: 'open' } } : {}),
    },
  },
});

// A right BackupPolicy, Backup and Restore, which the wrong ones are made from.

// The tests break these objects in every way, so their type says nothing.
// oxlint-disable-next-line typescript/no-explicit-any
export type Loose = any;

export const recipient = 'age1replacemereplacemereplacemereplacemereplacemereplacemerepl';
export const publicKey = 'MCowBQYDK2VwAyEAi77pCvNRC3mI44oVh/fK/+k8WrIR1iWbjmQRCro+5SQ=';

export const rightPolicy = (name = 'right'): Loose => ({
  apiVersion: 'holdfast.dev/v1alpha1',
  kind: 'BackupPolicy',
  metadata: { name },
  spec: {
    // Suspended, so that an operator in the cluster starts nothing.
    suspend: true,
    schedules: { full: { cron: '0 2 * * *', timeZone: 'Europe/Berlin' } },
    components: [
      {
        name: 'db',
        postgresql: {
          version: 17,
          connection: { host: 'postgres', caSecretRef: { name: 'postgres-ca' }, credentialsSecretRef: { name: 'holdfast-db' } },
          logical: { databases: ['shop'], credentialsSecretRef: { name: 'holdfast-dump' } },
        },
      },
    ],
    encryption: {
      recipients: [recipient],
      stateIdentitySecretRef: { name: 'holdfast-state' },
      signingKeySecretRef: { name: 'holdfast-signing' },
      verificationKeys: [{ id: '1aadab43b19edab5', key: publicKey }],
    },
    tiers: [
      { name: 'local', persistentVolumeClaim: { size: '1Gi' } },
      {
        name: 'cloud',
        s3: {
          bucket: 'holdfast',
          prefix: 'shop/shop',
          endpoint: 'https://store.shop-store.svc:7070',
          credentialsSecretRef: { name: 'holdfast-store' },
          caSecretRef: { name: 'holdfast-store-ca' },
        },
      },
    ],
    jobs: { resources: { requests: { cpu: 1, memory: '128Mi' }, limits: { memory: '256Mi' } } },
  },
});

export const rightBackup = (name = 'right'): Loose => ({
  apiVersion: 'holdfast.dev/v1alpha1',
  kind: 'Backup',
  metadata: { name },
  // A policy that does not exist: nothing is started.
  spec: { policyRef: { name: 'absent' }, components: ['db'] },
});

// One component for each kind of target. Its policy does not exist: nothing is started.
export const rightRestore = (name = 'right', namespace = 'holdfast-test-api'): Loose => ({
  apiVersion: 'holdfast.dev/v1alpha1',
  kind: 'Restore',
  metadata: { name },
  spec: {
    source: { policyRef: { name: 'absent' }, identitySecretRef: { name: 'holdfast-identity' } },
    pointInTime: { time: '2026-11-22T14:03:07Z' },
    components: [
      { name: 'orders', target: { volume: { claimName: 'orders-restored', size: '1Gi' } } },
      { name: 'stock', target: { inPlace: { claimName: 'data-stock-0' } } },
      {
        name: 'people',
        target: {
          server: {
            connection: { host: 'postgres', caSecretRef: { name: 'postgres-ca' }, credentialsSecretRef: { name: 'postgres-superuser' } },
            databases: ['people'],
          },
        },
      },
    ],
    quiesce: { workloads: [{ kind: 'Deployment', name: 'web' }] },
    confirmation: `${namespace}/absent`,
  },
});

// An undo of one that does not exist.
export const rightUndo = (name = 'undo', namespace = 'holdfast-test-api'): Loose => ({
  ...rightRestore(name),
  spec: { source: { policyRef: { name: 'absent' }, restoreRef: { name: 'right' } }, confirmation: `${namespace}/absent` },
});

// Policies and Backups for tests of decisions, as the API server would hand them out.
import type { Backup, BackupPolicy } from '../../src/api/objects.ts';
import type { BackupStatus } from '../../src/api/backup.ts';
import { policySpecSchema } from '../../src/api/policy.ts';
import type { PolicyStatus } from '../../src/api/policy.ts';
import type { WalArchive } from '../../src/api/postgresql.ts';
import { apiVersion, slotFinalizer } from '../../src/api/group.ts';
import { slotOf } from '../../src/core/receiver-slots/wanted.ts';
import type { JobFacts } from '../../src/core/jobs/facts.ts';
import type { BackupObserved } from '../../src/core/backup/observed.ts';
import type { PolicyObserved } from '../../src/core/policy/observed.ts';

export const start = Date.parse('2026-11-22T02:00:00Z');
// Stands for SHA-256: eight hex digits.
export const hash = (text: string): string => {
  let sum = 7;
  for (let at = 0; at < text.length; at += 1) {
    sum = (Math.imul(sum, 31) + text.charCodeAt(at)) >>> 0;
  }
  return sum.toString(16).padStart(8, '0');
};

export const recipient = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';
export const verificationKey = 'MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=';

export const postgresql = (version = 17) => ({
  version,
  connection: { host: 'postgres', sslMode: 'disable', credentialsSecretRef: { name: 'login' } },
});

// A component whose WAL is archived.
export const archiving = (name: string, mode: WalArchive['mode']) => ({ name, postgresql: { ...postgresql(), walArchive: { mode } } });

// The stores are read once a year, so that only tests about that see it.
export const seldom = { cron: '0 0 1 1 *', jitter: '1s' };

export const makePolicy = (spec: { schedules?: object; [field: string]: unknown } = {}, status?: PolicyStatus): BackupPolicy => ({
  apiVersion,
  kind: 'BackupPolicy',
  metadata: {
    name: 'shop',
    namespace: 'shop',
    uid: 'policy-uid',
    generation: 1,
    resourceVersion: '1',
    creationTimestamp: '2026-11-20T12:00:00Z',
  },
  spec: policySpecSchema.parse({
    components: [
      { name: 'db', postgresql: postgresql() },
      { name: 'stock', postgresql: postgresql() },
    ],
    encryption: {
      recipients: [recipient],
      signingKeySecretRef: { name: 'signing' },
      verificationKeys: [{ id: '0123456789abcdef', key: verificationKey }],
    },
    tiers: [
      { name: 'local', persistentVolumeClaim: { size: '1Gi' } },
      { name: 'cloud', s3: { bucket: 'holdfast', credentialsSecretRef: { name: 's3' } } },
    ],
    ...spec,
    schedules: { health: seldom, ...spec.schedules },
  }),
  ...(status === undefined ? {} : { status }),
});

// The same policy, its replication slots written down and itself held: WAL may be received.
export const receivable = (policy: BackupPolicy): BackupPolicy => ({
  ...policy,
  metadata: { ...policy.metadata, finalizers: [slotFinalizer] },
  status: {
    ...policy.status,
    walArchive: policy.spec.components.flatMap((component) => {
      const slot = slotOf(policy, component, hash);
      return slot === undefined ? [] : [{ component: component.name, slot: { ...slot, since: '2026-11-20T12:00:00Z' } }];
    }),
  },
});

export const makeBackup = (
  status?: BackupStatus,
  metadata: Partial<Backup['metadata']> = {},
  spec: Partial<Backup['spec']> = {},
): Backup => ({
  apiVersion,
  kind: 'Backup',
  metadata: {
    name: 'shop-full-202611220200',
    namespace: 'shop',
    uid: 'backup-uid',
    generation: 1,
    resourceVersion: '1',
    creationTimestamp: '2026-11-22T02:00:00Z',
    ...metadata,
  },
  spec: { policyRef: { name: 'shop' }, type: 'Full', ...spec },
  ...(status === undefined ? {} : { status }),
});

export const observedBackup = (given: Partial<BackupObserved> = {}): BackupObserved => ({
  now: start,
  backup: makeBackup(),
  policy: makePolicy(),
  namespaceTerminating: false,
  rivals: [],
  jobs: [],
  copies: [],
  agentMajors: [17],
  hash,
  ...given,
});

export const observedPolicy = (given: Partial<PolicyObserved> = {}): PolicyObserved => ({
  now: start,
  policy: makePolicy(),
  backups: [],
  jobs: [],
  catalogue: {},
  missingClaims: [],
  restores: [],
  receivingPods: [],
  namespaceTerminating: false,
  receivers: [],
  agentMajors: [17],
  hash,
  ...given,
});

export const makeJob = (facts: Partial<JobFacts> & Pick<JobFacts, 'name' | 'verb' | 'state'>): JobFacts => ({
  uid: `uid of ${facts.name}`,
  ours: true,
  deleting: false,
  attempt: 1,
  createdTime: start,
  ...facts,
});

// BackupPolicy: what to protect, when, and where to keep it.
import { z } from 'zod';
import { count, duration, labelName, mapList, objectName, quantity, secretKeyRef, setList, time, withRules } from './common.ts';
import { postgresqlSchema } from './postgresql.ts';
import { conditions } from './run-status.ts';
import { tierSchema } from './tier.ts';

const schedule = z.object({
  cron: z
    .string()
    .min(9)
    .max(100)
    .regex(/^\S+(\s+\S+){4}$/)
    .describe('Five fields: minute, hour, day of the month, month, day of the week.'),
  timeZone: z
    .string()
    .min(1)
    .max(64)
    .regex(/^[A-Za-z0-9_+/-]+$/)
    .default('Etc/UTC')
    .describe('IANA name of the time zone.'),
});

const component = withRules(
  z.object({
    name: labelName(20).describe('Name of the component, unique in the policy.'),
    postgresql: postgresqlSchema.optional().describe('A PostgreSQL server.'),
  }),
  [{ rule: 'has(self.postgresql)', message: 'a component needs exactly one kind of data: set postgresql' }],
);

const encryption = z.object({
  recipients: setList(
    z
      .array(
        z
          .string()
          .min(62)
          .max(62)
          .regex(/^age1[02-9ac-hj-np-z]{58}$/),
      )
      .min(1)
      .max(16),
  ).describe('Public age recipients. Who holds the identity of one of them can open the backups. Keep the identity outside the cluster.'),
  stateIdentitySecretRef: secretKeyRef(
    'The recipient of the state identity. It opens lists and manifests of backups, never contents; later runs need it for increments.',
    'recipient',
  ).optional(),
  signingKeySecretRef: secretKeyRef('The Ed25519 private key (PKCS#8 PEM) that signs what is stored.', 'signing.key'),
  verificationKeys: mapList(
    z
      .array(
        z.object({
          id: labelName(63).describe('Id of the key, as `kubectl holdfast keygen` printed it.'),
          key: z.string().min(40).max(512).describe('Ed25519 public key: the base64 text of its SubjectPublicKeyInfo (DER).'),
        }),
      )
      .min(1)
      .max(8),
    ['id'],
  ).describe('Public keys whose signatures are believed. Rotation adds one.'),
});

const resources = z.object({
  requests: z.record(z.string().max(63), quantity()).optional().describe('Least resources of an agent container.'),
  limits: z.record(z.string().max(63), quantity()).optional().describe('Most resources of an agent container.'),
});

const toleration = z.object({
  key: z.string().max(316).optional(),
  operator: z.enum(['Exists', 'Equal']).optional(),
  value: z.string().max(63).optional(),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).optional(),
  tolerationSeconds: z.int().min(0).optional(),
});

const jobs = z.object({
  parallelism: z.int().min(1).max(16).default(2).describe('How many component Jobs of one Backup run at a time.'),
  attempts: z
    .int()
    .min(1)
    .max(10)
    .default(3)
    .describe('How often a Job is tried before its component counts as failed. Wrong configuration is not tried again.'),
  serviceAccountName: objectName().default('default').describe('ServiceAccount of the agents. No token of it is mounted.'),
  resources: resources.optional().describe('Resources of the agent container.'),
  nodeSelector: z.record(z.string().max(316), z.string().max(63)).optional().describe('Labels that a node must have.'),
  tolerations: z.array(toleration).max(16).optional().describe('Taints that the agents tolerate.'),
  imagePullSecrets: mapList(z.array(z.object({ name: objectName() })).max(8), ['name'])
    .optional()
    .describe('Secrets for the registry of the agent image.'),
  deadlines: z
    .object({
      start: duration().default('10m').describe('From the Job to its running container: scheduling, volumes, image, Secrets.'),
      dump: duration().default('6h').describe('One attempt at one component.'),
      seal: duration().default('15m').describe('Writing and reading back the manifest.'),
      copy: duration().default('12h').describe('One attempt at one further tier.'),
      inspect: duration().default('30m').describe('One reading of the store.'),
    })
    .prefault({})
    .describe('After these times an attempt is stopped and counts as failed.'),
});

export const policySpecSchema = withRules(
  z.object({
    suspend: z.boolean().default(false).describe('True: no schedule starts a run. Runs made by hand still work.'),
    schedules: z
      .object({ full: schedule.optional().describe('Full backups.') })
      .prefault({})
      .describe('When runs start by themselves.'),
    components: mapList(z.array(component).min(1).max(32), ['name']).describe('What belongs to the application.'),
    encryption: encryption.describe('Who can open the backups, and who signs them.'),
    tiers: z
      .array(tierSchema)
      .min(1)
      .max(8)
      .describe('Where backups are kept. The first one is the primary: it is written first, the others get copies.'),
    jobs: jobs.prefault({}).describe('How the Jobs run.'),
  }),
  [
    {
      rule: 'self.tiers.all(t, self.tiers.exists_one(u, u.name == t.name))',
      message: 'tiers: every tier needs a name of its own',
    },
  ],
);

const componentFacts = z.object({
  name: labelName(20),
  lastSuccessTime: time().optional(),
  restorableTo: time().optional(),
});

const tierFacts = z.object({
  name: labelName(20),
  latestBackupTime: time().optional().describe('Slot of the newest backup whose manifest verified on this tier.'),
  backups: count().optional().describe('Backups whose manifests verified.'),
  refused: count().optional().describe('Manifests that did not verify; the condition StorageHealthy names the first ones.'),
  measuredTime: time().optional().describe('When the tier was last read.'),
});

export const policyStatusSchema = z.object({
  observedGeneration: count().optional(),
  conditions: conditions(),
  repositoryId: z.string().max(64).optional().describe('Id of the repository, the same on every tier.'),
  components: mapList(z.array(componentFacts).max(32), ['name']).optional(),
  tiers: mapList(z.array(tierFacts).max(8), ['name']).optional(),
  latestBackup: z
    .object({ name: objectName().optional(), backupId: z.string().max(64), bytes: count(), seconds: z.number().min(0) })
    .optional()
    .describe('The newest backup that verified on the primary tier. The next one is predicted from it.'),
  lastScheduleTime: time().optional().describe('Newest slot that got a run.'),
  next: z
    .array(z.object({ type: z.enum(['Full']), time: time() }))
    .max(8)
    .optional()
    .describe('What runs next.'),
});

export type PolicySpec = z.output<typeof policySpecSchema>;
export type PolicyStatus = z.output<typeof policyStatusSchema>;
export type Component = PolicySpec['components'][number];

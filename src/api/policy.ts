// BackupPolicy: what to protect, when, and where to keep it.
import { z } from 'zod';
import { type CelRule, count, duration, labelName, mapList, objectName, quantity, time, withRules } from './common.ts';
import { labelPattern } from './label-pattern.ts';
import { runTypes } from './backup-type.ts';
import { alertNames, severities } from './alerts.ts';
import { encryptionSchema } from './encryption.ts';
import { postgresqlSchema } from './postgresql.ts';
import { conditions, observedGeneration } from './run-status.ts';
import { schedulesSchema } from './schedule.ts';
import { logSuccessRateSchema, successRateSchema } from './success-rate.ts';
import { tierSchema } from './tier.ts';
import { walArchiveStatus } from './wal-status.ts';

const component = withRules(
  z.object({
    name: labelName(20).describe('Name of the component, unique in the policy.'),
    postgresql: postgresqlSchema.optional().describe('A PostgreSQL server.'),
  }),
  [{ rule: 'has(self.postgresql)', message: 'a component needs exactly one kind of data: set postgresql' }],
);

const quantities = () => z.record(z.string().max(63), quantity()).meta({ maxProperties: 8 });

const resources = withRules(
  z.object({
    requests: quantities().optional().describe('Least resources of an agent container.'),
    limits: quantities().optional().describe('Most resources of an agent container.'),
  }),
  [
    {
      rule: '!has(self.requests) || !has(self.limits) || self.requests.all(k, !(k in self.limits) || !isQuantity(string(self.requests[k])) || !isQuantity(string(self.limits[k])) || quantity(string(self.requests[k])).compareTo(quantity(string(self.limits[k]))) <= 0)',
      message: 'resources: a request is larger than its limit, so no pod could start: lower the request or raise the limit',
    },
  ],
);

const toleration = withRules(
  z.object({
    key: z.string().max(316).optional().describe('Key of the taint. Absent: every key.'),
    operator: z.enum(['Exists', 'Equal']).optional().describe('How the value is compared. Absent: Equal.'),
    value: z.string().max(63).optional().describe('Value of the taint.'),
    effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).optional().describe('Effect of the taint. Absent: every effect.'),
    tolerationSeconds: z.int().min(0).optional().describe('How long NoExecute is tolerated. Absent: for ever.'),
  }),
  [
    {
      rule: "!has(self.value) || self.value == '' || !has(self.operator) || self.operator == 'Equal'",
      message: 'a toleration with operator Exists stands for every value: take value away',
    },
    {
      rule: "(has(self.key) && self.key != '') || (has(self.operator) && self.operator == 'Exists')",
      message: 'a toleration without a key needs operator Exists: it is for every taint',
    },
    {
      rule: "!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
      message: 'tolerationSeconds goes with effect NoExecute: nothing else evicts a pod',
    },
  ],
);

const labelText = '^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$';
const labelKey = '^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$';

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
  nodeSelector: withRules(z.record(z.string().max(316), z.string().max(63)).meta({ maxProperties: 32 }), [
    {
      rule: `self.all(k, k.matches(${JSON.stringify(labelKey)}) && self[k].matches(${JSON.stringify(labelText)}))`,
      message:
        'write key and value of a label of a node, such as kubernetes.io/arch: amd64, as `kubectl get nodes --show-labels` shows them',
    },
  ])
    .optional()
    .describe('Labels that a node must have.'),
  tolerations: z.array(toleration).max(16).optional().describe('Taints that the agents tolerate.'),
  imagePullSecrets: mapList(
    z.array(z.object({ name: objectName().describe('Name of the Secret, in the namespace of the policy.') })).max(8),
    ['name'],
  )
    .optional()
    .describe('Secrets for the registry of the agent image.'),
  deadlines: z
    .object({
      start: duration().default('10m').describe('From the Job to its running container: scheduling, volumes, image, Secrets.'),
      dump: duration().default('6h').describe('One attempt at one component.'),
      seal: duration().default('15m').describe('Writing and reading back the manifest.'),
      copy: duration().default('12h').describe('One attempt at one further tier.'),
      inspect: duration().default('30m').describe('One reading of the store.'),
      log: duration().default('30m').describe('One attempt of a Log backup at one component.'),
      recover: duration().default('12h').describe('One attempt at bringing one component back.'),
    })
    .prefault({})
    .describe('After these times an attempt is stopped and counts as failed.'),
});

const objectives = z.object({
  rpo: duration().default('24h').describe('At most so much work may be lost: the newest restorable point must not be older.'),
  warnAt: duration()
    .optional()
    .describe('At this age of the newest restorable point a warning is due. Default: five sixths of `rpo`, which is 20h of 24h.'),
  rto: duration().default('4h').describe('A restore shall not take longer than this. It is measured against it.'),
});

const history = z.object({
  full: z
    .int()
    .min(1)
    .max(500)
    .default(50)
    .describe(
      'How many Backup resources of type Full stay after they have ended. Older resources are removed; what they stand for stays in the store.',
    ),
  incremental: z.int().min(1).max(500).default(50).describe('The same for those of the types Differential and Incremental, together.'),
  log: z.int().min(1).max(500).default(50).describe('The same for those of the type Log.'),
});

// Rules on the whole object. The name becomes part of names of claims, Jobs and folders.
export const policyRules: CelRule[] = [
  {
    rule: 'self.metadata.name.size() <= 32',
    message:
      'the name of a BackupPolicy has at most 32 characters, because claims, Jobs and folders are named after it: choose a shorter one',
    fieldPath: '.metadata.name',
  },
  {
    rule: `self.metadata.name.matches(${JSON.stringify(labelPattern.source)})`,
    message: 'the name of a BackupPolicy has lower-case letters, digits and "-" only, such as "shop": no dots',
    fieldPath: '.metadata.name',
  },
];

export const policySpecSchema = withRules(
  z.object({
    suspend: z.boolean().default(false).describe('True: no schedule starts a run. Runs made by hand still work.'),
    objectives: objectives.prefault({}).describe('What is promised; status and conditions say whether it holds.'),
    schedules: schedulesSchema.prefault({}).describe('When runs start by themselves.'),
    components: mapList(z.array(component).min(1).max(32), ['name']).describe('What belongs to the application.'),
    encryption: encryptionSchema.describe('Who can open the backups, and who signs them.'),
    tiers: z
      .array(tierSchema)
      .min(1)
      .max(8)
      .describe('Where backups are kept. The first one is the primary: it is written first, the others get copies.'),
    jobs: jobs.prefault({}).describe('How the Jobs run.'),
    history: history.prefault({}).describe('How many ended runs stay as resources.'),
    notify: z
      .object({ route: labelName(63).describe('Name of a route of the operator (`notify.routes` in the values of the chart).') })
      .optional()
      .describe('Who hears of alerts. Absent: the route named `default`, where the operator has one.'),
  }),
  [
    {
      rule: "has(self.encryption.stateIdentitySecretRef) || self.components.all(c, !has(c.postgresql) || c.postgresql.physical.incremental != 'Required')",
      message:
        'postgresql.physical.incremental: Required needs encryption.stateIdentitySecretRef: an increment is made against the list of the backup before, which that identity opens',
    },
    {
      rule: "has(self.schedules.log) || self.components.all(c, !has(c.postgresql) || !has(c.postgresql.walArchive) || c.postgresql.walArchive.mode != 'Scheduled')",
      message:
        'postgresql.walArchive.mode: Scheduled needs schedules.log, which says when: set it, such as cron: "0 * * * *", or use Continuous',
    },
    {
      rule: "!has(self.schedules.log) || self.components.exists(c, has(c.postgresql) && has(c.postgresql.walArchive) && c.postgresql.walArchive.mode != 'Off')",
      message: 'schedules.log is set, but no component archives WAL: set postgresql.walArchive, or take schedules.log away',
    },
    {
      rule: 'self.components.all(c, !has(c.postgresql) || !has(c.postgresql.walArchive) || c.postgresql.walArchive.acknowledge.all(n, self.tiers.exists(t, t.name == n)))',
      message: 'postgresql.walArchive.acknowledge names a tier that the policy does not have: use names of spec.tiers',
    },
    {
      rule: 'self.tiers.all(t, self.tiers.exists_one(u, u.name == t.name))',
      message: 'tiers: every tier needs a name of its own',
    },
    {
      rule: 'self.tiers.all(t, !has(t.persistentVolumeClaim) || !has(t.persistentVolumeClaim.claimName) || self.tiers.exists_one(u, has(u.persistentVolumeClaim) && has(u.persistentVolumeClaim.claimName) && u.persistentVolumeClaim.claimName == t.persistentVolumeClaim.claimName))',
      message: 'tiers: two tiers name the same claim; two copies on one volume are lost together: give each tier a claim of its own',
    },
    {
      rule: 'self.tiers.all(t, !has(t.s3) || self.tiers.exists_one(u, has(u.s3) && u.s3.bucket == t.s3.bucket && has(u.s3.endpoint) == has(t.s3.endpoint) && (!has(t.s3.endpoint) || u.s3.endpoint == t.s3.endpoint) && has(u.s3.prefix) == has(t.s3.prefix) && (!has(t.s3.prefix) || u.s3.prefix == t.s3.prefix)))',
      message: 'tiers: two tiers name the same bucket and prefix; they would be one copy: give each tier a bucket of its own',
    },
  ],
);

const componentFacts = z.object({
  name: labelName(20).describe('Name of the component.'),
  lastSuccessTime: time().optional().describe('Slot of the newest backup that verified and holds the component.'),
  restorableTo: time().optional().describe('Everything committed before this instant is in that backup.'),
  bytes: count().optional().describe('Bytes of it in that backup.'),
  wholeBytes: count().optional().describe('Bytes of its newest copy that is whole. The next one is predicted from them.'),
});

const tierFacts = z.object({
  name: labelName(20).describe('Name of the tier, in the order of the spec.'),
  latestBackupTime: time().optional().describe('Slot of the newest backup whose manifest verified on this tier.'),
  backups: count().optional().describe('Backups whose manifests verified.'),
  restorableTime: time().optional().describe('What a restore of everything from this tier alone would bring back.'),
  refused: count().optional().describe('Manifests that did not verify; the condition StorageHealthy names the first ones.'),
  measuredTime: time().optional().describe('When the tier was last read.'),
  usedBytes: count().optional().describe('Bytes that this policy has in the tier, abandoned ones included.'),
  abandonedBytes: count().optional().describe('Bytes of attempts that failed and that no manifest names.'),
  capacityBytes: count().optional().describe('Size of the volume.'),
  freeBytes: count().optional().describe('Bytes free on the volume.'),
  lastVerifiedTime: time().optional().describe('The newest time at which all stored bytes of a backup were read and matched (level L1).'),
  unverified: count().optional().describe('Backups of which not every stored byte was read on this tier yet.'),
  epoch: count().optional().describe('Epoch of the writer: it grows when another cluster takes the repository over.'),
});

const walLsn = () => z.string().max(17);
const walTimeline = () => z.int().min(1).describe('Timeline of the server. Each promotion begins a new one.');

const windowFacts = z.object({
  tier: labelName(20).describe('By which tier: the first one that holds WAL.'),
  measuredTime: time().describe('When it was read.'),
  earliestTime: time().optional().describe('From here on every component that has WAL can be recovered to any instant, but for the gaps.'),
  latestTime: time().optional().describe('Up to here: everything committed before it is stored, and a whole backup leads there.'),
  intervals: z
    .array(
      z.object({
        component: labelName(20).describe('Whose WAL it is.'),
        timeline: walTimeline(),
        from: time().describe('First instant that can be recovered along this timeline.'),
        to: time().describe('Last one.'),
      }),
    )
    .max(50)
    .optional()
    .describe('Without a hole, each. Oldest first.'),
  olderIntervals: count().optional().describe('So many older ones are left out here.'),
  gaps: z
    .array(
      z.object({
        component: labelName(20).describe('Whose WAL is missing.'),
        timeline: walTimeline(),
        fromLsn: walLsn().describe('The last place in the WAL that can be recovered before the gap.'),
        toLsn: walLsn().describe('The first one after it; or the end of the WAL, where no backup leads on.'),
        from: time().optional().describe('The last instant before the gap. Absent: no mark says when that was.'),
        to: time()
          .optional()
          .describe('The first instant after it. Absent: nothing after it can be recovered yet; a new Full backup mends that.'),
        reason: z.string().max(40).optional().describe('Why WAL was given up; OtherHistory: the server was set back, or that undone.'),
      }),
    )
    .max(20)
    .optional()
    .describe('What cannot be recovered in between. Oldest first.'),
  olderGaps: count().optional().describe('So many older ones are left out here.'),
});

// An incident of this policy that is open, or whose end nobody has been told yet.
const alertSchema = z.object({
  name: z.enum(alertNames).describe('Name of the alert; docs/alerts.md lists them all.'),
  severity: z.enum(severities).describe('critical: a person must act now.'),
  since: time().describe('When it began.'),
  message: z.string().max(512).describe('What is wrong.'),
  notifiedTime: time().optional().describe('When its mail was handed over. Absent: no mail was sent.'),
  resolvedTime: time().optional().describe('When it was over.'),
  problem: z.string().max(256).optional().describe('Why its mail could not be delivered. It is tried again.'),
});

export const policyStatusSchema = z.object({
  observedGeneration: observedGeneration(),
  conditions: conditions(),
  repositoryId: z.string().max(64).optional().describe('Id of the repository, the same on every tier.'),
  rpo: z
    .object({
      objectiveSeconds: count().optional().describe('spec.objectives.rpo.'),
      restorableTime: time()
        .optional()
        .describe(
          'What a restore of everything would bring back now, by the best tier that was read lately. Absent: nothing, or it is not known.',
        ),
      offsiteTime: time().optional().describe('The same by the best tier that is no volume of this cluster.'),
      measuredTime: time().optional().describe('When the tier was read that says so.'),
    })
    .optional()
    .describe('What could be lost right now.'),
  rto: z
    .object({
      objectiveSeconds: count().describe('spec.objectives.rto.'),
      lastSeconds: z
        .number()
        .min(0)
        .optional()
        .describe('How long the newest Restore of all components took, waiting for an approval aside. Absent: nobody has measured it.'),
      lastTime: time().optional().describe('When that Restore ended.'),
      restore: objectName().optional().describe('Its name. It may be gone.'),
    })
    .optional()
    .describe('How long coming back takes.'),
  walArchive: walArchiveStatus(),
  suspendedTime: time()
    .optional()
    .describe('Since when spec.suspend is true. An hour later the replication slots are dropped, so that no server keeps WAL for ever.'),
  recoverability: windowFacts.optional().describe('Which instants the archived WAL leads to. Absent: no WAL is known of.'),
  components: mapList(z.array(componentFacts).max(32), ['name']).optional().describe('What is known of each component.'),
  tiers: mapList(z.array(tierFacts).max(8), ['name']).optional().describe('What the last reading of each tier found.'),
  latestBackup: z
    .object({
      name: objectName().optional().describe('Name of its Backup resource.'),
      backupId: z.string().max(64).describe('Its name in the store.'),
      bytes: count().describe('Bytes stored.'),
      seconds: z.number().min(0).describe('How long it took.'),
    })
    .optional()
    .describe('The newest backup that verified on the primary tier. The next one is predicted from it.'),
  adoption: z
    .object({
      request: z.string().max(64).describe('Value of the annotation holdfast.dev/take-over that it answers.'),
      state: z.enum(['Running', 'Done', 'Failed']).describe('How far it is. What failed is not tried again by itself: ask anew.'),
      epoch: count().optional().describe('Epoch in which this policy is the writer.'),
      message: z.string().max(1024).optional().describe('Why it failed.'),
    })
    .optional()
    .describe('The last time that somebody asked to take the repository over.'),
  lastScheduleTime: time().optional().describe('Newest slot that got a run, Log runs aside.'),
  lastLogScheduleTime: time().optional().describe('Newest slot of schedules.log that got a run.'),
  successRate: successRateSchema.optional().describe('How the slots of the schedules fared, Log runs aside.'),
  logSuccessRate: logSuccessRateSchema.optional().describe('How the slots of schedules.log fared.'),
  next: z
    .array(z.object({ type: z.enum(runTypes).describe('Kind of the run.'), time: time().describe('When it starts, jitter included.') }))
    .max(8)
    .optional()
    .describe('What runs next.'),
  alerts: mapList(z.array(alertSchema).max(32), ['name']).optional().describe('What is wrong now.'),
  heartbeat: z
    .object({
      backup: objectName().describe('Name of the Backup that it stood for.'),
      endTime: time().describe('When that Backup ended.'),
    })
    .optional()
    .describe('The newest heartbeat that was delivered.'),
});

export type PolicySpec = z.output<typeof policySpecSchema>;
export type PolicyStatus = z.output<typeof policyStatusSchema>;
export type Component = PolicySpec['components'][number];
export type AlertStatus = z.output<typeof alertSchema>;

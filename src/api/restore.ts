// Restore: bringing back what a policy has stored, into something new, in place, or into a running server; or undoing such a restore.
import { z } from 'zod';
import { formatted, labelName, mapList, objectName, secretKeyRef, setList, size, withRules } from './common.ts';
import type { CelRule } from './common.ts';
import { connectionSchema, databaseName } from './postgresql.ts';

export const safetyBackups = ['Required', 'BestEffort', 'Skip'] as const;
export type SafetyBackup = (typeof safetyBackups)[number];

export const workloadKinds = ['Deployment', 'StatefulSet'] as const;
export type WorkloadKind = (typeof workloadKinds)[number];

const folder = (what: string) =>
  formatted(
    200,
    /^[A-Za-z0-9_][A-Za-z0-9._-]*(\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/,
    'write a folder within the volume, such as pgdata: no slash at either end, no "..", and never the root of the volume itself',
  ).describe(what);

export const runAsSchema = z
  .object({
    user: z.int().min(1).max(2_147_483_647).describe('Uid that the server runs as. The files belong to it.'),
    group: z.int().min(1).max(2_147_483_647).describe('Its gid.'),
  })
  .describe('Whose files they are.');

// A claim that Holdfast makes. It has no owner: it outlives the Restore.
const volume = z.object({
  claimName: objectName().optional().describe('Name of the new claim. Default: `<restore>-<component>`.'),
  size: size().optional().describe('Size of the new claim. Default: what the plan says that it takes, and a third more.'),
  storageClassName: objectName().optional().describe('Storage class of the new claim. Default: the class of the cluster.'),
  path: folder('The data directory within the volume (PGDATA of the server that will use it).').default('pgdata'),
  runAs: runAsSchema
    .default({ user: 999, group: 999 })
    .describe('Whose files they are. Default: 999 for both, the user of the usual images.'),
});

const inPlace = z.object({
  claimName: objectName().describe('The claim that holds the data directory now.'),
  path: folder('The data directory within the volume. Default: what the workload that uses the claim says by PGDATA.').optional(),
  runAs: runAsSchema.optional().describe('Whose files they are. Default: what the workload that uses the claim runs as.'),
});

const server = z.object({
  connection: connectionSchema.describe('How to reach the server, with a role that may make databases.'),
  databases: setList(z.array(databaseName()).max(64))
    .default([])
    .describe('Only the dumps of these databases. Empty: all of them, each under its own name.'),
  into: databaseName().optional().describe('The database that one dump goes into. Default: its own name.'),
  add: z
    .boolean()
    .default(false)
    .describe('Whether the database may hold something already. Where something is in the way, nothing is changed.'),
  roles: z.boolean().default(true).describe('Whether roles that the server lacks are made first.'),
});

const target = withRules(
  z.object({
    volume: volume.optional().describe('A new claim: a data directory, recovered and cleanly shut down, that a server can start on.'),
    inPlace: inPlace
      .optional()
      .describe('An existing claim whose workload is scaled down meanwhile. What it holds is put aside, so that it can be undone.'),
    server: server.optional().describe('A running server, for dumps.'),
  }),
  [
    {
      rule: '(has(self.volume) ? 1 : 0) + (has(self.inPlace) ? 1 : 0) + (has(self.server) ? 1 : 0) == 1',
      message: 'a target is exactly one of volume (a new claim), inPlace (an existing one) and server (a running server)',
    },
  ],
);

const pointInTime = withRules(
  z.object({
    time: formatted(
      40,
      /^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})$/,
      'write an instant with its offset, such as 2026-11-22T14:03:07Z or 2026-11-22T15:03:07.5+01:00',
    )
      .optional()
      .describe('As of this instant: what was committed then is there.'),
    lsn: formatted(17, /^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/, 'write a place in the WAL, such as 0/3000028')
      .optional()
      .describe('A place in the WAL.'),
    name: z.string().min(1).max(63).optional().describe('A restore point that pg_create_restore_point made.'),
    exclusive: z.boolean().default(false).describe('Leave out what happened at that very time or place.'),
    timeline: z.int().min(1).optional().describe('Timeline of the point. Default: the newest that has it.'),
  }),
  [
    {
      rule: '(has(self.time) ? 1 : 0) + (has(self.lsn) ? 1 : 0) + (has(self.name) ? 1 : 0) == 1',
      message: 'pointInTime: set exactly one of time, lsn and name',
    },
  ],
);

const source = withRules(
  z.object({
    policyRef: z
      .object({ name: labelName(32).describe('Name of the BackupPolicy, in the same namespace.') })
      .describe('The policy whose tiers hold the backup.'),
    tier: labelName(20).optional().describe('Which tier to read. Default: the first one.'),
    backup: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .describe('This backup, as `kubectl holdfast list` names it; with pointInTime: where to start from.'),
    latest: z.boolean().optional().describe('True: the newest point that can be reached.'),
    restoreRef: z
      .object({ name: objectName().describe('Name of the Restore, in the same namespace.') })
      .optional()
      .describe(
        'Undo that Restore: bring back what it put aside. Where that lies in the store, identitySecretRef opens it; default: that of the other Restore.',
      ),
    identitySecretRef: secretKeyRef('The age identity that opens the backup. Only the Jobs of this Restore see it.', 'identity').optional(),
  }),
  [
    {
      rule: '!has(self.latest) || self.latest',
      message: 'source.latest can only be true: leave it out, and name a backup, a pointInTime or a restoreRef',
    },
    {
      rule: '!has(self.latest) || !has(self.backup)',
      message: 'source: latest and backup exclude each other: name one of them',
    },
    {
      rule: 'has(self.restoreRef) ? !has(self.latest) && !has(self.backup) && !has(self.tier) : has(self.identitySecretRef)',
      message:
        'source: identitySecretRef names the Secret with the age identity that opens the backup; an undo (restoreRef) takes neither backup, latest nor tier',
    },
  ],
);

const workload = z.object({
  kind: z.enum(workloadKinds).describe('What kind of workload it is.'),
  name: objectName().describe('Its name, in the same namespace.'),
});

const restoreComponent = z.object({
  name: labelName(20).describe('Name of the component.'),
  target: target.optional().describe('Where it goes. Default: a new claim.'),
});

const immutable = (field: string, optional = true): CelRule => ({
  rule: optional
    ? `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`
    : `self.${field} == oldSelf.${field}`,
  message: `spec.${field} of a Restore cannot be changed, only spec.approval can; create another Restore instead`,
});

export const restoreSpecSchema = withRules(
  z.object({
    source: source.describe('What is brought back.'),
    pointInTime: pointInTime.optional().describe('As of when. Absent: as source says.'),
    components: mapList(z.array(restoreComponent).min(1).max(32), ['name'])
      .optional()
      .describe('Which components, and where each goes. Default: all of the policy, each into a new claim.'),
    safetyBackup: z
      .enum(safetyBackups)
      .default('Required')
      .describe(
        'In place: what becomes of what is there. Required: it is put aside, and where the volume has no room for both copied into the store; where neither can be, the restore is refused. BestEffort: the same, but where neither can be, it is removed, and nothing can be undone. Skip: it is removed once the restore is verified. Where there is no room for both, it is removed first, after every stored byte that is needed was read and checked, and the copy was read back.',
      ),
    quiesce: z
      .object({
        workloads: mapList(z.array(workload).min(1).max(16), ['kind', 'name']).describe('Which workloads.'),
      })
      .optional()
      .describe('Workloads that are scaled to 0 meanwhile, and back at the end. In place, those that use the claim always are.'),
    verifyBeforeRestore: z
      .boolean()
      .default(true)
      .describe('Read and check every stored byte that is needed before anything is stopped or overwritten.'),
    requireApproval: z.boolean().default(false).describe('True: nothing is done until spec.approval carries the hash of the plan.'),
    confirmation: z.string().max(100).optional().describe('In place: `<namespace>/<policy>`, to say that the data there may be replaced.'),
    approval: z
      .object({
        planHash: formatted(16, /^[0-9a-f]{16}$/, 'copy status.plan.hash: 16 hexadecimal digits').describe(
          'status.plan.hash of the plan that was read.',
        ),
        approvedBy: z.string().min(1).max(253).describe('Who has read it.'),
      })
      .optional()
      .describe('That somebody has read the plan. `kubectl holdfast approve` writes it.'),
    requestedBy: z.string().max(253).optional().describe('Who asked for it. Only the operator may name somebody else.'),
  }),
  [
    {
      rule: 'has(self.source.restoreRef) || has(self.pointInTime) || has(self.source.latest) || has(self.source.backup)',
      message: 'say what is brought back: source.backup, source.latest: true, pointInTime, or source.restoreRef for an undo',
    },
    {
      rule: '!has(self.pointInTime) || (!has(self.source.latest) && !has(self.source.restoreRef))',
      message: 'pointInTime goes with neither source.latest nor source.restoreRef: the point is what it says',
    },
    {
      rule: '!has(self.source.restoreRef) || !has(self.components)',
      message: 'an undo (source.restoreRef) brings back every component of that Restore: take components away',
    },
    {
      rule: '!has(self.source.restoreRef) || (!self.requireApproval && self.safetyBackup == "Required")',
      message: 'an undo (source.restoreRef) has no plan to approve and puts nothing aside: take requireApproval and safetyBackup away',
    },
    {
      rule: 'has(self.confirmation) || (!has(self.source.restoreRef) && (!has(self.components) || self.components.all(c, !has(c.target) || !has(c.target.inPlace))))',
      message: 'a restore in place and an undo replace data: write confirmation: <namespace>/<policy>',
    },
    {
      rule: '!has(self.components) || self.components.all(c, !has(c.target) || !has(c.target.inPlace) || self.components.exists_one(d, has(d.target) && has(d.target.inPlace) && d.target.inPlace.claimName == c.target.inPlace.claimName))',
      message: 'components: two of them replace what one claim holds; create a Restore for each',
    },
    {
      rule: '!has(self.components) || self.components.all(c, !has(c.target) || !has(c.target.volume) || !has(c.target.volume.claimName) || self.components.exists_one(d, has(d.target) && has(d.target.volume) && has(d.target.volume.claimName) && d.target.volume.claimName == c.target.volume.claimName))',
      message: 'components: two of them name the same new claim; give each a claimName of its own, or leave it out',
    },
    immutable('source', false),
    immutable('pointInTime'),
    immutable('components'),
    immutable('safetyBackup', false),
    immutable('quiesce'),
    immutable('verifyBeforeRestore', false),
    immutable('requireApproval', false),
    immutable('confirmation'),
    immutable('requestedBy'),
  ],
);

// The name becomes part of names of claims and folders.
export const restoreRules: CelRule[] = [
  {
    rule: 'self.metadata.name.size() <= 52',
    message: 'the name of a Restore has at most 52 characters, because folders and claims are named after it: choose a shorter one',
    fieldPath: '.metadata.name',
  },
];

export type RestoreSpec = z.output<typeof restoreSpecSchema>;
export type RestoreTarget = z.output<typeof target>;
export type RestoreComponent = z.output<typeof restoreComponent>;
export type ServerTargetSpec = z.output<typeof server>;

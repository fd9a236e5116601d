// audit/<time>-restore-<8 hex>.json: who had what restored, where to, and how it ended. Nothing ever replaces or removes it.
import { z } from 'zod';

const name = () => z.string().min(1).max(253);
const optionalText = () => z.string().max(1024).optional();

// What the Restore asked for, and what came of it. What is not known is absent.
export const restoreRecordSchema = z.object({
  restore: z.object({ namespace: name(), name: name(), uid: z.string().min(8).max(64), createdTime: z.string() }),
  policy: name(),
  // As the Restore says: admission sees to it that it is true (docs/security.md). Absent: it does not say.
  requestedBy: z.string().max(253).optional(),
  // Who approved, and the plan that was approved.
  approved: z.object({ by: z.string().max(253), planHash: z.string().max(16) }).optional(),
  // The Restore that it undoes.
  undoes: name().optional(),
  // Absent: the primary tier.
  tier: z.string().max(20).optional(),
  backup: z.string().max(64).optional(),
  point: z
    .object({
      latest: z.literal(true).optional(),
      time: z.string().max(40).optional(),
      lsn: z.string().max(17).optional(),
      name: z.string().max(63).optional(),
      exclusive: z.boolean().optional(),
      timeline: z.int().optional(),
    })
    .optional(),
  // Name of the Secret with the identity that opened the backup.
  identitySecret: name().optional(),
  confirmation: z.string().max(100).optional(),
  safetyBackup: z.enum(['Required', 'BestEffort', 'Skip']),
  verifiedBefore: z.boolean(),
  // Absent: it never came to a plan.
  planHash: z.string().max(16).optional(),
  components: z.array(
    z.object({
      name: z.string().max(20),
      target: z.string().max(300).optional(),
      // What was there and was to be replaced; whether it was, in the end, and whether it is kept, beside the new data or in the store.
      overwrites: z.string().max(300).optional(),
      replaced: z.boolean().optional(),
      kept: z.boolean().optional(),
      // Backups that were read, oldest first.
      backups: z.array(z.string().max(64)).optional(),
      lost: z.string().max(500).optional(),
      outcome: z.string().max(20).optional(),
      claimName: name().optional(),
      path: z.string().max(200).optional(),
      reachedLsn: z.string().max(17).optional(),
      timeline: z.int().optional(),
      systemId: z.string().max(20).optional(),
      code: z.string().max(64).optional(),
      message: optionalText(),
    }),
  ),
  // What was scaled to 0 for it.
  stopped: z.array(z.object({ kind: z.string().max(40), name: name(), replicas: z.int() })),
  outcome: z.enum(['Complete', 'Failed']),
  reason: z.string().max(64).optional(),
  message: optionalText(),
  // Absent: no Job was ever made.
  startTime: z.string().optional(),
  endTime: z.string(),
  measuredSeconds: z.number().optional(),
});
export type RestoreRecord = z.output<typeof restoreRecordSchema>;

export const auditSchema = z.object({
  schema: z.literal('holdfast.dev/audit/v1'),
  minReader: z.int().min(1),
  repositoryId: z.string(),
  key: z.string(),
  // Of the writer of the repository.
  epoch: z.int().min(1),
  clusterId: z.string().min(1),
  // When it was written, by the clock of the agent.
  createdTime: z.string(),
  act: z.literal('Restore'),
  record: restoreRecordSchema,
});
export type AuditDocument = z.output<typeof auditSchema>;

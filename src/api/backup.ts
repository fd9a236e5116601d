// Backup: one run of a policy.
import { z } from 'zod';
import { runTypes } from './backup-type.ts';
import { count, labelName, mapList, setList, time, withRules } from './common.ts';
import {
  componentStatusSchema,
  conditions,
  observedGeneration,
  phaseSecondsSchema,
  phases,
  tierStateSchema,
  verificationSchema,
} from './run-status.ts';

export const backupSpecSchema = withRules(
  z.object({
    policyRef: z
      .object({ name: labelName(32).describe('Name of the BackupPolicy, in the same namespace.') })
      .describe('The policy that says what, how and where.'),
    type: z
      .enum(runTypes)
      .default('Full')
      .describe(
        'Full: everything, on its own. Differential: what changed since the last Full. Incremental: what changed since the last backup. Every component is in each of them; what cannot be copied in part is copied whole. Log: proof that the archive of WAL holds everything up to now, of the components that have one; it adds no backup to the list of the store.',
      ),
    components: setList(z.array(labelName(20)).min(1).max(32))
      .optional()
      .describe('Only these components. Default: all of the policy.'),
    requestedBy: z.string().max(253).optional().describe('Who asked for it. Only the operator may name somebody else.'),
  }),
  [{ rule: 'self == oldSelf', message: 'the spec of a Backup cannot be changed; create another Backup instead' }],
);

export const backupStatusSchema = z.object({
  observedGeneration: observedGeneration(),
  conditions: conditions(),
  phase: z.enum(phases).optional().describe('For people; tools use the conditions.'),
  startTime: time().optional().describe('When its first Job was made.'),
  endTime: time().optional().describe('When it was sealed, or given up.'),
  backupId: z.string().max(64).optional().describe('Name of the backup in the store. Absent for a Log.'),
  components: mapList(z.array(componentStatusSchema).max(32), ['name']).optional().describe('How each component fared.'),
  tiers: mapList(z.array(tierStateSchema).max(8), ['name']).optional().describe('Which tiers hold it.'),
  verification: z.array(verificationSchema).max(64).optional().describe('What was checked, at which level, where, and with what verdict.'),
  phases: z.array(phaseSecondsSchema).max(64).optional().describe('How long each step took.'),
  progress: z
    .object({
      component: labelName(20).optional().describe('The component it is about.'),
      phase: z.string().max(40).describe('What is being done.'),
      bytes: count().describe('Bytes that the store has acknowledged in this step.'),
      time: time().describe('When the agent said so.'),
    })
    .optional()
    .describe('What the newest progress line of an agent said.'),
  bytes: count().optional().describe('Bytes stored on the primary tier.'),
  size: z.string().max(20).optional().describe('`bytes` for people, such as `118 MB`.'),
  duration: z.string().max(20).optional().describe('From startTime to endTime for people, such as `2m 10s`.'),
  restorableTo: time().optional().describe('The oldest restorableTo of the components.'),
  sealAttempt: count().optional().describe('Number of the newest attempt at sealing.'),
  check: z
    .object({
      attempt: count().describe('Number of the attempt.'),
      category: z.string().max(40).describe('Kind of the failure of sealing.'),
      message: z.string().max(1024).describe('Why the store is asked.'),
      nextAttemptTime: time().optional().describe('When it is asked again.'),
    })
    .optional()
    .describe('Sealing left no result, so the store is being asked: number of the attempt, and why.'),
});

export type BackupSpec = z.output<typeof backupSpecSchema>;
export type BackupStatus = z.output<typeof backupStatusSchema>;

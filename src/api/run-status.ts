// What the statuses of the kinds have in common.
import { z } from 'zod';
import { wholeReasons } from './backup-type.ts';
import { count, labelName, mapList, time } from './common.ts';

export const conditionSchema = z.object({
  type: z.string().min(1).max(64).describe('Name of the condition.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds.'),
  reason: z.string().min(1).max(64).describe('Why, in one word for tools.'),
  message: z.string().max(1024).describe('Why, for people, with the next step.'),
  lastTransitionTime: time().describe('When `status` changed last.'),
  observedGeneration: count().optional().describe('The generation of the spec that it is about.'),
});
export type Condition = z.output<typeof conditionSchema>;

// -1 is what the API server fills in: the operator has not looked at it yet.
export const observedGeneration = () =>
  z.int().min(-1).optional().describe('The generation of the spec that the status is about. -1: the operator has not looked at it yet.');

export const conditions = () =>
  mapList(z.array(conditionSchema).max(32), ['type'])
    .optional()
    .describe('The facts that tools wait for. docs/conditions.md lists them all.');

export const phases = ['Pending', 'Running', 'Verifying', 'Complete', 'PartiallyFailed', 'Failed'] as const;
export type Phase = (typeof phases)[number];

// One component of one run.
export const componentStatusSchema = z.object({
  name: labelName(20).describe('Name of the component.'),
  outcome: z.enum(['Pending', 'Running', 'Succeeded', 'Failed']).describe('How far it is, or how it ended.'),
  category: z.string().max(40).optional().describe('Kind of the failure; docs/conditions.md lists them.'),
  attempt: count().optional().describe('Number of the newest attempt, from 1.'),
  nextAttemptTime: time().optional().describe('When the next attempt may start.'),
  bytes: count().optional().describe('Bytes stored.'),
  restorableTo: time().optional().describe('Everything committed before this instant is in the backup; of a Log, in the archive.'),
  timeline: z.int().min(1).optional().describe('Log: timeline of the server that `storedLsn` is on.'),
  storedLsn: z.string().max(17).optional().describe('Log: every tier that acknowledges holds the WAL up to here.'),
  message: z.string().max(1024).optional().describe('What went wrong, with the next step.'),
  parent: z.string().max(64).optional().describe('The backup that its physical copy builds on. Absent: it stands alone.'),
  whole: z
    .object({
      reason: z.enum(wholeReasons).describe('Why, in one word for tools.'),
      message: z.string().max(1024).describe('Why, for people, with the next step.'),
    })
    .optional()
    .describe('Why its physical copy is whole although an increment was wanted.'),
});

export const tierStateSchema = z.object({
  name: labelName(20).describe('Name of the tier.'),
  state: z
    .enum(['Pending', 'Copying', 'Sealed', 'Lagging', 'Failed'])
    .describe('Sealed: the tier holds the whole backup and its manifest. Lagging: a copy failed and is tried again.'),
  attempt: count().optional().describe('Number of the newest attempt, from 1.'),
  nextAttemptTime: time().optional().describe('When the next attempt may start.'),
  message: z.string().max(1024).optional().describe('What went wrong, with the next step.'),
});

export const verificationSchema = z.object({
  level: z
    .enum(['L0', 'L1', 'L2', 'L3', 'L4', 'L5', 'L6'])
    .describe(
      'L0: present with the right size. L1: stored bytes match digests and signatures. L2: decrypts, decompresses, structure reads.',
    ),
  tier: labelName(20).describe('Where it was checked.'),
  component: labelName(20).optional().describe('What was checked. Absent: the whole backup.'),
  verdict: z.enum(['Passed', 'Failed', 'Inconclusive']).describe('Inconclusive: it could not be checked.'),
  time: time().describe('When it was checked.'),
});

export const phaseSecondsSchema = z.object({
  name: z.string().min(1).max(63).describe('Name of the step.'),
  seconds: z.number().min(0).describe('How long it took.'),
});

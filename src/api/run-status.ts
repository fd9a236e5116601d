// What the statuses of the kinds have in common.
import { z } from 'zod';
import { count, labelName, mapList, time } from './common.ts';

export const conditionSchema = z.object({
  type: z.string().min(1).max(64),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string().min(1).max(64),
  message: z.string().max(1024),
  lastTransitionTime: time(),
  observedGeneration: count().optional(),
});
export type Condition = z.output<typeof conditionSchema>;

export const conditions = () =>
  mapList(z.array(conditionSchema).max(32), ['type'])
    .optional()
    .describe('The facts that tools wait for. docs/conditions.md lists them all.');

export const phases = ['Pending', 'Running', 'Verifying', 'Complete', 'PartiallyFailed', 'Failed'] as const;
export type Phase = (typeof phases)[number];

// One component of one run.
export const componentStatusSchema = z.object({
  name: labelName(20),
  outcome: z.enum(['Pending', 'Running', 'Succeeded', 'Failed']),
  category: z.string().max(40).optional().describe('Kind of the failure; docs/conditions.md lists them.'),
  attempt: count().optional().describe('Number of the newest attempt, from 1.'),
  nextAttemptTime: time().optional().describe('When the next attempt may start.'),
  bytes: count().optional().describe('Bytes stored.'),
  restorableTo: time().optional().describe('Everything committed before this instant is in the backup.'),
  message: z.string().max(1024).optional(),
});

export const tierStateSchema = z.object({
  name: labelName(20),
  state: z.enum(['Pending', 'Copying', 'Sealed', 'Lagging', 'Failed']),
  attempt: count().optional(),
  nextAttemptTime: time().optional(),
  message: z.string().max(1024).optional(),
});

export const verificationSchema = z.object({
  level: z.enum(['L0', 'L1', 'L2', 'L3', 'L4', 'L5', 'L6']),
  tier: labelName(20),
  component: labelName(20).optional(),
  verdict: z.enum(['Passed', 'Failed', 'Inconclusive']),
  time: time(),
});

export const phaseSecondsSchema = z.object({ name: z.string().min(1).max(63), seconds: z.number().min(0) });

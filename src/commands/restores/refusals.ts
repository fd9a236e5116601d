// Reasons with which a Restore ends before it has changed anything. They are refusals, not failures: exit code 4.
import type { ConditionReason } from '../../api/conditions.ts';
import { refusalCodes } from '../../core/recovery/refusal.ts';
import type { RefusalCode } from '../../core/recovery/refusal.ts';

const ofTheCluster = [
  'ConfirmationMismatch',
  'ManagedByController',
  'WorkloadMissing',
  'ClaimMissing',
  'ClaimExists',
] as const satisfies ConditionReason[];

// What an agent says of work that it has begun.
const begun = new Set<RefusalCode>(['RestoreVerificationFailed', 'RollbackFailed']);

const refusals = new Set<string>([...refusalCodes.filter((code) => !begun.has(code)), ...ofTheCluster]);

export const isRefusal = (reason: string): boolean => refusals.has(reason);

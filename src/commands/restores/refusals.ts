// Reasons with which a Restore ends before it has changed anything. They are refusals, not failures: exit code 4.
import type { ConditionReason } from '../../api/conditions.ts';
import { refusalCodes } from '../../core/recovery/refusal.ts';

const ofTheCluster = [
  'ConfirmationMismatch',
  'PlanChanged',
  'ManagedByController',
  'ConnectionsActive',
  'WorkloadMissing',
  'ClaimMissing',
  'ClaimExists',
  'NothingToUndo',
  'SafetyBackupImpossible',
] as const satisfies ConditionReason[];

const refusals = new Set<string>([...refusalCodes, ...ofTheCluster]);

export const isRefusal = (reason: string): boolean => refusals.has(reason);

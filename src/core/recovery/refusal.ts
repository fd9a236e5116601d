// Why a recovery is refused, and what to do next. A refusal leaves the target untouched.

export const refusalCodes = [
  'TargetNotEmpty',
  'PointOutsideWindow',
  'WALGap',
  'ChainBroken',
  'KeyUnavailable',
  'VersionMismatch',
  'InsufficientSpace',
  'SourceVerificationFailed',
  'BackupNotFound',
  'ComponentNotFound',
  'DatabaseNotFound',
  // Of a Restore only.
  'PlanChanged',
  'SafetyBackupImpossible',
  'ConnectionsActive',
  'RestoreVerificationFailed',
  'NothingToUndo',
  'RollbackFailed',
] as const;
export type RefusalCode = (typeof refusalCodes)[number];

// How the same request would be answered: options to change (undefined: to take away), or an act of the reader.
export type Remedy = {
  // By name, without the dashes: { backup: '2026…' }. True: an option without a value.
  options?: Record<string, string | true | undefined>;
  // Where it is not the options: what to do.
  act?: string;
};

export type Refusal = { kind: 'refusal'; code: RefusalCode; message: string; remedy: Remedy };

export const refusal = (code: RefusalCode, message: string, remedy: Remedy): Refusal => ({ kind: 'refusal', code, message, remedy });

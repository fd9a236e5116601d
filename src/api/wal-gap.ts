// Why WAL was given up. Stored with each gap, and shown in status.
export const walGapReasons = [
  // Nobody knows: the slot was gone.
  'SlotLost',
  // max_slot_wal_keep_size of the server.
  'SlotInvalidated',
  // walArchive.maxRetained.
  'RetainedTooMuch',
  // What was missing when the server was replaced by its standby.
  'Failover',
  // The slot was dropped on purpose: spec.suspend, walArchive.mode Off, or the component, the policy or Holdfast was removed.
  'Suspended',
  'ArchivingOff',
  'PolicyDeleted',
  'Uninstalled',
] as const;
export type WalGapReason = (typeof walGapReasons)[number];

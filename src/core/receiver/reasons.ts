// From the code that an agent gives to the reason of a condition.
import type { ConditionReason } from '../../api/conditions.ts';

const byCode: Record<string, ConditionReason> = {
  SlotUnsafe: 'SlotUnsafe',
  SlotInUse: 'SlotInUse',
  SlotLost: 'SlotLost',
  WalRemoved: 'SlotLost',
  SynchronousStandby: 'SynchronousStandby',
  ForeignDatabase: 'ForeignDatabase',
  AuthenticationFailed: 'SourceRefused',
  PermissionMissing: 'SourceRefused',
  SourceMisconfigured: 'SourceMisconfigured',
  VersionMismatch: 'SourceMisconfigured',
  SourceUnreachable: 'SourceUnreachable',
  SourceFailed: 'SourceUnreachable',
  StoreUnavailable: 'ArchiveStoreFailed',
  StoreMisconfigured: 'ArchiveStoreFailed',
  StoreFull: 'ArchiveStoreFailed',
  AccessDenied: 'ArchiveStoreFailed',
  BucketMissing: 'ArchiveStoreFailed',
  WriterSuperseded: 'WriterSuperseded',
};

export const reasonOfCode = (code: string | undefined): ConditionReason => byCode[code ?? ''] ?? 'ReceiverFailed';

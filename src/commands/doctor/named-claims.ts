// Every claim that a policy keeps backups on.
import type { BackupPolicy } from '../../api/objects.ts';
import { claimName } from '../../core/plan/names.ts';

export type NamedClaim = { tier: string; claim: string; ours: boolean };

export const claimsOf = ({ metadata, spec }: BackupPolicy): NamedClaim[] =>
  spec.tiers.flatMap(({ name, persistentVolumeClaim: volume }) =>
    volume === undefined
      ? []
      : [{ tier: name, claim: volume.claimName ?? claimName(metadata.name, name), ours: volume.claimName === undefined }],
  );

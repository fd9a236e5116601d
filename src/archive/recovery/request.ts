// What a recovery is asked for.
import type { TierPlan, VerificationKey } from '../../api/agent.ts';
import { keepable } from '../../engines/postgresql/recovery/dangerous-settings.ts';
import type { Wish } from '../../core/recovery/wish.ts';

// The user who shall own the files, where the one who restores is root: PostgreSQL does not run as root.
export type Owner = { uid: number; gid: number };

export type DirectoryTarget = {
  kind: 'directory';
  // Absolute.
  path: string;
  owner?: Owner;
  // Settings that are not neutralised.
  keep: readonly string[];
  // Folder of PostgreSQL's programs; default: PATH and the usual places.
  programs?: string;
};

export type RecoveryRequest = {
  location: TierPlan['location'];
  verificationKeys: readonly VerificationKey[];
  // Undefined: only a plan is wanted, and nobody is there who could open the backup.
  identities?: readonly string[];
  wish: Wish;
  target: DirectoryTarget;
};

// Settings that nobody neutralises, so that keeping them means nothing.
export const notKeepable = (keep: readonly string[]): string[] => keep.filter((name) => !keepable.includes(name));
export const keepableSettings = (): string => keepable.join(', ');

// What a recovery is asked for.
import type { TierPlan, VerificationKey } from '../../api/agent.ts';
import { keepable } from '../../engines/postgresql/recovery/dangerous-settings.ts';
import { holdsPassword } from '../../engines/postgresql/recovery/connection.ts';
import type { Connection } from '../../engines/postgresql/recovery/connection.ts';
import type { LogicalWish } from '../../core/recovery/dumps.ts';
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

// A running server, for dumps.
export type ServerTarget = LogicalWish & {
  kind: 'server';
  // The Restore that it is for. Undefined: somebody restores by hand.
  restoreUid?: string;
  connection: Connection;
  // Parts of the dumps; both empty: all of them.
  schemas: readonly string[];
  tables: readonly string[];
  // Whether roles that the server lacks are made first.
  roles: boolean;
};

export type RecoveryRequest = {
  location: TierPlan['location'];
  verificationKeys: readonly VerificationKey[];
  // Undefined: only a plan is wanted, and nobody is there who could open the backup.
  identities?: readonly string[];
  wish: Wish;
  target: DirectoryTarget | ServerTarget;
};

// Settings that nobody neutralises, so that keeping them means nothing.
export const notKeepable = (keep: readonly string[]): string[] => keep.filter((name) => !keepable.includes(name));
export const keepableSettings = (): string => keepable.join(', ');

export const connectionHoldsPassword = holdsPassword;

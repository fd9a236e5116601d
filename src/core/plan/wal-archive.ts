// Which components archive their WAL, and how.
import type { Component } from '../../api/policy.ts';
import type { WalArchive } from '../../api/postgresql.ts';

// Undefined: the component archives none.
export const archiveMode = ({ postgresql }: Component): Exclude<WalArchive['mode'], 'Off'> | undefined => {
  const mode = postgresql?.walArchive?.mode;
  return mode === 'Off' ? undefined : mode;
};

// Facts before a Log runs: it has something to prove, and it is its turn.
import type { Backup, BackupPolicy } from '../../../api/objects.ts';
import type { Component } from '../../../api/policy.ts';
import { isoTime } from '../../plan/time.ts';
import { archiveMode } from '../../plan/wal-archive.ts';
import { componentsOf } from '../before.ts';
import { statusOf } from '../observed.ts';
import type { BackupFact } from '../observed.ts';
import { goingOn, waitingForPerson } from '../outcome.ts';

// What a Log covers: of the components that it names, or of all, those that archive WAL.
export const archivedOf = (backup: Backup, policy: BackupPolicy): Component[] =>
  componentsOf(backup, policy).filter((component) => archiveMode(component) !== undefined);

// Nothing of what it covers archives WAL.
export const nothingArchived: BackupFact = (observed) => {
  const { backup, policy } = observed;
  if (policy === undefined || archivedOf(backup, policy).length > 0) {
    return undefined;
  }
  const what = backup.spec.components === undefined ? 'No component of the policy' : `None of ${backup.spec.components.join(', ')}`;
  const message = `${what} archives WAL, so there is nothing that a Log could prove. Set postgresql.walArchive in the policy, or delete this Backup and take one of another type.`;
  return { actions: [], status: waitingForPerson(observed, statusOf(observed), 'NoWalArchive', message) };
};

// It is its turn. Start and components stand in the status before there is any Job; the store will hold no backup of it, so it has no id there.
export const notStarted: BackupFact = (observed) => {
  const { backup, policy, now } = observed;
  const components = policy === undefined ? [] : archivedOf(backup, policy);
  const status = {
    ...statusOf(observed),
    startTime: isoTime(now),
    components: components.map(({ name }) => ({ name, outcome: 'Pending' as const })),
  };
  const message = 'The archive of WAL is being brought up to now.';
  return { actions: [], status: goingOn(observed, status, 'Running', 'Archiving', message), againMilliseconds: 0 };
};

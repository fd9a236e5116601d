// How runs end, as the matrix says it.
import type { Backup } from '../../src/api/objects.ts';
import { conditionOf } from '../e2e/support/objects.ts';
import type { Fault } from './faults/fault.ts';
import { deadlines } from './manifests.ts';
import type { Phase } from './phases.ts';
import type { Run } from './runs.ts';
import type { Snapshot } from './watch.ts';

export const endsOf = ({ ends }: Fault, { name }: Phase): string[] => ends?.[name] ?? [success(name)];

export const success = (phase: Phase['name']): string =>
  phase === 'copy' ? 'Complete, copied' : phase === 'inspect' ? 'Complete, read' : 'Complete';

// A phase may take its deadline for starting and for its work, and a minute on top.
export const boundSeconds = ({ verb }: Phase): number => deadlines.start + deadlines[verb] + 60;

// Undefined: it has not ended. `lasting`: the fault is still there, so that copies and readings cannot succeed before it goes.
export const endOf = ({ phase, backup: name }: Run, seen: Snapshot, lasting: boolean): string | undefined => {
  const backup = seen.backups.find(({ metadata }) => metadata.name === name);
  if (backup?.status?.endTime === undefined) {
    return undefined;
  }
  const { phase: word = '' } = backup.status;
  if (word !== 'Complete') {
    return `${word} (${conditionOf(backup, 'Succeeded')?.reason})`;
  }
  if (phase.name === 'copy') {
    return copyEnd(backup, lasting);
  }
  return phase.name === 'inspect' ? readEnd(backup, seen, lasting) : word;
};

const copyEnd = (backup: Backup, lasting: boolean): string | undefined => {
  const second = backup.status?.tiers?.find(({ name }) => name === 'second');
  if (second?.state === 'Sealed') {
    return 'Complete, copied';
  }
  return lasting && second?.state === 'Lagging' ? 'Complete, copy lagging' : undefined;
};

const readEnd = (backup: Backup, { policies }: Snapshot, lasting: boolean): string | undefined => {
  const policy = policies.find(({ metadata }) => metadata.name === backup.spec.policyRef.name);
  const measured = policy?.status?.tiers?.find(({ name }) => name === 'first')?.measuredTime;
  if (measured !== undefined && Date.parse(measured) >= Date.parse(backup.status?.endTime ?? '')) {
    return 'Complete, read';
  }
  const health = policy && conditionOf(policy, 'StorageHealthy');
  return lasting && health?.status !== 'True' ? `Complete, not read (${health?.reason})` : undefined;
};

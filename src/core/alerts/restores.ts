// Alerts about restores: somebody who needs the data back must not find out by looking that it did not come, or that it waits for a word.
import type { Restore } from '../../api/objects.ts';
import { findCondition } from '../plan/conditions.ts';
import { instantOf, minute } from '../plan/time.ts';
import { nothing, open, openAfter } from './incident.ts';
import type { AlertFacts, Finding } from './incident.ts';

// Whoever asked for it mostly answers by themselves.
const waitingGrace = 10 * minute;

const endOf = ({ status }: Restore): number => instantOf(status?.endTime) ?? 0;
const describe = ({ metadata }: Restore, message: string | undefined): string =>
  `Restore ${metadata.name}: ${message ?? 'nothing is known'}`;

// The newest one that had begun failed. One that was refused before has changed nothing, and its author is told at once. Who deletes it, knows of it.
export const failedRestore = ({ restores }: AlertFacts): Finding => {
  const newest = restores
    .filter(({ status }) => status?.startTime !== undefined && status.endTime !== undefined)
    .toSorted((a, b) => endOf(a) - endOf(b))
    .at(-1);
  if (newest?.status?.phase !== 'Failed') {
    return nothing;
  }
  const { reason, message } = findCondition(newest.status.conditions, 'Succeeded') ?? {};
  return open('HoldfastRestoreFailed', endOf(newest), describe(newest, `${reason ?? 'Failed'}: ${message ?? 'nothing more is known'}`));
};

// The one that has waited longest. A person must read its plan, or make what it lacks.
export const waitingRestore = (facts: AlertFacts): Finding => {
  const waiting = facts.restores
    .filter(({ status, metadata }) => status?.endTime === undefined && metadata.deletionTimestamp === undefined)
    .flatMap((restore) => {
      const stalled = findCondition(restore.status?.conditions, 'Stalled');
      return stalled?.status === 'True' ? [{ restore, stalled, since: instantOf(stalled.lastTransitionTime) ?? facts.now }] : [];
    })
    .toSorted((a, b) => a.since - b.since || a.restore.metadata.name.localeCompare(b.restore.metadata.name));
  const [first] = waiting;
  return first === undefined
    ? nothing
    : openAfter(facts, waitingGrace, 'HoldfastRestoreWaiting', first.since, describe(first.restore, first.stalled.message));
};

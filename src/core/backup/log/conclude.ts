// How a Log ends. It says what the archive holds; what could be recovered by it, only the policy knows, from the store.
import type { BackupStatus } from '../../../api/backup.ts';
import { oldestRestorable } from '../conclude.ts';
import { componentsOf } from '../before.ts';
import { statusOf } from '../observed.ts';
import type { BackupDecision, PolicyThere } from '../observed.ts';
import { ended, failureOf } from '../outcome.ts';

export const concludeLog = (observed: PolicyThere): BackupDecision => {
  const status = statusOf(observed);
  const { components = [] } = status;
  const failed = components.filter(({ outcome }) => outcome !== 'Succeeded');
  if (components.length === failed.length) {
    return { actions: [], status: ended(observed, status, { phase: 'Failed', ...failureOf(failed) }) };
  }
  const restorableTo = oldestRestorable(status);
  const next: BackupStatus = { ...status, ...(restorableTo === undefined ? {} : { restorableTo }) };
  return failed.length > 0
    ? {
        actions: [],
        status: ended(observed, next, { phase: 'PartiallyFailed', reason: 'PartiallyFailed', message: failureOf(failed).message }),
      }
    : {
        actions: [],
        status: ended(observed, next, {
          phase: 'Complete',
          reason: 'Archived',
          message: `The archive of WAL has caught up: it holds what was committed until ${restorableTo}.`,
          note: remarks(observed, components),
        }),
      };
};

// What is not covered, and what the archive alone does not bring back.
const remarks = (observed: PolicyThere, components: NonNullable<BackupStatus['components']>): string => {
  const { backup, policy } = observed;
  const known = policy.status ?? {};
  const leftOut = componentsOf(backup, policy).filter(({ name }) => !components.some((each) => each.name === name));
  const baseless = components.filter(
    ({ name }) => !known.components?.some((each) => each.name === name && each.lastSuccessTime !== undefined),
  );
  const cutOff = components.filter(({ name }) => known.recoverability?.gaps?.some((gap) => gap.component === name && gap.to === undefined));
  return [
    ...(leftOut.length === 0 ? [] : [`Left out, because they archive no WAL: ${namesOf(leftOut)}.`]),
    ...(baseless.length === 0
      ? []
      : [`No backup of ${namesOf(baseless)} is known yet, and WAL can be replayed onto nothing else: take a Full.`]),
    ...(cutOff.length === 0 ? [] : [`WAL of ${namesOf(cutOff)} has a gap, and no backup after it is known yet: take a Full.`]),
  ].join(' ');
};

const namesOf = (named: { name: string }[]): string => named.map(({ name }) => name).join(', ');

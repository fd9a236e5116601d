// How a run ends once it is known whether it was sealed.
import prettyBytes from 'pretty-bytes';
import type { EntryLine } from '../../api/agent.ts';
import type { BackupStatus } from '../../api/backup.ts';
import type { Failure, Verdict } from '../jobs/judge.ts';
import type { Action } from '../jobs/request.ts';
import { statusOf } from './observed.ts';
import type { BackupDecision, BackupObserved } from './observed.ts';
import { reasonOf } from '../jobs/reason-of.ts';
import { ended, failureOf } from './outcome.ts';

type Tiers = NonNullable<BackupStatus['tiers']>;

// The manifest was read back from the store and every object it names is there. `entry`: where an inspection found that, not the seal Job.
export const concludeSealed = (
  observed: BackupObserved,
  { result, seconds }: Extract<Verdict, { type: 'Succeeded' }>,
  entry?: EntryLine,
): BackupDecision => {
  const { check: _, ...status } = statusOf(observed);
  const [primary, ...further] = status.tiers ?? [];
  const tiers: Tiers = primary === undefined ? [] : [{ name: primary.name, state: 'Sealed' }, ...further];
  const bytes = entry?.bytes ?? (result.verb === 'seal' ? result.bytes : undefined);
  const restorableTo = oldestRestorable(status);
  const presence = primary && ({ level: 'L0', tier: primary.name, verdict: 'Passed', time: result.time } as const);
  const next: BackupStatus = {
    ...status,
    tiers,
    phases: [...(status.phases ?? []), { name: entry === undefined ? 'seal' : 'check', seconds }],
    verification: [...(status.verification ?? []), ...(presence === undefined ? [] : [presence])],
    ...(bytes === undefined ? {} : { bytes, size: prettyBytes(bytes) }),
    ...(restorableTo === undefined ? {} : { restorableTo }),
  };
  const failed = (status.components ?? []).filter(({ outcome }) => outcome !== 'Succeeded');
  const ending =
    failed.length === 0
      ? ({ phase: 'Complete', ...wholeCopies(status) } as const)
      : ({ phase: 'PartiallyFailed', reason: 'PartiallyFailed', message: failureOf(failed).message } as const);
  return { actions: [], status: ended(observed, next, ending), againMilliseconds: 0 };
};

// Copies that are whole although less was wanted.
const wholeCopies = ({ components = [] }: BackupStatus): { note?: string } => {
  const said = components.flatMap(({ name, whole }) =>
    whole === undefined ? [] : [`${name} was copied whole (${whole.reason}): ${whole.message}`],
  );
  return said.length === 0 ? {} : { note: said.join(' · ') };
};

export const oldestRestorable = ({ components = [] }: BackupStatus): string | undefined =>
  components
    .flatMap(({ outcome, restorableTo }) => (outcome === 'Succeeded' && restorableTo !== undefined ? [restorableTo] : []))
    .toSorted((a, b) => Date.parse(a) - Date.parse(b))
    .at(0);

// Nothing that could be restored came of it.
export const concludeFailed = (observed: BackupObserved, failure: Failure, actions: Action[] = []): BackupDecision => {
  const { check: _, ...status } = statusOf(observed);
  const tiers = (status.tiers ?? []).map(({ name }) => ({ name, state: 'Failed' as const }));
  const ending = { phase: 'Failed' as const, reason: reasonOf(failure.category), message: failure.message };
  return { actions, status: ended(observed, { ...status, tiers }, ending) };
};

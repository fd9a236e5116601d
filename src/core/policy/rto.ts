// How long coming back took when it was last done in earnest, against the objective. The Restores may be deleted: what was measured stays.
import type { PolicyStatus } from '../../api/policy.ts';
import type { NewCondition } from '../plan/conditions.ts';
import { durationMilliseconds, instantOf, second } from '../plan/time.ts';
import type { PolicyObserved, RestoreFacts } from './observed.ts';

type Measured = NonNullable<PolicyStatus['rto']>;
type LastMeasured = Omit<Measured, 'objectiveSeconds'>;
export type Rto = { status: Measured; condition?: NewCondition };

export const rto = (observed: PolicyObserved): Rto => {
  const { spec, status } = observed.policy;
  const objectiveSeconds = durationMilliseconds(spec.objectives.rto) / second;
  const known = status?.rto;
  const newest = newestMeasured(observed);
  const isNews = newest !== undefined && (instantOf(newest.lastTime) ?? 0) >= (instantOf(known?.lastTime) ?? 0);
  const { objectiveSeconds: _, ...before } = known ?? {};
  const measured: Measured = { ...(isNews ? newest : before), objectiveSeconds };
  return measured.lastSeconds === undefined ? { status: measured } : { status: measured, condition: judged(observed, measured) };
};

// An undo, and a restore of some components, say nothing of how long everything takes.
const isWhole = ({ policy }: PolicyObserved, { undo, components }: RestoreFacts): boolean =>
  !undo && policy.spec.components.every(({ name }) => components === undefined || components.includes(name));

const newestMeasured = (observed: PolicyObserved): LastMeasured | undefined =>
  observed.restores
    .filter((restore) => restore.status.phase === 'Complete' && isWhole(observed, restore))
    .flatMap(({ name, status: { endTime, rto: took } }) =>
      endTime === undefined || took?.measuredSeconds === undefined
        ? []
        : [{ restore: name, lastTime: endTime, lastSeconds: took.measuredSeconds }],
    )
    .toSorted((a, b) => b.lastTime.localeCompare(a.lastTime) || a.restore.localeCompare(b.restore))
    .at(0);

const judged = ({ policy }: PolicyObserved, { objectiveSeconds, lastSeconds = 0, restore = '' }: Measured): NewCondition => {
  const met = lastSeconds <= objectiveSeconds;
  const took = `The newest Restore of everything, ${restore}, took ${lastSeconds} s; the objective is ${policy.spec.objectives.rto}.`;
  return met
    ? { type: 'RTOMet', status: 'True', reason: 'WithinObjective', message: took }
    : { type: 'RTOMet', status: 'False', reason: 'RTOExceeded', message: `${took} Its status.phases says what took so long.` };
};

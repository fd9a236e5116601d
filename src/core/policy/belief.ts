// How long what was read of a tier is believed.
import type { PolicySpec, PolicyStatus } from '../../api/policy.ts';
import { intervalMilliseconds } from '../plan/schedule.ts';
import { hour, instantOf } from '../plan/time.ts';
import type { PolicyObserved } from './observed.ts';

export type TierSummary = NonNullable<PolicyStatus['tiers']>[number];

// Two intervals of reading: one reading may fail.
export const believedMilliseconds = ({ schedules }: Pick<PolicySpec, 'schedules'>, now: number): number =>
  2 * (intervalMilliseconds(schedules.health, now) ?? hour);

// 0 where the tier was never read.
export const believedUntil = ({ policy, now }: PolicyObserved, { measuredTime }: TierSummary): number => {
  const measured = instantOf(measuredTime);
  return measured === undefined ? 0 : measured + believedMilliseconds(policy.spec, now);
};

// The tiers that were read lately.
export const freshTiers = (observed: PolicyObserved, tiers: TierSummary[]): TierSummary[] =>
  tiers.filter((tier) => believedUntil(observed, tier) > observed.now);

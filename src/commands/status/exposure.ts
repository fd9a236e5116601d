// What could be lost right now: the work since the newest point that a restore of everything would bring back.
import type { BackupPolicy } from '../../api/objects.ts';
import { instantOf } from '../../core/plan/time.ts';
import { timeText } from '../common/figures.ts';
import { believedMilliseconds } from '../../core/policy/belief.ts';

export type Exposure = {
  state: 'Known' | 'NothingStored' | 'Unknown';
  // Everything committed before this instant comes back.
  restorableTime?: string;
  seconds?: number;
  // When the primary tier was read: what is known is as old.
  measuredTime?: string;
  // Why it is not known.
  message?: string;
};

export const exposureOf = ({ spec, status }: BackupPolicy, now: number): Exposure => {
  const measuredTime = status?.rpo?.measuredTime ?? status?.tiers?.find(({ name }) => name === spec.tiers[0]?.name)?.measuredTime;
  const measured = measuredTime === undefined ? {} : { measuredTime };
  const restorableTime = status?.rpo?.restorableTime;
  const instant = instantOf(restorableTime);
  // Facts that are too old are no facts: an operator that is gone leaves them behind.
  const stale = now - (instantOf(measuredTime) ?? now) > believedMilliseconds(spec, now);
  if (restorableTime !== undefined && instant !== undefined && stale) {
    return {
      state: 'Unknown',
      ...measured,
      message: `When it was read last, a restore brought back everything before ${timeText(restorableTime)}.`,
    };
  }
  if (restorableTime !== undefined && instant !== undefined) {
    return { state: 'Known', restorableTime, seconds: Math.max(0, Math.floor((now - instant) / 1000)), ...measured };
  }
  if (isEmptyEverywhere({ spec, status })) {
    return { state: 'NothingStored', ...measured, message: 'No tier holds a backup.' };
  }
  return { state: 'Unknown', ...measured, message: whyUnknown({ spec, status }, measuredTime) };
};

type Facts = Pick<BackupPolicy, 'spec'> & { status: BackupPolicy['status'] };

// Only where every tier was read and held neither a backup nor anything that was refused.
const isEmptyEverywhere = ({ spec, status }: Facts): boolean =>
  spec.tiers.every(({ name }) => {
    const facts = status?.tiers?.find((tier) => tier.name === name);
    return facts?.measuredTime !== undefined && facts.backups === 0 && (facts.refused ?? 0) === 0;
  });

const whyUnknown = ({ spec, status }: Facts, measuredTime: string | undefined): string => {
  if (measuredTime === undefined) {
    return 'The primary tier has not been read yet.';
  }
  const missing = spec.components.filter(
    ({ name }) => status?.components?.find((component) => component.name === name)?.restorableTo === undefined,
  );
  return `No restorable backup is known of ${missing.map(({ name }) => name).join(', ') || 'every component'}.`;
};

// Whether the objective holds now. Judged by the clock of whoever asks: an operator that is gone cannot say that time went by.
import type { BackupPolicy } from '../../api/objects.ts';
import { findCondition } from '../../core/plan/conditions.ts';
import { durationMilliseconds, instantOf } from '../../core/plan/time.ts';
import { believedMilliseconds } from '../../core/policy/belief.ts';
import { warnAge } from '../../core/policy/rpo.ts';
import { durationText, timeText } from './figures.ts';

export type Objective = { state: 'Met' | 'Aging' | 'Missed' | 'NothingStored' | 'Unknown'; says: string };

export const objectiveNow = ({ spec, status }: Pick<BackupPolicy, 'spec' | 'status'>, now: number): Objective => {
  const promised = durationMilliseconds(spec.objectives.rpo);
  const restorable = instantOf(status?.rpo?.restorableTime);
  const measuredTime = status?.rpo?.measuredTime ?? status?.tiers?.find(({ name }) => name === spec.tiers[0]?.name)?.measuredTime;
  const measured = instantOf(measuredTime);
  const condition = findCondition(status?.conditions, 'RPOMet');
  const objective = `At most ${durationText(promised)} may be lost`;
  if (restorable === undefined) {
    return condition?.status === 'False'
      ? { state: 'NothingStored', says: `${objective}, and nothing can be restored: ${condition.message}` }
      : { state: 'Unknown', says: `${objective}; what would be is not known.` };
  }
  if (measured === undefined || now - measured > believedMilliseconds(spec, now)) {
    const since = measured === undefined ? 'was never read' : `was read last at ${timeText(measuredTime)}`;
    return { state: 'Unknown', says: `${objective}; what would be is not known: the store ${since}.` };
  }
  const age = Math.max(0, now - restorable);
  const lost = `${objective}, ${durationText(age)} would be`;
  if (age > promised) {
    return { state: 'Missed', says: `${lost}: the objective is missed by ${durationText(age - promised)}.` };
  }
  return age > warnAge(spec)
    ? { state: 'Aging', says: `${lost}: the objective holds for ${durationText(promised - age)} more, and a backup is overdue.` }
    : { state: 'Met', says: `${lost}: the objective holds.` };
};

// What is seen of a running Restore: its stage, what is read, how long it takes, and what is left of the time that was promised.
import type { Restore } from '../../api/objects.ts';
import { findCondition } from '../../core/plan/conditions.ts';
import { instantOf } from '../../core/plan/time.ts';
import { durationText, sizeText } from '../common/figures.ts';
import type { ProgressText } from '../common/line-printer.ts';
import { oneLine } from '../common/printable.ts';

// `objectiveSeconds`: what the policy promises, before the status says it.
export const progressText = (restore: Restore, now: number, objectiveSeconds?: number): ProgressText => {
  const { phase = 'Pending', stage } = restore.status ?? {};
  const progress = progressNow(restore.status ?? {});
  const message = findCondition(restore.status?.conditions, 'Succeeded')?.message;
  const step = progress === undefined ? '' : ` · ${progress.component === undefined ? '' : `${progress.component}: `}${progress.phase}`;
  return {
    steady: oneLine(`${stage ?? phase}${message === undefined ? '' : `: ${message}`}${step}`),
    moving: [
      ...(progress === undefined || progress.bytes === 0 ? [] : [readText(restore, progress.bytes)]),
      durationText(elapsed(restore, now)),
      ...budgetText(restore, now, objectiveSeconds),
    ].join(', '),
  };
};

type Said = Pick<NonNullable<Restore['status']>, 'progress' | 'stageTime'>;

// What was said in an earlier stage is over.
export const progressNow = ({ progress, stageTime }: Said): Said['progress'] =>
  (instantOf(progress?.time) ?? 0) >= (instantOf(stageTime) ?? 0) ? progress : undefined;

const readText = ({ status }: Restore, bytes: number): string => {
  const all = status?.plan?.fetchBytes;
  return all === undefined || all < bytes ? sizeText(bytes) : `${sizeText(bytes)} of ${sizeText(all)}`;
};

// Since somebody asked for it.
export const elapsed = ({ metadata }: Restore, now: number): number => Math.max(0, now - (instantOf(metadata.creationTimestamp) ?? now));

// `RTO budget left 3h 41m`. Nothing where it is not known what was promised.
export const budgetText = (restore: Restore, now: number, objectiveSeconds?: number): string[] => {
  const objective = restore.status?.rto?.objectiveSeconds ?? objectiveSeconds;
  if (objective === undefined) {
    return [];
  }
  const left = objective * 1000 - elapsed(restore, now);
  return [left >= 0 ? `RTO budget left ${durationText(left)}` : `RTO budget exceeded by ${durationText(-left)}`];
};

// What is seen of a running Backup.
import type { Backup } from '../../api/objects.ts';
import { findCondition } from '../../core/plan/conditions.ts';
import { durationText, sizeText } from '../common/figures.ts';
import type { ProgressText } from '../common/line-printer.ts';
import { oneLine } from '../common/printable.ts';

export const progressText = ({ status }: Backup, now: number): ProgressText => {
  const { phase = 'Pending', startTime, progress } = status ?? {};
  const message = findCondition(status?.conditions, 'Succeeded')?.message;
  const step =
    progress === undefined || phase !== 'Running'
      ? ''
      : ` · ${progress.component === undefined ? '' : `${progress.component}: `}${progress.phase}`;
  return {
    steady: oneLine(`${phase}${message === undefined ? '' : `: ${message}`}${step}`),
    moving: [
      ...(step === '' || progress === undefined ? [] : [sizeText(progress.bytes)]),
      ...(startTime === undefined ? [] : [durationText(Math.max(0, now - Date.parse(startTime)))]),
    ].join(', '),
  };
};

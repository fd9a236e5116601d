// The lines of a status page that are sentences, not tables.
import { findCondition } from '../../core/plan/conditions.ts';
import { distanceText, durationText, sizeText, timeText, unknown } from '../common/figures.ts';
import { oneLine } from '../common/printable.ts';
import type { Exposure } from './exposure.ts';
import type { PolicyReport } from './report.ts';
import type { Activity } from './running.ts';

// Ready in one word, with the reason where it is not simply true.
export const readyText = ({ conditions }: Pick<PolicyReport, 'conditions'>): string => {
  const ready = findCondition(conditions, 'Ready');
  if (ready === undefined) {
    return unknown;
  }
  if (ready.reason === 'Suspended') {
    return 'Suspended';
  }
  return ready.status === 'True' ? 'True' : `${ready.status} (${ready.reason})`;
};

export const lossText = ({ state, seconds }: Exposure): string => {
  switch (state) {
    case 'Known':
      return seconds === undefined ? unknown : durationText(seconds * 1000);
    case 'NothingStored':
      return 'everything';
    case 'Unknown':
      return unknown;
  }
};

// What a restore would bring back, and how old that knowledge is.
export const lossExplained = ({ state, restorableTime, measuredTime, message = '' }: Exposure, now: number): string => {
  const read = measuredTime === undefined ? '' : ` The store was read ${distanceText(measuredTime, now)}.`;
  return state === 'Known' ? `A restore brings back everything before ${timeText(restorableTime)}.${read}` : `${message}${read}`;
};

export const latestText = ({ latestBackup, exposure }: PolicyReport, now: number): string => {
  if (latestBackup === undefined) {
    return exposure.state === 'NothingStored' ? 'none' : unknown;
  }
  const { name, backupId, bytes, seconds, time } = latestBackup;
  const age = time === undefined ? '' : `, ${distanceText(time, now)}`;
  return `${name ?? backupId}${age}: ${sizeText(bytes)} in ${durationText(seconds * 1000)}`;
};

// One line for each run and copy that goes on.
export const activityTexts = (activity: Activity, now: number): string[] => {
  const { backup, phase, startTime, message, progress, copies } = activity;
  if (copies !== undefined) {
    return copies.map((copy) => oneLine(`${backup}: copy to ${copy.tier} is ${copy.state}${copy.message ? `: ${copy.message}` : ''}`));
  }
  const since = startTime === undefined ? 'has not started' : durationText(now - Date.parse(startTime));
  const doing =
    progress === undefined || phase !== 'Running'
      ? ''
      : `, ${progress.component === undefined ? '' : `${progress.component}: `}${progress.phase} ${sizeText(progress.bytes)}`;
  return [oneLine(`${backup} ${phase} (${since})${doing}${message === undefined ? '' : `: ${message}`}`)];
};

export const nextTexts = ({ next, suspended, conditions }: PolicyReport, now: number): string[] => {
  if (suspended) {
    return ['nothing: the policy is suspended'];
  }
  const ready = findCondition(conditions, 'Ready');
  if (ready === undefined) {
    return [unknown];
  }
  if (ready.status !== 'True') {
    return ['nothing: the policy is not ready'];
  }
  return next.length === 0
    ? ['nothing is scheduled']
    : next.map(({ type, time }) => `${type} ${distanceText(time, now)}, at ${timeText(time)}`);
};

// How the schedule fared: missed and failed are not the same.
export const slotsText = ({ window, scheduled, succeeded, failed, missed }: NonNullable<PolicyReport['successRate']>): string =>
  `${scheduled} in ${window}: ${succeeded} complete in time, ${failed} failed, ${missed} missed`;

// What is shown before anybody confirms: what was checked, what happens, what is lost, and who should know.
import type { BackupPolicy } from '../../api/objects.ts';
import { durationMilliseconds, instantOf } from '../../core/plan/time.ts';
import { findingLine } from '../common/finding-line.ts';
import { durationText, sizeText, timeText } from '../common/figures.ts';
import type { Colours } from '../common/io.ts';
import { oneLine } from '../common/printable.ts';
import type { Finding } from '../doctor/finding.ts';
import { exposureOf } from '../status/exposure.ts';
import type { Preparation } from './prepare.ts';
import { wishText } from './wish.ts';

const labelWidth = 12;

// Whom to tell comes first: also whoever is refused has to tell somebody.
export const preparationPage = (
  { policy, findings, contacts }: Pick<Preparation, 'policy' | 'findings' | 'contacts'>,
  colours: Colours,
): string =>
  [
    colours.bold(colours.red(`Emergency restore of ${policy.metadata.namespace}/${policy.metadata.name}`)),
    '\n',
    ...(contacts.length === 0 ? [] : [`${colours.bold('TELL'.padEnd(labelWidth))}${oneLine(contacts.join(', '))}\n`]),
    '\n',
    ...findings.map((finding: Finding) => findingLine(finding, colours)),
  ].join('');

export const intentionPage = (preparation: Preparation, colours: Colours, now: number): string => {
  const { policy, component, target, wish, options } = preparation;
  const line = (label: string, text: string, paint = (plain: string): string => plain): string =>
    `${colours.bold(label.padEnd(labelWidth))}${paint(oneLine(text))}\n`;
  const { latestBackup } = policy.status ?? {};
  return [
    '\n',
    line('BRINGS BACK', `${wishText(wish)}, of ${component.name}${options.tier === undefined ? '' : `, from the tier ${options.tier}`}`),
    line(
      'REPLACES',
      `${target.claim}${target.directory === undefined ? '' : `/${target.directory}`}; ${keptText(options.safetyBackup)}`,
      colours.red,
    ),
    line('LOST', lostText(preparation, now), colours.yellow),
    line(
      'STOPS',
      target.unread === undefined ? target.stops.join(', ') || 'nothing' : `what uses ${target.claim}; it could not be looked at`,
    ),
    ...target.notes.map((note) => line('NOTE', note)),
    ...(latestBackup === undefined
      ? []
      : [line('READS', `about ${sizeText(latestBackup.bytes)}; the exact plan is shown when the Restore has made it`)]),
    line('OBJECTIVE', `${durationText(durationMilliseconds(policy.spec.objectives.rto))} (objectives.rto)`),
    '\n',
  ].join('');
};

const keptText = (safety: Preparation['options']['safetyBackup'] = 'Required'): string => {
  switch (safety) {
    case 'Required':
      return 'what is there is put aside, or copied into the store, so that it can be undone';
    case 'BestEffort':
      return 'what is there is put aside, or copied into the store, where either can be';
    case 'Skip':
      return 'what is there is removed, and nothing can be undone';
  }
};

const lostText = ({ wish, policy, backup }: Preparation, now: number): string => {
  const since = (text: string | undefined): string => {
    const instant = instantOf(text);
    return instant === undefined ? '' : ` (the last ${durationText(Math.max(0, now - instant))})`;
  };
  if (wish.pointInTime !== undefined) {
    return `everything that was written after that${since(wish.pointInTime.time)}`;
  }
  if (wish.backup !== undefined) {
    const end = backup?.status?.restorableTo;
    return `everything that was written after ${end === undefined ? 'the end of that backup' : timeText(end)}${since(end)}`;
  }
  return newestLost(policy, since, now);
};

const newestLost = (policy: BackupPolicy, since: (text: string | undefined) => string, now: number): string => {
  const { restorableTime } = exposureOf(policy, now);
  return restorableTime === undefined
    ? 'not known before the store is read; the plan says it'
    : `what was written after ${timeText(restorableTime)}${since(restorableTime)}, or less where more was archived since`;
};

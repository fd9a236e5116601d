// The page of one policy, for people.
import { distanceText, sizeText, timeText, unknown } from '../common/figures.ts';
import type { Colours } from '../common/io.ts';
import { paint } from '../common/paint.ts';
import { oneLine } from '../common/printable.ts';
import { renderTable } from '../common/table.ts';
import type { Table } from '../common/table.ts';
import { adviceFor } from './advice.ts';
import { archiveTexts } from './archive-texts.ts';
import type { PolicyReport } from './report.ts';
import { endedTexts as endedRestoreTexts, openTexts } from './restores.ts';
import { isBad } from './running.ts';
import type { EndedRun } from './running.ts';
import { windowTexts } from './window-texts.ts';
import { activityTexts, latestText, lossExplained, lossText, nextTexts, readyText, slotsText } from './sentences.ts';

export type PageOptions = { now: number; wide: boolean; colours: Colours; columns?: number | undefined };

export const statusPage = (report: PolicyReport, options: PageOptions): string => {
  const { colours, columns } = options;
  const table = (content: Table): string => renderTable(content, { colours, columns });
  const sections = [
    headline(report, options),
    ...alertTable(report, options),
    conditionTable(report, options),
    tierTable(report, options),
    componentTable(report, options),
  ];
  return sections.map((section) => (typeof section === 'string' ? section : table(section))).join('\n');
};

const labelWidth = 16;

const line = (label: string, texts: string[]): string[] => texts.map((text, at) => `${(at === 0 ? label : '').padEnd(labelWidth)}${text}`);

const headline = (report: PolicyReport, { now, wide, colours }: PageOptions): string => {
  const { exposure, lastRun, lastLog, running } = report;
  const lines = [
    colours.bold(`Policy ${report.namespace}/${report.name}`),
    ...line('Ready', [paint(readyText(report), colours)]),
    ...(report.operator === undefined ? [] : line('Operator', [colours.red(oneLine(report.operator.says))])),
    ...line('Could be lost', [paintLoss(lossText(exposure), exposure.state, colours), lossExplained(exposure, now)]),
    ...line('WAL archive', archiveTexts(report.archives, now, colours)),
    ...line('Any instant', windowTexts(report.recoverability)),
    ...line('Objective', [paintObjective(report.objective, colours)]),
    ...line('Newest backup', [paint(latestText(report, now), colours)]),
    ...(lastRun !== undefined && isBad(lastRun) ? line('Last run', endedTexts(lastRun, now, colours)) : []),
    ...(lastLog !== undefined && isBad(lastLog) ? line('Last Log', endedTexts(lastLog, now, colours)) : []),
    ...line('Running now', running.length === 0 ? ['nothing'] : running.flatMap((activity) => activityTexts(activity, now))),
    ...line(
      'Restoring now',
      report.restoring.flatMap((each) => openTexts(each, now)),
    ),
    ...(report.lastRestore === undefined ? [] : line('Last restore', endedRestoreTexts(report.lastRestore, now, colours))),
    ...(report.restoresUnread === undefined ? [] : line('Restores', [colours.yellow(oneLine(`unknown: ${report.restoresUnread}`))])),
    ...line('Next', nextTexts(report, now)),
    ...(report.successRate === undefined ? [] : line('Slots', [slotsText(report.successRate)])),
    ...(report.logSuccessRate === undefined ? [] : line('Log slots', [slotsText(report.logSuccessRate)])),
    ...line(
      'What to do',
      adviceFor(report).map((text) => oneLine(text)),
    ),
    ...(wide ? line('Repository', [report.repositoryId ?? unknown]) : []),
    ...(report.current || report.conditions.length === 0
      ? []
      : line('', [colours.yellow('The operator has not seen the newest spec yet: this is about an older one.')])),
  ];
  return `${lines.join('\n')}\n`;
};

const endedTexts = ({ phase, endTime, backup, reason = '', message = '' }: EndedRun, now: number, colours: Colours): string[] => [
  `${paint(phase, colours)} ${distanceText(endTime, now)}: ${backup}`,
  oneLine(`${reason}: ${message}`),
];

const paintLoss = (text: string, state: PolicyReport['exposure']['state'], { red, yellow, bold }: Colours): string =>
  state === 'Known' ? bold(text) : state === 'Unknown' ? yellow(text) : red(text);

const alertTable = ({ alerts }: PolicyReport, { now, colours }: PageOptions): Table[] =>
  alerts.length === 0
    ? []
    : [
        {
          head: ['ALERT', 'SEVERITY', 'SINCE', 'TOLD', 'MESSAGE'],
          rows: alerts.map(({ name, severity, since, notifiedTime, resolvedTime, problem, message }) => [
            name,
            resolvedTime === undefined ? (severity === 'critical' ? colours.red(severity) : colours.yellow(severity)) : 'over',
            distanceText(since, now),
            problem === undefined ? (notifiedTime === undefined ? 'nobody' : distanceText(notifiedTime, now)) : colours.red('failed'),
            oneLine(problem === undefined ? message : `${message} ${problem}`),
          ]),
        },
      ];

const paintObjective = ({ state, says }: PolicyReport['objective'], { red, yellow }: Colours): string => {
  const text = oneLine(says);
  return state === 'Met' ? text : state === 'Missed' || state === 'NothingStored' ? red(text) : yellow(text);
};

const conditionTable = ({ conditions }: PolicyReport, { now, wide, colours }: PageOptions): Table | string =>
  conditions.length === 0
    ? 'No conditions: the operator has not looked at the policy yet. Is it running?\n'
    : {
        head: ['CONDITION', 'STATUS', 'REASON', ...(wide ? ['SINCE'] : []), 'MESSAGE'],
        rows: conditions.map(({ type, status, reason, message, lastTransitionTime }) => [
          type,
          paint(status, colours),
          reason,
          ...(wide ? [distanceText(lastTransitionTime, now)] : []),
          oneLine(message),
        ]),
      };

const tierTable = ({ tiers }: PolicyReport, { now }: PageOptions): Table => ({
  head: ['TIER', 'LATEST BACKUP', 'AGE', 'BACKUPS', 'REFUSED', 'READ'],
  rows: tiers.map(({ name, latestBackupTime, backups, refused, measuredTime }) => [
    name,
    // It was read, and there is none.
    latestBackupTime === undefined && backups === 0 ? 'none' : timeText(latestBackupTime),
    latestBackupTime === undefined && backups === 0 ? '-' : distanceText(latestBackupTime, now),
    String(backups ?? unknown),
    String(refused ?? unknown),
    measuredTime === undefined ? 'never' : distanceText(measuredTime, now),
  ]),
});

const componentTable = ({ components }: PolicyReport, { now, wide }: PageOptions): Table => ({
  head: ['COMPONENT', 'RESTORABLE TO', 'AGE', 'SIZE', ...(wide ? ['LAST SUCCESS'] : [])],
  rows: components.map(({ name, restorableTo, bytes, lastSuccessTime }) => [
    name,
    timeText(restorableTo),
    distanceText(restorableTo, now),
    sizeText(bytes),
    ...(wide ? [timeText(lastSuccessTime)] : []),
  ]),
});

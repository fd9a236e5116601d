// All policies in one table.
import { findCondition } from '../../core/plan/conditions.ts';
import { distanceText, sizeText, timeText, unknown } from '../common/figures.ts';
import type { Colours } from '../common/io.ts';
import { paint } from '../common/paint.ts';
import { renderTable } from '../common/table.ts';
import type { PolicyReport } from './report.ts';
import { lossText, readyText } from './sentences.ts';

export type StatusTableOptions = { now: number; wide: boolean; allNamespaces: boolean; colours: Colours };

type Column = { title: string; show: boolean; cell: (report: PolicyReport) => string };

export const statusTable = (reports: PolicyReport[], options: StatusTableOptions): string => {
  const columns = columnsFor(options).filter(({ show }) => show);
  const rows = reports.map((report) => columns.map(({ cell }) => cell(report)));
  return renderTable({ head: columns.map(({ title }) => title), rows }, options);
};

const columnsFor = ({ now, wide, allNamespaces, colours }: StatusTableOptions): Column[] => [
  { title: 'NAMESPACE', show: allNamespaces, cell: ({ namespace }) => namespace },
  { title: 'POLICY', show: true, cell: ({ name }) => name },
  { title: 'READY', show: true, cell: (report) => paint(readyText(report), colours) },
  { title: 'STORAGE', show: true, cell: (report) => paint(storageText(report), colours) },
  { title: 'COULD BE LOST', show: true, cell: ({ exposure }) => lossText(exposure) },
  { title: 'RPO', show: true, cell: ({ objective }) => paint(objectiveWord[objective.state], colours) },
  { title: 'ALERTS', show: true, cell: (report) => openAlerts(report, colours) },
  { title: 'NEWEST BACKUP', show: true, cell: (report) => newestText(report, now) },
  { title: 'LAST RUN', show: true, cell: ({ lastRun }) => (lastRun === undefined ? '-' : paint(lastRun.phase, colours)) },
  { title: 'RUNNING', show: true, cell: runningText },
  { title: 'NEXT', show: true, cell: (report) => nextText(report, now) },
  { title: 'RESTORABLE TO', show: wide, cell: ({ exposure }) => timeText(exposure.restorableTime) },
  { title: 'SIZE', show: wide, cell: ({ latestBackup }) => sizeText(latestBackup?.bytes) },
  { title: 'TIERS', show: wide, cell: ({ tiers }) => tiers.map(({ name, backups }) => `${name}: ${backups ?? unknown}`).join(', ') },
];

const objectiveWord: Record<PolicyReport['objective']['state'], string> = {
  Met: 'Met',
  Aging: 'Aging',
  Missed: 'Missed',
  NothingStored: 'Missed',
  Unknown: unknown,
};

const openAlerts = ({ alerts }: PolicyReport, { red }: Colours): string => {
  const open = alerts.filter(({ resolvedTime }) => resolvedTime === undefined);
  return open.length === 0 ? '-' : red(String(open.length));
};

const storageText = ({ conditions }: PolicyReport): string => {
  const storage = findCondition(conditions, 'StorageHealthy');
  if (storage === undefined) {
    return unknown;
  }
  return storage.status === 'True' ? 'True' : `${storage.status} (${storage.reason})`;
};

const newestText = ({ latestBackup, exposure }: PolicyReport, now: number): string =>
  latestBackup === undefined ? (exposure.state === 'NothingStored' ? 'none' : unknown) : distanceText(latestBackup.time, now);

// A restore comes first: it is what everybody waits for.
const runningText = ({ running, restoring }: PolicyReport): string =>
  [
    ...restoring.map(({ restore, stage, phase }) => `${restore} (${stage ?? phase})`),
    ...running.map(({ backup, phase, copies }) =>
      copies === undefined ? `${backup} (${phase})` : `${backup} (copy: ${copies[0]?.state})`,
    ),
  ].at(0) ?? '-';

// A Log is always soon: it is shown where nothing else comes.
const nextText = ({ next, suspended }: PolicyReport, now: number): string => {
  const first = next.find(({ type }) => type !== 'Log') ?? next[0];
  return suspended || first === undefined ? '-' : `${first.type} ${distanceText(first.time, now)}`;
};

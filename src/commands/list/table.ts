// Backups of the cluster in one table.
import type { Backup } from '../../api/objects.ts';
import { findCondition } from '../../core/plan/conditions.ts';
import { durationText, sizeText, timeText } from '../common/figures.ts';
import type { Colours } from '../common/io.ts';
import { paint } from '../common/paint.ts';
import { oneLine } from '../common/printable.ts';
import { renderTable } from '../common/table.ts';

export type BackupTableOptions = { now: number; wide: boolean; allNamespaces: boolean; colours: Colours };

type Column = { title: string; show: boolean; cell: (backup: Backup) => string };

const none = '-';

export const backupTable = (backups: Backup[], options: BackupTableOptions): string => {
  const columns = columnsFor(options).filter(({ show }) => show);
  const rows = backups.map((backup) => columns.map(({ cell }) => cell(backup)));
  return renderTable({ head: columns.map(({ title }) => title), rows }, options);
};

const columnsFor = ({ now, wide, allNamespaces, colours }: BackupTableOptions): Column[] => [
  { title: 'NAMESPACE', show: allNamespaces, cell: ({ metadata }) => metadata.namespace },
  { title: 'NAME', show: true, cell: ({ metadata }) => metadata.name },
  { title: 'POLICY', show: wide, cell: ({ spec }) => spec.policyRef.name },
  { title: 'ID', show: true, cell: ({ status }) => status?.backupId ?? none },
  { title: 'TYPE', show: true, cell: ({ spec }) => spec.type },
  { title: 'BUILDS ON', show: wide, cell: parentsCell },
  { title: 'PHASE', show: true, cell: (backup) => paint(phaseText(backup), colours) },
  { title: 'TIME', show: true, cell: ({ metadata, status }) => timeText(status?.startTime ?? metadata.creationTimestamp) },
  { title: 'SIZE', show: true, cell: ({ status }) => (status?.bytes === undefined ? none : sizeText(status.bytes)) },
  { title: 'DURATION', show: true, cell: (backup) => durationCell(backup, now) },
  { title: 'TIERS', show: true, cell: tiersCell },
  { title: 'RESTORABLE TO', show: true, cell: ({ status }) => (status?.restorableTo === undefined ? none : timeText(status.restorableTo)) },
  { title: 'COMPONENTS', show: wide, cell: componentsCell },
  { title: 'REASON', show: wide, cell: ({ status }) => findCondition(status?.conditions, 'Succeeded')?.reason ?? none },
  { title: 'MESSAGE', show: wide, cell: ({ status }) => oneLine(findCondition(status?.conditions, 'Succeeded')?.message ?? none) },
];

const phaseText = ({ metadata, status }: Backup): string =>
  metadata.deletionTimestamp === undefined ? (status?.phase ?? 'Pending') : 'Stopping';

// Of a run that goes on: how long it has taken so far.
const durationCell = ({ status }: Backup, now: number): string => {
  if (status?.startTime === undefined) {
    return none;
  }
  const end = status.endTime === undefined ? now : Date.parse(status.endTime);
  return durationText(Math.max(0, end - Date.parse(status.startTime)));
};

// The tiers that hold it, and how far the others are.
const tiersCell = ({ status }: Backup): string =>
  (status?.tiers ?? []).map(({ name, state }) => (state === 'Sealed' ? name : `${name} (${state})`)).join(', ') || none;

// Where a copy is whole although less was wanted, why.
const parentsCell = ({ status }: Backup): string =>
  [
    ...new Set(
      (status?.components ?? []).flatMap(({ parent, whole }) => parent ?? (whole === undefined ? [] : `nothing: ${whole.reason}`)),
    ),
  ].join(', ') || none;

const componentsCell = ({ status }: Backup): string =>
  (status?.components ?? []).map(({ name, outcome }) => (outcome === 'Succeeded' ? name : `${name} (${outcome})`)).join(', ') || none;

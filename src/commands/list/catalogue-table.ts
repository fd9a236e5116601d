// The backups of a repository in one table, and below it what is wrong with those that did not pass.
import { durationText, sizeText, timeText, unknown } from '../common/figures.ts';
import type { Colours } from '../common/io.ts';
import { paint } from '../common/paint.ts';
import { oneLine, printable } from '../common/printable.ts';
import { renderTable } from '../common/table.ts';
import type { CatalogueEntry } from './catalogue.ts';

export type CatalogueTableOptions = { wide: boolean; colours: Colours };

export const catalogueTable = (backups: CatalogueEntry[], { wide, colours }: CatalogueTableOptions): string => {
  const table = renderTable(
    {
      head: ['ID', 'VERDICT', 'TYPE', 'TIME', 'SIZE', 'DURATION', 'COMPONENTS', 'RESTORABLE TO', ...(wide ? ['BUILDS ON', 'REASON'] : [])],
      rows: backups.map((backup) => [
        oneLine(backup.id),
        paint(backup.verdict, colours),
        backup.type ?? unknown,
        timeText(backup.slot),
        sizeText(backup.bytes),
        backup.seconds === undefined ? unknown : durationText(backup.seconds * 1000),
        componentsText(backup),
        timeText(backup.restorableTo),
        ...(wide ? [parentsText(backup), backup.code ?? '-'] : []),
      ]),
    },
    { colours },
  );
  const wrong = backups
    .filter(({ verdict }) => verdict !== 'Passed')
    .map(({ id, verdict, code, message }) => oneLine(`${id}: ${verdict}${code === undefined ? '' : ` (${code})`}: ${message ?? ''}`));
  return wrong.length === 0 ? table : `${table}\n${wrong.join('\n')}\n`;
};

const parentsText = ({ components = [] }: CatalogueEntry): string =>
  printable([...new Set(components.flatMap(({ parent }) => parent ?? []))].join(', ') || '-');

const componentsText = ({ components, failed = [] }: CatalogueEntry): string =>
  components === undefined
    ? unknown
    : printable([...components.map(({ name }) => name), ...failed.map((name) => `${name} (Failed)`)].join(', '));

// Tables without lines, as kubectl prints them.
import { stripVTControlCharacters } from 'node:util';
import CliTable from 'cli-table3';
import type { Colours } from './io.ts';

export type Table = { head: string[]; rows: string[][] };

export type TableOptions = {
  colours: Colours;
  // Columns of the terminal. The last column of the table is wrapped to them; without a terminal nothing is wrapped or cut.
  columns?: number | undefined;
  indent?: string;
};

const gap = 3;
const leastWrapped = 24;
const nothing = '';
const noLines = {
  top: nothing,
  'top-mid': nothing,
  'top-left': nothing,
  'top-right': nothing,
  bottom: nothing,
  'bottom-mid': nothing,
  'bottom-left': nothing,
  'bottom-right': nothing,
  left: nothing,
  'left-mid': nothing,
  mid: nothing,
  'mid-mid': nothing,
  right: nothing,
  'right-mid': nothing,
  middle: nothing,
};

const width = (cell: string): number => stripVTControlCharacters(cell).length;

export const renderTable = ({ head, rows }: Table, { colours, columns, indent = '' }: TableOptions): string => {
  const widths = head.map((title, at) => Math.max(width(title), ...rows.map((row) => width(row[at] ?? ''))));
  const before = widths.slice(0, -1).reduce((sum, each) => sum + each + gap, indent.length);
  const left = columns === undefined ? undefined : columns - before;
  const wraps = left !== undefined && left >= leastWrapped && (widths.at(-1) ?? 0) > left;
  const table = new CliTable({
    head: head.map((title) => colours.bold(title)),
    chars: noLines,
    style: { 'padding-left': 0, 'padding-right': gap, head: [], border: [], compact: true },
    colWidths: [...widths.slice(0, -1).map((each) => each + gap), (wraps ? left : (widths.at(-1) ?? 0)) + gap],
    wordWrap: wraps,
  });
  table.push(...rows);
  return table
    .toString()
    .split('\n')
    .map((line) => `${indent}${line.trimEnd()}\n`)
    .join('');
};

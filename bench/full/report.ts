// The tables for people.
import type { Goal } from '../common/goals.ts';
import { goalTable, sections } from '../common/report.ts';
import type { Summary } from '../common/summary.ts';
import { table } from '../common/table.ts';

const titles: Record<string, string> = { mixed: 'with 500 MB of random bytes', compressible: 'all compressible' };

const readBacks = (summaries: Summary[]): string => {
  const rows = summaries
    .filter(({ name }) => name === 'holdfast')
    .map(({ set, target, extra }) => {
      const figure = (name: string): number => extra[name] ?? Number.NaN;
      return [
        `${titles[set]}, ${target}`,
        figure('readBackSeconds').toFixed(2),
        figure('stockReadBackSeconds').toFixed(2),
        (figure('readBackSeconds') / figure('stockReadBackSeconds')).toFixed(2),
        figure('readBackCpuSeconds').toFixed(2),
        figure('stockReadBackCpuSeconds').toFixed(2),
        figure('dumpPeakRssMiB').toFixed(0),
        figure('beforeFirstByteSeconds').toFixed(2),
        figure('totalSeconds').toFixed(2),
      ];
    });
  const columns = [
    '',
    'wall s',
    'age|zstd|sha256sum s',
    '÷',
    'CPU s',
    'its CPU s',
    'peak while dumping MiB',
    'before the dump s',
    'whole run s',
  ];
  return `\nour read-back, and the rest of the run\n${table(columns, rows)}`;
};

export const forPeople = (summaries: Summary[], goals: Goal[]): string =>
  [...sections(summaries, titles), readBacks(summaries), goalTable(goals)].join('\n');

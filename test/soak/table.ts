// Tables of the page, for cells of Backups and of Restores alike.
import type { Verdict } from './cell.ts';

export type Named = { name: string; title: string };
export type ShownCell = {
  fault: string;
  phase: string;
  verdict: Verdict;
  expected: string[];
  ended?: string;
  seconds?: number;
  next?: string;
  remarks?: string[];
};

export const signs = { passed: '✓', failed: '✗', 'cannot be': '–', 'not run': '·' } as const;

export const row = (cells: string[]): string => `| ${cells.join(' | ')} |`;
export const rule = (columns: number): string => row(Array.from({ length: columns }, () => '---'));

const find = <C extends ShownCell>(cells: C[], fault: string, phase: string): C | undefined =>
  cells.find((cell) => cell.fault === fault && cell.phase === phase);

const short = ({ verdict, seconds }: ShownCell): string => `${signs[verdict]}${seconds === undefined ? '' : ` ${seconds} s`}`;

// How many of each, in one sentence.
export const counts = (cells: ShownCell[]): string => {
  const count = (verdict: Verdict): number => cells.filter((cell) => cell.verdict === verdict).length;
  return `**${count('passed')} passed, ${count('failed')} failed, ${count('cannot be')} cannot be (–), ${count('not run')} not run (·).**`;
};

// Faults by phases.
export const overview = (cells: ShownCell[], faults: Named[], phases: Named[]): string[] => [
  row(['fault', ...phases.map(({ name }) => name)]),
  rule(phases.length + 1),
  ...faults.map(({ name, title }) =>
    row([
      title,
      ...phases.map((phase) => {
        const cell = find(cells, name, phase.name);
        return cell === undefined ? signs['not run'] : short(cell);
      }),
    ]),
  ),
];

// What each cell says, one table for each fault. `more`: columns before the remarks.
export const details = <C extends ShownCell>(
  cells: C[],
  faults: Named[],
  phases: Named[],
  more: { title: string; of: (cell: C) => string }[] = [],
): string[] =>
  faults.flatMap(({ name, title }) => [
    '',
    `### ${title}`,
    '',
    `\`FAULT=${name} PHASE=${phases.map((phase) => phase.name).join(',')} make soak\``,
    '',
    row(['phase', '', 'may end', 'ended', 's', ...more.map((each) => each.title), 'the next run', 'remarks']),
    rule(7 + more.length),
    ...phases.flatMap((phase) => {
      const cell = find(cells, name, phase.name);
      return cell === undefined
        ? []
        : [
            row([
              phase.name,
              signs[cell.verdict],
              cell.expected.join(' or '),
              cell.ended ?? '',
              String(cell.seconds ?? ''),
              ...more.map(({ of }) => of(cell)),
              cell.next ?? '',
              (cell.remarks ?? []).join('; ').replaceAll('|', '/').replaceAll('\n', ' '),
            ]),
          ];
    }),
  ]);

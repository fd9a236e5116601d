// The page that shows the matrix to people.
import type { Cell } from './cell.ts';
import { boundSeconds } from './ends.ts';
import { faults } from './faults/all.ts';
import { deadlines } from './manifests.ts';
import { phases } from './phases.ts';

const signs = { passed: '✓', failed: '✗', 'cannot be': '–', 'not run': '·' } as const;

const short = ({ verdict, seconds }: Cell): string => `${signs[verdict]}${seconds === undefined ? '' : ` ${seconds} s`}`;

const row = (cells: string[]): string => `| ${cells.join(' | ')} |`;

const find = (cells: Cell[], fault: string, phase: string): Cell | undefined =>
  cells.find((cell) => cell.fault === fault && cell.phase === phase);

const overview = (cells: Cell[]): string[] => [
  row(['fault', ...phases.map(({ name }) => name)]),
  row(['---', ...phases.map(() => '---')]),
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

const detail = (cells: Cell[]): string[] =>
  faults.flatMap(({ name, title }) => [
    '',
    `### ${title}`,
    '',
    `\`FAULT=${name} make soak\``,
    '',
    row(['phase', '', 'may end', 'ended', 's', 'the next run', 'remarks']),
    row(['---', '---', '---', '---', '---', '---', '---']),
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
              cell.next ?? '',
              (cell.remarks ?? []).join('; ').replaceAll('|', '/').replaceAll('\n', ' '),
            ]),
          ];
    }),
  ]);

const count = (cells: Cell[], verdict: Cell['verdict']): number => cells.filter((cell) => cell.verdict === verdict).length;

// All of docs/fault-matrix.md.
export const page = (cells: Cell[]): string =>
  [
    '<!-- Written by test/soak/run.ts. Do not edit. -->',
    '# Fault matrix',
    '',
    'Every fault meets a Backup in every phase, on a real cluster: Kubernetes on one node, PostgreSQL 17, an S3 server (versitygw) behind a proxy that can hold a',
    'request, so that each run is met exactly in its phase. Nothing is simulated but the weather between agents and S3. Run it again with `make soak`, or a part of it with',
    '`FAULT=store-503 PHASE=base,seal make soak`.',
    '',
    'A cell passes (✓) when all of this holds:',
    '',
    '- the run ends as it must, within the deadlines of the phase and 60 s;',
    '- its slot has at most one manifest, and one that is Complete has exactly one;',
    '- a further run succeeds once the fault is gone;',
    '- no Job or pod runs on or has lost its owner, no finalizer and no Secret is left, no object lies outside of the layout, and every upload or attempt that',
    '  no manifest names lies where prune lists it.',
    '',
    `**${count(cells, 'passed')} passed, ${count(cells, 'failed')} failed, ${count(cells, 'cannot be')} cannot be (–), ${count(cells, 'not run')} not run (·).** The seconds are from the fault to the end of the run.`,
    '',
    ...overview(cells),
    '',
    '## Phases',
    '',
    row(['phase', 'what happens then', 'seconds it may take']),
    row(['---', '---', '---']),
    ...phases.map((phase) => row([phase.name, phase.title, String(boundSeconds(phase))])),
    '',
    `The policies have short deadlines: ${Object.entries(deadlines)
      .map(([name, seconds]) => `${name} ${seconds} s`)
      .join(', ')}.`,
    '',
    '## Cells',
    ...detail(cells),
    '',
  ].join('\n');

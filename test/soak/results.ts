// The cells that were run last, kept beside the page that is made of them.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../cluster/kubectl.ts';
import { unrun } from './cell.ts';
import type { Cell } from './cell.ts';
import { faults } from './faults/all.ts';
import { phases } from './phases.ts';

export const resultsFile = join(root, 'test/soak/results.json');

const keyOf = ({ fault, phase }: Pick<Cell, 'fault' | 'phase'>): string => `${fault}/${phase}`;

const kept = (): Cell[] => {
  try {
    return (JSON.parse(readFileSync(resultsFile, 'utf8')) as { cells: Cell[] }).cells;
  } catch {
    return [];
  }
};

// Every cell of the matrix: as it was run now, else as it was run before, else not at all.
export const mergeResults = (now: Cell[]): Cell[] => {
  const found = new Map([...kept(), ...now].map((cell) => [keyOf(cell), cell]));
  return faults.flatMap((fault) =>
    phases.map((phase) => {
      const blank = unrun(fault, phase);
      return blank.verdict === 'cannot be' ? blank : (found.get(keyOf(blank)) ?? blank);
    }),
  );
};

export const writeResults = (cells: Cell[]): void => writeFileSync(resultsFile, `${JSON.stringify({ cells }, undefined, 2)}\n`);

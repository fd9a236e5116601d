// The cells that were run last, kept beside the page that is made of them.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../cluster/kubectl.ts';
import { unrun } from './cell.ts';
import type { Cell, Verdict } from './cell.ts';
import { faults } from './faults/all.ts';
import { phases } from './phases.ts';
import { unrun as unrunRestore } from './restore/cell.ts';
import type { RestoreCell } from './restore/cell.ts';
import { restoreFaults } from './restore/faults.ts';
import { restorePhases } from './restore/phases.ts';

export const resultsFile = join(root, 'test/soak/results.json');

// Cells of Backups, and of Restores in place.
export type Results = { cells: Cell[]; restores: RestoreCell[] };

const keyOf = ({ fault, phase }: { fault: string; phase: string }): string => `${fault}/${phase}`;

const kept = (): Results => {
  try {
    return { cells: [], restores: [], ...(JSON.parse(readFileSync(resultsFile, 'utf8')) as Partial<Results>) };
  } catch {
    return { cells: [], restores: [] };
  }
};

type AnyCell = { fault: string; phase: string; verdict: Verdict };

// Every cell of a matrix: as it was run now, else as it was run before, else not at all.
const merge = <C extends AnyCell>(blanks: C[], ran: C[]): C[] => {
  const found = new Map(ran.map((cell) => [keyOf(cell), cell]));
  return blanks.map((blank) => (blank.verdict === 'cannot be' ? blank : (found.get(keyOf(blank)) ?? blank)));
};

export const mergeResults = (now: Results): Results => {
  const before = kept();
  return {
    cells: merge(
      faults.flatMap((fault) => phases.map((phase) => unrun(fault, phase))),
      [...before.cells, ...now.cells],
    ),
    restores: merge(
      restoreFaults.flatMap((fault) => restorePhases.map((phase) => unrunRestore(fault, phase))),
      [...before.restores, ...now.restores],
    ),
  };
};

export const writeResults = (results: Results): void => writeFileSync(resultsFile, `${JSON.stringify(results, undefined, 2)}\n`);

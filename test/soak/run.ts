// The fault matrix: every fault in every phase of a Backup and of a Restore in place, on the real cluster. Writes docs/fault-matrix.md.
// usage: node test/soak/run.ts        FAULT=store-503,pod-deleted PHASE=base,seal,fetch run a part; LANES=1: Restores one after the other
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../cluster/kubectl.ts';
import { runBackups } from './backups.ts';
import type { Cell } from './cell.ts';
import { faults } from './faults/all.ts';
import { page } from './page.ts';
import { phases } from './phases.ts';
import type { RestoreCell } from './restore/cell.ts';
import { restoreFaults } from './restore/faults.ts';
import { restorePhases } from './restore/phases.ts';
import { runRestores } from './restore/run.ts';
import { mergeResults, writeResults } from './results.ts';

type Named = { name: string };

// Names of the two matrices may be mixed. A name that neither has is an error.
const chosen = <A extends Named, B extends Named>(variable: string, ofBackups: A[], ofRestores: B[]): [A[], B[]] => {
  const text = process.env[variable] ?? '';
  const names = text === '' ? undefined : text.split(',');
  const known = new Set([...ofBackups, ...ofRestores].map(({ name }) => name));
  const unknown = names?.find((name) => !known.has(name));
  if (unknown !== undefined) {
    throw new Error(`${variable}: there is no "${unknown}". There are ${[...known].join(', ')}.`);
  }
  const pick = <T extends Named>(all: T[]): T[] => all.filter(({ name }) => names?.includes(name) ?? true);
  return [pick(ofBackups), pick(ofRestores)];
};

const startedAt = Date.now();
const say = (line: string): void => console.log(`${String(Math.round((Date.now() - startedAt) / 1000)).padStart(4)}s  ${line}`);

const ran: { cells: Cell[]; restores: RestoreCell[] } = { cells: [], restores: [] };
const note = ({ verdict, fault, phase, ended, seconds, remarks = [] }: Cell | RestoreCell): void => {
  say(`${verdict} ${fault} in ${phase}: ${ended ?? '-'} ${seconds ?? '-'} s ${remarks.join('; ')}`);
  const results = mergeResults(ran);
  writeResults(results);
  writeFileSync(join(root, 'docs/fault-matrix.md'), page(results));
};

const [backupFaults, faultsOfRestores] = chosen('FAULT', faults, restoreFaults);
const [backupPhases, phasesOfRestores] = chosen('PHASE', phases, restorePhases);

await runBackups({ faults: backupFaults, phases: backupPhases, say, onCell: (cell) => (ran.cells.push(cell), note(cell)) });
const lanes = Number(process.env['LANES'] ?? 2);
await runRestores({
  faults: faultsOfRestores,
  phases: phasesOfRestores,
  lanes,
  say,
  onCell: (cell) => (ran.restores.push(cell), note(cell)),
});

const count = (verdict: string): number => [...ran.cells, ...ran.restores].filter((cell) => cell.verdict === verdict).length;
console.log(`${count('passed')} passed, ${count('failed')} failed`);
process.exitCode = count('failed') === 0 ? 0 : 1;

// The kill matrix: every fault in every phase of a Backup, on the real cluster. Writes docs/fault-matrix.md.
// usage: node test/soak/run.ts        FAULT=store-503,pod-deleted PHASE=base,seal run a part
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../cluster/kubectl.ts';
import { unrun } from './cell.ts';
import type { Cell } from './cell.ts';
import { tryFault } from './drive.ts';
import { faultNamed, faults } from './faults/all.ts';
import type { Fault } from './faults/fault.ts';
import { page } from './page.ts';
import { phaseNamed, phases } from './phases.ts';
import { mergeResults, writeResults } from './results.ts';
import { openScene } from './scene.ts';
import type { Scene } from './scene.ts';

const chosen = <T>(names: string | undefined, all: T[], find: (name: string) => T): T[] =>
  names === undefined || names === '' ? all : names.split(',').map(find);

const startedAt = Date.now();
const say = (line: string): void => console.log(`${String(Math.round((Date.now() - startedAt) / 1000)).padStart(4)}s  ${line}`);

const wantedPhases = chosen(process.env['PHASE'], phases, phaseNamed);

let scene: Scene | undefined;

// A fault that could not even be tried fails its cells, and not those of others: they get a new scene.
const tryOne = async (fault: Fault): Promise<Cell[]> => {
  try {
    if (scene !== undefined && scene.parts.kind !== (fault.scene ?? 'bucket')) {
      await scene.close();
      scene = undefined;
    }
    scene ??= await openScene(wantedPhases, fault.scene);
    return await tryFault(scene, fault, wantedPhases, say);
  } catch (error) {
    say(`FAILED ${fault.name}: ${String(error)}`);
    await scene?.close();
    scene = undefined;
    const remark = `could not be tried: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`;
    return wantedPhases
      .map((phase) => unrun(fault, phase))
      .map((cell) => (cell.verdict === 'cannot be' ? cell : { ...cell, verdict: 'failed', remarks: [remark] }));
  }
};

const ran: Cell[] = [];
for (const fault of chosen(process.env['FAULT'], faults, faultNamed)) {
  const cells = await tryOne(fault);
  ran.push(...cells);
  cells.forEach(({ phase, verdict, ended, seconds, remarks = [] }) =>
    say(`${verdict} ${fault.name} in ${phase}: ${ended ?? '-'} ${seconds ?? '-'} s ${remarks.join('; ')}`),
  );
  const all = mergeResults(ran);
  writeResults(all);
  writeFileSync(join(root, 'docs/fault-matrix.md'), page(all));
}
say(`the namespace was gone in ${(await scene?.close()) ?? 0} s`);
const count = (verdict: string): number => ran.filter((cell) => cell.verdict === verdict).length;
console.log(`${count('passed')} passed, ${count('failed')} failed`);
process.exitCode = count('failed') === 0 ? 0 : 1;

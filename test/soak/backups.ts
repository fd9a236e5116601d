// The matrix of Backups: each fault, on runs in all phases at once.
import { unrun } from './cell.ts';
import type { Cell } from './cell.ts';
import { tryFault } from './drive.ts';
import type { Fault } from './faults/fault.ts';
import type { Phase } from './phases.ts';
import { openScene } from './scene.ts';
import type { Scene } from './scene.ts';

type Say = (line: string) => void;
type Parts = { faults: Fault[]; phases: Phase[]; say: Say; onCell: (cell: Cell) => void };

export const runBackups = async ({ faults, phases, say, onCell }: Parts): Promise<void> => {
  let scene: Scene | undefined;
  // A fault that could not even be tried fails its cells, and not those of others: they get a new scene.
  const tryOne = async (fault: Fault): Promise<Cell[]> => {
    try {
      if (scene !== undefined && scene.parts.kind !== (fault.scene ?? 'bucket')) {
        await scene.close();
        scene = undefined;
      }
      scene ??= await openScene(phases, fault.scene);
      return await tryFault(scene, fault, phases, say);
    } catch (error) {
      say(`FAILED ${fault.name}: ${String(error)}`);
      await scene?.close();
      scene = undefined;
      const remark = `could not be tried: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`;
      return phases
        .map((phase) => unrun(fault, phase))
        .map((cell) => (cell.verdict === 'cannot be' ? cell : { ...cell, verdict: 'failed', remarks: [remark] }));
    }
  };
  for (const fault of phases.length === 0 ? [] : faults) {
    const cells = await tryOne(fault);
    cells.forEach(onCell);
  }
  if (scene !== undefined) {
    say(`the namespace was gone in ${await scene.close()} s`);
  }
};

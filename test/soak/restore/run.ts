// The matrix of Restores: each fault in each phase, one after the other. A scene that no longer can be restored is not used again.
import type { RestoreCell } from './cell.ts';
import { unrun } from './cell.ts';
import { tryRestoreFault } from './drive.ts';
import type { RestoreFault } from './faults.ts';
import type { RestorePhase } from './phases.ts';
import { openRestoreScene } from './scene.ts';
import type { RestoreFaultScene } from './scene.ts';

type Say = (line: string) => void;
type Parts = { faults: RestoreFault[]; phases: RestorePhase[]; say: Say; onCell: (cell: RestoreCell) => void };

export const runRestores = async ({ faults, phases, say, onCell }: Parts): Promise<void> => {
  let scene: RestoreFaultScene | undefined;
  const tryOne = async (fault: RestoreFault, phase: RestorePhase): Promise<RestoreCell> => {
    try {
      scene ??= await openRestoreScene(say);
      return await tryRestoreFault(scene, fault, phase, (line) => say(`${fault.name} in ${phase.name}: ${line}`));
    } catch (error) {
      const [remark = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
      return { ...unrun(fault, phase), verdict: 'failed', remarks: [`could not be tried: ${remark}`] };
    }
  };
  try {
    for (const fault of faults) {
      for (const phase of phases.filter(({ name }) => fault.cannotBe?.[name] === undefined)) {
        const cell = await tryOne(fault, phase);
        onCell(cell);
        if (cell.next !== 'Complete') {
          await scene?.close();
          scene = undefined;
        }
      }
    }
  } finally {
    await scene?.close();
  }
};

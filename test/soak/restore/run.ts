// The matrix of Restores: each fault in each phase. Several scenes work side by side, for a Restore mostly waits; what disturbs the whole cluster comes last and alone.
import type { RestoreCell } from './cell.ts';
import { unrun } from './cell.ts';
import { tryRestoreFault } from './drive.ts';
import type { RestoreFault } from './faults.ts';
import type { RestorePhase } from './phases.ts';
import { openRestoreScene } from './scene.ts';
import type { RestoreFaultScene } from './scene.ts';

type Say = (line: string) => void;
type Parts = { faults: RestoreFault[]; phases: RestorePhase[]; lanes: number; say: Say; onCell: (cell: RestoreCell) => void };
type Turn = { fault: RestoreFault; phase: RestorePhase };

export const runRestores = async ({ faults, phases, lanes, say, onCell }: Parts): Promise<void> => {
  const turns = faults.flatMap((fault) =>
    phases.filter(({ name }) => fault.cannotBe?.[name] === undefined).map((phase) => ({ fault, phase })),
  );
  const own = turns.filter(({ fault }) => fault.isOfCluster !== true);
  const ofCluster = turns.filter(({ fault }) => fault.isOfCluster === true);
  const numbers = Array.from({ length: Math.min(lanes, own.length) }, (_, index) => index + 1);
  await Promise.all(numbers.map((lane) => runLane({ lane, turns: own, say, onCell })));
  await runLane({ lane: 1, turns: ofCluster, say, onCell });
};

// Takes turns until none is left. A scene that no longer can be restored is not used again.
const runLane = async ({ lane, turns, say, onCell }: { lane: number; turns: Turn[] } & Pick<Parts, 'say' | 'onCell'>): Promise<void> => {
  let scene: RestoreFaultScene | undefined;
  const tryOne = async ({ fault, phase }: Turn): Promise<RestoreCell> => {
    const tell = (line: string): void => say(`${lane}: ${fault.name} in ${phase.name}: ${line}`);
    try {
      scene ??= await openRestoreScene(lane, tell);
      return await tryRestoreFault(scene, fault, phase, tell);
    } catch (error) {
      const [remark = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
      return { ...unrun(fault, phase), verdict: 'failed', remarks: [`could not be tried: ${remark}`] };
    }
  };
  try {
    for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) {
      const cell = await tryOne(turn);
      onCell(cell);
      if (cell.next !== 'Complete') {
        await scene?.close();
        scene = undefined;
      }
    }
  } finally {
    await scene?.close();
  }
};

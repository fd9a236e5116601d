// The part of the page that is about Restores.
import { counts, details, overview, row, rule } from '../table.ts';
import { boundSeconds } from './cell.ts';
import type { RestoreCell } from './cell.ts';
import { restoreFaults } from './faults.ts';
import { restorePhases } from './phases.ts';

export const restorePart = (cells: RestoreCell[]): string[] => [
  '## Restores in place',
  '',
  'A small server (a StatefulSet with its claim) is restored to a point in time while an application beside it (a Deployment) is stopped for it. Before each cell its tables are',
  'changed, so that the state that is replaced is another one each time. A request at the store, the agent or the operator is held until the fault is there. The operator is a',
  'process of its own.',
  '',
  'A cell passes (✓) when all of this holds:',
  '',
  `- it ends as it must, within ${boundSeconds} s: Complete with exactly the rows of that point in time, or Failed with exactly the old state (rows and checksums of all tables),`,
  '  and its status says why;',
  '- the workloads have their replicas again, and the server answers;',
  '- no Job or pod runs on, no claim and no Secret is left, on the volume lies no folder but the one that `status.undo` speaks of, and the Restore goes when it is deleted;',
  '- a further Restore succeeds once the fault is gone.',
  '',
  `${counts(cells)} The seconds are from the fault to the end of the Restore.`,
  '',
  ...overview(cells, restoreFaults, restorePhases),
  '',
  row(['phase', 'what happens then']),
  rule(2),
  ...restorePhases.map(({ name, title }) => row([name, title])),
  '',
  '## Cells of Restores',
  ...details(cells, restoreFaults, restorePhases, [
    { title: 'the tables hold', of: ({ data }) => (data === undefined ? '' : `the ${data} state`) },
  ]),
];

// The page that shows both matrices to people.
import { boundSeconds } from './ends.ts';
import { faults } from './faults/all.ts';
import { deadlines } from './manifests.ts';
import { phases } from './phases.ts';
import { restorePart } from './restore/page.ts';
import type { Results } from './results.ts';
import { counts, details, overview, row, rule } from './table.ts';

// All of docs/fault-matrix.md.
export const page = ({ cells, restores }: Results): string =>
  [
    '<!-- Written by test/soak/run.ts. Do not edit. -->',
    '# Fault matrix',
    '',
    'Every fault meets a Backup, and a [Restore in place](#restores-in-place), in every phase, on a real cluster: Kubernetes on one node, PostgreSQL 17, an S3 server',
    '(versitygw) behind a proxy that can hold a request, so that each run is met exactly in its phase. Nothing is simulated but the weather between agents and S3. Run it',
    'again with `make soak`, or a part of it with `FAULT=store-503 PHASE=base,seal make soak`. The names of the phases say which of the two it is about.',
    '',
    '## Backups',
    '',
    'A cell passes (✓) when all of this holds:',
    '',
    '- the run ends as it must, within the deadlines of the phase and 60 s;',
    '- its slot has at most one manifest, and one that is Complete has exactly one;',
    '- a further run succeeds once the fault is gone;',
    '- no Job or pod runs on or has lost its owner, no finalizer and no Secret is left, no object lies outside of the layout, and every upload or attempt that',
    '  no manifest names lies where prune lists it.',
    '',
    `${counts(cells)} The seconds are from the fault to the end of the run.`,
    '',
    ...overview(cells, faults, phases),
    '',
    row(['phase', 'what happens then', 'seconds it may take']),
    rule(3),
    ...phases.map((phase) => row([phase.name, phase.title, String(boundSeconds(phase))])),
    '',
    `The policies have short deadlines: ${Object.entries(deadlines)
      .map(([name, seconds]) => `${name} ${seconds} s`)
      .join(', ')}.`,
    '',
    ...restorePart(restores),
    '',
    '## Cells of Backups',
    ...details(cells, faults, phases),
    '',
  ].join('\n');
